"""What accepted requests come to fits where it is kept: a document in all, and the stock after many of them."""

from decimal import Decimal
from typing import Any

import pytest

from events.models import ParkedEvent
from events.testing.work import settle
from inventory.models import StockItem
from kernel.ids import new_id
from kernel.limits import LARGEST_AMOUNT, LARGEST_QUANTITY, MOST_GOODS, MOST_LINES
from payments.models import Payment, PaymentRefund
from pos.models import Location, Order, Return, ShelfLevel
from tests.support import make
from tests.support.make import order_body
from tests.support.terminal import Terminal

OLD_STOCK = Decimal("-99999999999.999")
MOST = int(MOST_GOODS / LARGEST_QUANTITY)


@pytest.fixture
def free(api: Terminal) -> str:
    """A variant that costs nothing, so that its quantity is all that there is too much of."""
    make.shift()
    variant = make.variant("FREE", 0)
    settle()
    return str(variant.id)


def lines(number: int, **more: Any) -> list[dict[str, Any]]:
    return [{"quantity": f"{LARGEST_QUANTITY:f}", **more}] * number


def returned(lines: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"id": str(new_id()), "occurred_at": "2026-11-23T12:00:00Z", "lines": lines, **more}


def test_in03_the_largest_order_is_sold_and_returned_however_much_was_before(api: Terminal, free: str) -> None:
    StockItem.objects.create(variant_id=free, location_id=make.register().location_id, on_hand=OLD_STOCK)

    order = api.post("/orders", order_body(lines=lines(MOST, sku="FREE"), tenders=[]))
    settle()

    assert (order.status_code, order.json()["status"]) == (201, "COMPLETED")
    assert ParkedEvent.objects.count() == 0
    assert StockItem.objects.get().on_hand == ShelfLevel.objects.get().on_hand == OLD_STOCK - MOST_GOODS
    [shown] = api.get("/stock").json()["results"]
    assert Decimal(shown["on_hand"]) == OLD_STOCK - MOST_GOODS
    back = [{"order_line_id": line["id"], "quantity": line["quantity"]} for line in order.json()["lines"]]
    assert api.post("/returns", returned(back, order_id=order.json()["id"])).status_code == 201
    settle()
    assert ParkedEvent.objects.count() == 0
    assert StockItem.objects.get().on_hand == OLD_STOCK


@pytest.mark.parametrize("number", [MOST + 1, MOST_LINES])
def test_in03_more_goods_than_a_document_may_come_to_are_refused_at_the_entrance(
    api: Terminal, free: str, number: int
) -> None:
    sold, goods = lines(number, sku="FREE"), lines(number, variant_id=free)
    half = [{**line, "quantity": f"{sign}{line['quantity']}", "reason": "x"} for line in goods for sign in ("", "-")]

    answers = [
        api.post("/orders", order_body(lines=sold, tenders=[])),
        api.post("/returns", returned([{**line, "unit_price": {"amount": 0}} for line in sold])),
        api.post("/goods-receipts", {"id": str(new_id()), "lines": goods}),
        api.post("/stock-adjustments", {"id": str(new_id()), "lines": half[:number]}),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "number-too-large")] * 4
    assert {answer.json()["errors"][0]["pointer"] for answer in answers} == {"/lines"}
    assert Order.objects.count() == Return.objects.count() == StockItem.objects.count() == 0


def test_in03_the_largest_amount_is_sold_paid_and_refunded(api: Terminal, free: str) -> None:
    Location.objects.update(unlinked_return_limit=LARGEST_AMOUNT)
    priced = [{"sku": "FREE", "quantity": "1", "unit_price": {"amount": LARGEST_AMOUNT // 2}}] * 2
    tenders = [{"type": "cash", "amount": {"amount": LARGEST_AMOUNT}}]

    order = api.post("/orders", order_body(lines=priced, tenders=tenders))
    back = [{"order_line_id": line["id"], "quantity": "1"} for line in order.json()["lines"]]
    linked = api.post("/returns", returned(back, order_id=order.json()["id"]))
    unlinked = api.post("/returns", returned(priced))
    settle()

    assert [order.json()["status"], linked.status_code, unlinked.status_code] == ["COMPLETED", 201, 201]
    assert ParkedEvent.objects.count() == 0
    assert Payment.objects.get().refunded == LARGEST_AMOUNT
    assert set(PaymentRefund.objects.values_list("amount", flat=True)) == {LARGEST_AMOUNT}


@pytest.mark.parametrize(("quantity", "amount"), [("1", LARGEST_AMOUNT), ("0.001", 1000), ("100000000", 10**12)])
def test_in03_more_money_than_a_document_may_come_to_is_refused(
    api: Terminal, free: str, quantity: str, amount: int
) -> None:
    first = {"sku": "FREE", "quantity": "1", "unit_price": {"amount": LARGEST_AMOUNT}}
    priced = [first, {"sku": "FREE", "quantity": quantity, "unit_price": {"amount": amount}}]

    answers = [
        api.post("/orders", order_body(lines=priced, tenders=[])),
        api.post("/returns", returned(priced)),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "number-too-large")] * 2
    assert Order.objects.count() == Return.objects.count() == 0
