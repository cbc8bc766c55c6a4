"""Cash is rounded to its smallest coin, when it pays what is left (AM10, P9)."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.testing.work import settle
from kernel.ids import new_id
from pos.models import Order, Return, TenderType
from pos.orders.lines import OrderLineInput
from tenants.models import Tenant
from tests.support import make
from tests.support.pricing import set_currency
from tests.support.terminal import Terminal

STEP = 5


@pytest.fixture
def till(api: Terminal, shop: Tenant) -> Terminal:
    set_currency("CHF")
    TenderType.objects.filter(code="cash").update(rounding_step=STEP)
    make.shift()
    return api


def body(price: int, *tenders: tuple[str, int], quantity: str = "1") -> dict[str, Any]:
    line = {"description": "x", "unit_price": {"amount": price}, "tax_name": "Zero", "quantity": quantity}
    return make.order_body(lines=[line], tenders=[tendered(*each) for each in tenders])


def tendered(type_: str, amount: int) -> dict[str, Any]:
    card = {"card_token": "tok_decline"} if type_ == "gateway" else {}
    return {"type": type_, "amount": {"amount": amount}, **card}


def summed(answer: Any) -> tuple[str, int, int, int, int]:
    assert answer.status_code == 201, answer.content
    return summed_of(answer.json())


def summed_of(order: Any) -> tuple[str, int, int, int, int]:
    return (
        order["status"],
        *(order[name]["amount"] for name in ("total", "rounding_adjustment", "change_total", "due")),
    )


@pytest.mark.parametrize(
    ("price", "tenders", "total", "adjustment", "change"),
    [
        (1237, [("cash", 1235)], 1235, -2, 0),
        (1238, [("cash", 1240)], 1240, 2, 0),
        (1233, [("cash", 1235)], 1235, 2, 0),
        (1237, [("cash", 2000)], 1235, -2, 765),
        (1237, [("card", 1237)], 1237, 0, 0),
        (1237, [("card", 600), ("cash", 635)], 1235, -2, 0),
        (1237, [("cash", 2000), ("card", 600)], 1235, -2, 1365),
        (1237, [("card", 1200), ("account", 37)], 1237, 0, 0),
        (1235, [("cash", 1235)], 1235, 0, 0),
        (2, [("cash", 5)], 0, -2, 0),
    ],
)
def test_am10_what_is_left_is_rounded_when_cash_pays_it(
    till: Terminal, price: int, tenders: list[tuple[str, int]], total: int, adjustment: int, change: int
) -> None:
    placed = till.post("/orders", body(price, *tenders))

    assert summed(placed) == ("COMPLETED", total, adjustment, change, 0)
    assert placed.json()["lines"][0]["total"]["amount"] == placed.json()["subtotal"]["amount"] == price


def test_am10_cash_that_does_not_pay_all_rounds_nothing(till: Terminal) -> None:
    placed = till.post("/orders", body(1237, ("cash", 1000)))
    path = f"/orders/{placed.json()['id']}/tenders"

    assert summed(placed) == ("PLACED", 1237, 0, 0, 237)
    by_card = till.post(path, {"tenders": [tendered("card", 100)]})
    assert summed(by_card) == ("PLACED", 1237, 0, 0, 137)
    rest = till.post(path, {"tenders": [tendered("cash", 200)]})
    assert summed(rest) == ("COMPLETED", 1235, -2, 65, 0)
    assert till.get(f"/orders/{placed.json()['id']}").json() == rest.json()


def test_p9_a_card_that_is_declined_after_the_cash_was_rounded_leaves_one_rounding(till: Terminal) -> None:
    placed = till.post("/orders", body(1237, ("gateway", 503), ("cash", 735)))
    assert summed(placed) == ("PLACED", 1238, 1, 0, 503)
    settle()

    rest = till.post(f"/orders/{placed.json()['id']}/tenders", {"tenders": [tendered("cash", 500)]})

    assert summed(rest) == ("COMPLETED", 1235, -2, 0, 0)


def test_p9_a_rounding_that_a_later_card_has_to_follow_is_kept(till: Terminal) -> None:
    placed = till.post("/orders", body(1237)).json()
    path = f"/orders/{placed['id']}"
    card = {"type": "gateway", "amount": {"amount": 503}, "card_token": "tok_approve"}

    some = till.post(f"{path}/tenders", {"tenders": [card, tendered("cash", 735)]})
    assert summed(some) == ("PLACED", 1238, 1, 0, 503)
    assert till.get(path).json() == some.json()
    settle()

    assert summed_of(till.get(path).json()) == ("COMPLETED", 1238, 1, 0, 0)


def test_nothing_due_is_still_refused(till: Terminal) -> None:
    refused = till.post("/orders", body(0, ("cash", 5)))

    assert (refused.status_code, refused.json()["code"]) == (422, "tender-mismatch")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(price=st.integers(0, 10**6), step=st.sampled_from([2, 5, 10, 50, 100]), by_card=st.integers(0, 10**6))
def test_p9_the_adjustment_is_at_most_half_a_step_and_cash_can_pay_the_rest(
    shop: Tenant, price: int, step: int, by_card: int
) -> None:
    TenderType.objects.filter(code="cash").update(rounding_step=step)
    line = OrderLineInput(id=new_id(), quantity=Decimal(1), description="x", tax_rate="Zero", unit_price=price)
    cards = [make.TenderInput(id=new_id(), type="card", amount=by_card)] if 0 < by_card <= price else []
    left = price - sum(card.amount for card in cards)

    order = make.order(*cards, *([make.cash(left + step)] if left else []), lines=[line])

    assert order.status == Order.Status.COMPLETED
    assert abs(order.rounding_adjustment) * 2 <= step
    assert (left + order.rounding_adjustment) % step == 0 or not left
    assert order.total == price + order.rounding_adjustment
    assert order.subtotal + order.tax_total == price


@pytest.mark.parametrize(("quantity", "paid", "parts"), [("2", 1235, [620, 615]), ("3", 1850, [615, 620, 615])])
def test_r3_cash_goes_back_in_amounts_that_cash_can_pay_and_all_of_it(
    till: Terminal, quantity: str, paid: int, parts: list[int]
) -> None:
    price = {"2": "618.5", "3": "617.0"}[quantity]
    asked = body(0, ("cash", paid), quantity=quantity)
    asked["lines"][0]["unit_price"] = {"amount_decimal": price}
    order = till.post("/orders", asked).json()
    assert order["status"] == "COMPLETED"

    back = [given_back(till, order, "1") for _ in parts]

    assert [each["total"]["amount"] for each in back] == parts
    assert [each["refunds"][0]["amount"]["amount"] for each in back] == parts
    assert (
        sum(back[n]["rounding_adjustment"]["amount"] for n in range(len(back)))
        == order["rounding_adjustment"]["amount"]
    )


def test_r3_of_card_and_cash_all_goes_back(till: Terminal) -> None:
    order = till.post("/orders", body(617, ("card", 1000), ("cash", 235), quantity="2")).json()
    assert (order["total"]["amount"], order["rounding_adjustment"]["amount"]) == (1235, 1)

    back = [given_back(till, order, "1") for _ in range(2)]

    assert sum(each["total"]["amount"] for each in back) == 1235
    assert sum(refund["amount"]["amount"] for each in back for refund in each["refunds"]) == 1235


def given_back(till: Terminal, order: Any, quantity: str) -> Any:
    line = {"order_line_id": order["lines"][0]["id"], "quantity": quantity}
    answer = till.post(
        "/returns",
        {"id": str(new_id()), "order_id": order["id"], "occurred_at": "2026-11-23T12:05:00Z", "lines": [line]},
    )
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_return_without_an_order_is_rounded_when_cash_is_given_back(till: Terminal) -> None:
    line = {"description": "x", "unit_price": {"amount": 1237}, "tax_name": "Zero", "quantity": "1"}
    for type_, total in (("cash", 1235), ("card", 1237)):
        asked = {"id": str(new_id()), "occurred_at": "2026-11-23T12:05:00Z", "lines": [line], "refund_to": type_}
        assert till.post("/returns", asked).json()["total"]["amount"] == total
    assert sorted(Return.objects.values_list("rounding_adjustment", flat=True)) == [-2, 0]


@pytest.mark.parametrize(("code", "step"), [("card", 5), ("cash", 0), ("cash", 10_001)])
def test_only_cash_has_a_step(till: Terminal, code: str, step: int) -> None:
    with pytest.raises(IntegrityError, match="rounding_step"), transaction.atomic():
        TenderType.objects.filter(code=code).update(rounding_step=step)
