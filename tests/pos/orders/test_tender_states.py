"""What a card's answer changes: a tender that waits for it, and no other."""

import pytest

from events.testing.work import published, settle
from notifications.models import Message
from pos.models import Tender
from pos.orders.services.paying import add_tenders, settle_card_tender
from pos.orders.tenders import fail_card_tender
from tenants.models import Tenant
from tests.support import make
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened


@pytest.fixture(autouse=True)
def _catalogue(shop: Tenant) -> None:
    make.variant("MUG", 1000)
    make.shift()


def test_a_card_that_was_declined_does_not_settle_later() -> None:
    order = make.order(make.card(1000))
    tender = order.tenders.get()
    fail_card_tender(tender_id=tender.id, order_id=order.id, reason="declined")

    with nothing_happened():
        settle_card_tender(tender_id=tender.id, order_id=order.id, reference="ch_1", now=make.NOW)


def test_a_card_that_was_charged_does_not_fail_later() -> None:
    order = make.order(make.card(600))
    tender = order.tenders.get()
    settle_card_tender(tender_id=tender.id, order_id=order.id, reference="ch_1", now=make.NOW)

    with nothing_happened():
        fail_card_tender(tender_id=tender.id, order_id=order.id, reason="declined")
        settle_card_tender(tender_id=tender.id, order_id=order.id, reference="ch_2", now=make.NOW)


def test_a_completed_order_announces_and_prints_what_has_settled_and_nothing_else() -> None:
    order = make.order(make.card(1000, "tok_decline"), email="ada@example.com")
    declined = order.tenders.get()
    settle()

    add_tenders(order_id=order.id, register=make.register(), tenders=[make.cash(1200)], now=make.NOW)

    (completed,), receipt = published("pos.order_completed"), Message.objects.get()
    cash = Tender.objects.get(order=order, type__code="cash")
    assert [(each["tender_id"], each["amount"], each["change"]) for each in completed.data["tenders"]] == [
        (str(cash.id), 1200, 200)
    ]
    assert completed.data["abandoned_charges"] == [str(declined.id)]
    assert "gateway" not in receipt.body.lower()


def test_an_order_s_events_name_the_terminal_that_rang_it_up(api: Terminal) -> None:
    api.post("/orders", make.order_body())

    (completed,) = published("pos.order_completed")
    assert completed.actor.startswith("device:")
