"""Money that was taken for an order is accepted without an open shift, with an exception."""

from typing import Any

import pytest

from events.testing.work import settle
from pos.models import ExceptionCase, Order, Tender
from tests.support import make
from tests.support.day import closed, opened
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened

CASH = [{"type": "cash", "amount": {"amount": 500}}]


@pytest.fixture
def till(api: Terminal) -> Terminal:
    make.variant("MUG", 1000)
    return api


def pay(till: Terminal, order: dict[str, Any], **more: Any) -> Any:
    return till.post(f"/orders/{order['id']}/tenders", {"tenders": CASH, **more})


def test_they_are_of_the_shift_that_was_closed(till: Terminal) -> None:
    shift = opened(till)
    order = till.post("/orders", make.order_body(tenders=[])).json()
    closed(till, shift, 10000)

    first, second = pay(till, order), pay(till, order)
    settle()

    assert [first.status_code, second.status_code] == [201, 201], second.content
    assert second.json()["status"] == "COMPLETED"
    assert {str(tender.shift_id) for tender in Tender.objects.all()} == {str(Order.objects.get().shift_id)}
    assert ExceptionCase.objects.filter(kind="late-order", command_id=order["id"]).count() == 1


def test_cards_that_are_not_charged_need_an_open_shift(till: Terminal) -> None:
    shift = opened(till)
    order = till.post("/orders", make.order_body(tenders=[])).json()
    closed(till, shift, 10000)
    card = [{"type": "gateway", "amount": {"amount": 1000}, "card_token": "tok"}]

    with nothing_happened():
        refused = pay(till, order, tenders=card)

    assert (refused.status_code, refused.json()["code"]) == (409, "shift-not-open")
