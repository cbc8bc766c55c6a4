"""Discounts of lines and of orders, through the API (AM3, AM7, AM8, P3, P5), and what comes back of them (R1-R4)."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.testing.work import settle
from kernel.ids import new_id
from pos.models import Order, OrderLine, Refund, Register, Return
from pos.orders.discounts import DiscountInput
from pos.orders.lines import OrderLineInput
from pos.orders.services.placing import place_order
from pos.returns.lines import RefundExceedsQuantity
from tenants.models import Tenant
from tests.support import make
from tests.support.taxing import rate, rounding, tax_class
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened


@pytest.fixture
def till(api: Terminal, shop: Tenant) -> Terminal:
    for sku, price in (("MUG", 333), ("TEA", 334)):
        make.variant(sku, price)
    make.shift()
    return api


def body(*lines: dict[str, Any], paid: int = 0, **more: Any) -> dict[str, Any]:
    tenders = [{"type": "cash", "amount": {"amount": paid}}] if paid else []
    asked = [{"sku": "MUG", "quantity": "1", **line} for line in lines]
    return make.order_body(lines=asked, tenders=tenders, **more)


def amounts(order: dict[str, Any], *names: str) -> list[tuple[int, ...]]:
    return [tuple(line[name]["amount"] for name in names) for line in order["lines"]]


def test_am3_an_order_of_100_percent_discount_is_completed_without_a_tender(till: Terminal) -> None:
    placed = till.post("/orders", body({}, {"sku": "TEA"}, discounts=[{"percent": "100", "name": "Staff"}]))

    order = placed.json()
    assert (placed.status_code, order["status"], order["receipt_number"]) == (201, "COMPLETED", 1)
    assert [order[name]["amount"] for name in ("total", "tax_total", "subtotal", "due", "discount_total")] == [
        0, 0, 0, 0, 667,
    ]  # fmt: skip
    assert order["discounts"] == [{"name": "Staff", "percent": "100", "amount": {"amount": 667, "currency": "EUR"}}]
    settle()
    line = {"order_line_id": order["lines"][0]["id"], "quantity": "1"}
    back = {"id": str(new_id()), "order_id": order["id"], "occurred_at": "2026-11-23T12:05:00Z", "lines": [line]}
    returned = till.post("/returns", back)
    assert (returned.status_code, returned.json()["total"]["amount"], returned.json()["refunds"]) == (201, 0, [])


def test_am3_a_line_of_100_percent_discount_beside_one_that_is_paid(till: Terminal) -> None:
    order = till.post("/orders", body({"discounts": [{"percent": "100"}]}, {"sku": "TEA"}, paid=334)).json()

    assert order["status"] == "COMPLETED"
    assert amounts(order, "gross", "line_discount", "tax_total", "total") == [(333, 333, 0, 0), (334, 0, 56, 334)]


def test_am7_an_order_discount_is_given_back_line_by_line(till: Terminal) -> None:
    order = till.post("/orders", body({"quantity": "3"}, paid=899, discounts=[{"percent": "10"}])).json()

    assert (order["discount_total"]["amount"], order["total"]["amount"], order["status"]) == (100, 899, "COMPLETED")
    line = {"order_line_id": order["lines"][0]["id"], "quantity": "1"}
    answers = [
        till.post(
            "/returns",
            {"id": str(new_id()), "order_id": order["id"], "occurred_at": "2026-11-23T12:05:00Z", "lines": [line]},
        ).json()
        for _ in range(3)
    ]
    assert [answer["total"]["amount"] for answer in answers] == [300, 299, 300]
    assert [answer["refunds"][0]["amount"]["amount"] for answer in answers] == [300, 299, 300]
    charged = order["lines"][0]["taxes"][0]["amount"]["amount"]
    given_back = [answer["lines"][0]["taxes"][0] for answer in answers]
    assert sum(tax["amount"]["amount"] for tax in given_back) == charged
    assert [tax["base"]["amount"] + tax["amount"]["amount"] for tax in given_back] == [300, 299, 300]


def test_am8_an_order_discount_is_shared_out_by_largest_remainder(till: Terminal) -> None:
    lines = ({}, {}, {"sku": "TEA"})
    order = till.post("/orders", body(*lines, discounts=[{"amount": {"amount": 100}, "name": "Voucher"}])).json()

    assert amounts(order, "order_discount_share", "total") == [(33, 300), (33, 300), (34, 300)]
    assert order["discounts"][0] == {
        "name": "Voucher", "percent": None, "amount": {"amount": 100, "currency": "EUR"},
    }  # fmt: skip


def test_discounts_are_taken_off_what_those_before_have_left(till: Terminal) -> None:
    line = {"quantity": "3", "discounts": [{"percent": "12.5"}, {"amount": {"amount": 74, "currency": "EUR"}}]}

    order = till.post("/orders", body(line, discounts=[{"percent": "10"}, {"percent": "10"}])).json()

    assert [each["amount"]["amount"] for each in order["lines"][0]["discounts"]] == [125, 74]
    assert [each["percent"] for each in order["lines"][0]["discounts"]] == ["12.5", None]
    assert [each["amount"]["amount"] for each in order["discounts"]] == [80, 72]
    assert amounts(order, "gross", "line_discount", "order_discount_share", "total") == [(999, 199, 152, 648)]
    assert order["discount_total"]["amount"] == 351
    assert till.get(f"/orders/{order['id']}").json() == order


@pytest.mark.parametrize(
    ("more", "place", "said"),
    [
        ({"discounts": [{"amount": {"amount": 668}}]}, "/discounts/0", "668 is more than the 667"),
        ({"discounts": [{"percent": "50"}, {"amount": {"amount": 334}}]}, "/discounts/1", "334 is more than the 333"),
        ({"line": [{"amount": {"amount": 1}}, {"amount": {"amount": 334}}]}, "/lines/1/discounts/1", "than the 333"),
    ],
)
def test_a_discount_of_more_than_there_is_names_its_line(
    till: Terminal, more: dict[str, Any], place: str, said: str
) -> None:
    second = {"sku": "TEA", "discounts": more.pop("line", [])}

    with nothing_happened(but={"events_idempotencyrecord"}):
        refused = till.post("/orders", body({}, second, **more))

    assert (refused.status_code, refused.json()["code"]) == (422, "discount-exceeds-price")
    (error,) = refused.json()["errors"]
    assert error["pointer"] == place
    assert said in error["detail"]


@pytest.mark.parametrize(
    ("discount", "place"),
    [
        ({}, ""),
        ({"percent": "10", "amount": {"amount": 1}}, ""),
        ({"percent": "0"}, "/percent"),
        ({"percent": "100.0001"}, "/percent"),
        ({"percent": "1.00001"}, "/percent"),
        ({"percent": 10}, "/percent"),
        ({"percent": "-1"}, "/percent"),
        ({"amount": {"amount": 0}}, "/amount"),
        ({"amount": {"amount": 1, "currency": "USD"}}, "/amount"),
        ({"percent": "10", "value": 1}, "/value"),
    ],
)
def test_other_discounts_are_refused_by_name(till: Terminal, discount: dict[str, Any], place: str) -> None:
    for refused, at in (
        (till.post("/orders", body({}, discounts=[discount])), "/discounts/0"),
        (till.post("/orders", body({"discounts": [discount]})), "/lines/0/discounts/0"),
    ):
        assert refused.status_code == 422
        assert [error["pointer"].removesuffix("/non_field_errors") for error in refused.json()["errors"]] == [
            at + place
        ]


quantities = st.lists(st.integers(1, 4), min_size=1, max_size=5)
percents = st.decimals("0.0001", "100", places=4).map(lambda percent: DiscountInput(percent=percent))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(quantities, min_size=1, max_size=3),
    prices=st.lists(st.decimals("0", "99999", places=2), min_size=3, max_size=3),
    off=st.lists(percents, max_size=2),
    level=st.sampled_from(["LINE", "ORDER"]),
    inclusive=st.booleans(),
    data=st.data(),
)
def test_r1_r2_r3_r4_however_an_order_is_returned_it_gives_back_exactly_what_was_paid(
    shop: Tenant,
    parts: list[list[int]],
    prices: list[Decimal],
    off: list[DiscountInput],
    level: str,
    inclusive: bool,  # noqa: FBT001
    data: Any,
) -> None:
    make.shift()
    name = str(new_id())
    tax_class(name, rate(f"A {name}", "0.05", inclusive=inclusive), rate(f"B {name}", "0.09975", inclusive=inclusive))
    lines = [
        OrderLineInput(
            id=new_id(), quantity=Decimal(sum(of_line)), description="x", tax_rate=name, unit_price=price,
            discounts=[data.draw(percents)] if data.draw(st.booleans()) else [],
        )
        for of_line, price in zip(parts, prices, strict=False)
    ]  # fmt: skip
    with rounding(level):
        order = paid_in_full(lines, off)
    sold = {line.id: line for line in OrderLine.objects.filter(order=order).prefetch_related("taxes")}
    todo = data.draw(st.permutations([(at, part) for at, of_line in enumerate(parts) for part in of_line]))

    returns = [make.return_(order, make.returning(order, str(part), line=at + 1)) for at, part in todo]

    by_tax: Counter[tuple[Any, str]] = Counter()
    for returned in returns:
        for line in returned.lines.all():
            assert line.tax_total == sum(tax["amount"] for tax in line.taxes)
            assert 0 <= line.tax_total <= line.total
            by_tax.update({(line.order_line_id, tax["code"]): tax["amount"] for tax in line.taxes})
    assert sum(returned.total for returned in returns) == order.total
    assert by_tax == Counter({(line.id, tax.code): tax.amount for line in sold.values() for tax in line.taxes.all()})
    assert sum(refund.amount for refund in Refund.objects.filter(parent__order=order)) == order.total
    with pytest.raises(RefundExceedsQuantity):
        make.return_(order, make.returning(order, "0.001"))


def test_r4_a_piece_of_the_smallest_price_comes_back_with_taxes_that_fit_into_it(shop: Tenant) -> None:
    make.shift()
    tax_class("Halves", rate("First", "0.50", code="FIRST"), rate("Second", "0.50", code="SECOND"))
    line = OrderLineInput(id=new_id(), quantity=Decimal(2), description="x", tax_rate="Halves", unit_price=Decimal(1))
    order = paid_in_full([line], [])

    pieces = [make.return_(order, make.returning(order)).lines.get() for _ in range(2)]

    assert [(piece.total, [tax["amount"] for tax in piece.taxes]) for piece in pieces] == [(1, [1, 0]), (1, [0, 1])]
    assert [[tax["base"] for tax in piece.taxes] for piece in pieces] == [[0, 0], [0, 0]]


def paid_in_full(lines: list[OrderLineInput], discounts: list[DiscountInput]) -> Order:
    """Place an order twice: to learn its total, and to pay that."""
    register = Register.objects.select_related("location").get()
    more: dict[str, Any] = {"occurred_at": make.NOW, "now": make.NOW, "fingerprint": "", "device": None}
    asked = [OrderLineInput(**{**vars(line), "id": new_id()}) for line in lines]
    total = place_order(id=new_id(), register=register, lines=asked, tenders=[], discounts=discounts, **more).total
    tenders = [make.cash(total)] if total else []
    order = place_order(id=new_id(), register=register, lines=lines, tenders=tenders, discounts=discounts, **more)
    assert order.status == Order.Status.COMPLETED
    return order


def test_r2_what_was_returned_never_exceeds_what_was_paid(till: Terminal) -> None:
    order = till.post("/orders", body({"quantity": "3"}, paid=899, discounts=[{"percent": "10"}])).json()
    line = {"order_line_id": order["lines"][0]["id"], "quantity": "3"}
    more = {"id": str(new_id()), "order_id": order["id"], "occurred_at": "2026-11-23T12:05:00Z", "lines": [line, line]}

    refused = till.post("/returns", more)

    assert (refused.status_code, refused.json()["code"]) == (422, "refund-exceeds-quantity")
    assert not Return.objects.exists()
