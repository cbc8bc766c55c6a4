"""Amounts of orders through the API: rows of the cases AM, with what is stored of each line."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from events.testing.work import settle
from pos.models import Location, OrderLine, OrderLineTax, TaxRate
from tenants.models import Tenant
from tests.support import make
from tests.support.taxing import rounding
from tests.support.terminal import Terminal
from tests.support.verifying import require_sound


@pytest.fixture
def till(api: Terminal, shop: Tenant) -> Terminal:
    for name, rate, inclusive in (("VAT 21", "0.21", False), ("VAT 5.5", "0.055", False), ("VAT 19", "0.19", True)):
        TaxRate.objects.create(name=name, rate=rate, inclusive=inclusive)
    make.shift()
    return api


def service(price: Any, tax: str, quantity: str = "1") -> dict[str, Any]:
    unit_price = price if isinstance(price, dict) else {"amount": price}
    return {"description": "Something", "unit_price": unit_price, "tax_name": tax, "quantity": quantity}


def placed(till: Terminal, lines: list[Any], paid: int) -> Any:
    tender = {"type": "card", "amount": {"amount": paid}}
    answer = till.post("/orders", make.order_body(lines=lines, tenders=[tender]))
    assert answer.status_code == 201, answer.content
    assert answer.json()["status"] == "COMPLETED"
    return answer.json()


@pytest.mark.parametrize(("level", "total", "last"), [("LINE", 1134, 378), ("ORDER", 1133, 377)])
def test_sh12_am1_three_lines_with_21_percent_on_top(till: Terminal, level: str, total: int, last: int) -> None:
    with rounding(level):
        order = placed(till, [service(312, "VAT 21")] * 3, total)

    assert (order["rounding_level"], order["total"]["amount"], order["subtotal"]["amount"]) == (level, total, 936)
    assert sorted(line["total"]["amount"] for line in order["lines"]) == [last, 378, 378]
    assert sum(line["taxes"][0]["amount"]["amount"] for line in order["lines"]) == order["tax_total"]["amount"]


def test_taxes_of_lines_that_come_to_half_a_unit_together_are_rounded_up_and_sound(till: Terminal) -> None:
    """A third and a sixth are a half, also where both are cut off after twenty decimals."""
    with rounding("ORDER"):
        order = placed(till, [service(14, "Standard, included"), service(1, "Standard, included")], 15)

    assert order["tax_total"]["amount"] == 3
    settle()
    require_sound()


@pytest.mark.parametrize(("level", "total"), [("LINE", 3800), ("ORDER", 3798)])
def test_am2_ten_lines_with_five_and_a_half_percent(till: Terminal, level: str, total: int) -> None:
    with rounding(level):
        placed(till, [service(360, "VAT 5.5")] * 10, total)
        placed(till, [service(360, "VAT 5.5", "10")], 3798)


def test_am4_fuel_has_a_unit_price_with_fractions(till: Terminal) -> None:
    fuel = service({"amount_decimal": "165.9", "currency": "EUR"}, "VAT 19", "37.42")

    order = placed(till, [fuel], 6208)

    (line,) = order["lines"]
    assert line["unit_price"] == {"amount_decimal": "165.9", "currency": "EUR"}
    assert (line["gross"]["amount"], order["tax_total"]["amount"]) == (6208, 991)
    assert line["list_price"] is None
    assert line["price_source"] == "MANUAL"
    stored = OrderLine.objects.get()
    assert (stored.unit_price, stored.whole_unit_price) == (Decimal("165.9"), 166)
    receipt = till.get(f"/orders/{order['id']}/receipt").json()["text"]
    assert "37.42 x 1.659" in receipt
    assert till.get(f"/orders/{order['id']}").json() == order


@pytest.mark.parametrize(
    "price",
    [
        {"amount_decimal": 165.9},
        {"amount_decimal": "165.1234567"},
        {"amount_decimal": "-1"},
        {"amount_decimal": "1e3"},
        {"amount_decimal": "1000000000001"},
        {"amount_decimal": "1", "amount": 1},
        {"amount_decimal": "1", "currency": "USD"},
        {"currency": "EUR"},
        {"amount": 1.5},
    ],
)
def test_am4_other_prices_are_refused_by_name(till: Terminal, price: dict[str, Any]) -> None:
    refused = till.post("/orders", make.order_body(lines=[service(price, "VAT 19")], tenders=[]))

    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/lines/0/unit_price"]


def test_am5_the_smallest_unit_of_three_decimals_has_fractions_as_well(till: Terminal) -> None:
    Location.objects.filter(code="MAIN").update(currency="EUR")

    order = placed(till, [service({"amount_decimal": "0.000001"}, "VAT 19", "1000000")], 1)

    assert order["lines"][0]["unit_price"]["amount_decimal"] == "0.000001"


def test_a_line_keeps_its_list_price_and_where_its_price_is_from(till: Terminal) -> None:
    make.variant("MUG", 1000)
    lines = [
        {"sku": "MUG", "quantity": "1"},
        {"sku": "MUG", "quantity": "1", "unit_price": {"amount": 1000}},
        {"sku": "MUG", "quantity": "1", "unit_price": {"amount": 1}},
    ]

    order = placed(till, lines, 2001)

    assert [(line["list_price"]["amount"], line["price_source"]) for line in order["lines"]] == [
        (1000, "LIST"),
        (1000, "LIST"),
        (1000, "MANUAL"),
    ]


def test_a_line_of_the_release_before_gets_what_that_did_not_know(till: Terminal) -> None:
    placed(till, [service(312, "VAT 21")], 378)
    old = "id, order_id, number, description, sku, stocked, quantity, unit_price, tax_name, tax_rate, tax_inclusive"
    old += ", tax_total, total, returned_quantity, returned_total, returned_tax"
    line, added = OrderLine.objects.get(), make.new_id()

    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO pos_orderline ({old}) SELECT {old} FROM jsonb_populate_record(NULL::pos_orderline,
            (SELECT to_jsonb(l) || jsonb_build_object('id', %s::text, 'number', 2) FROM pos_orderline l))""",
            [str(added)],
        )

    row, tax = OrderLine.objects.get(id=added), OrderLineTax.objects.get(line_id=added)
    assert (row.unit_price, row.gross, row.list_price, row.price_source) == (line.unit_price, 312, None, None)
    assert (tax.number, tax.code, tax.name, tax.rate) == (1, "VAT 21", "VAT 21", Decimal("0.21"))
    assert (tax.inclusive, tax.base, tax.amount) == (False, 312, 66)
    assert OrderLineTax.objects.filter(line=line).count() == 1
