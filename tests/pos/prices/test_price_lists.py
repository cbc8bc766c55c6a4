"""Goods cost what the first price list says that is in force; the order, its lines and its taxes say by which."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from kernel.ids import new_id
from pos.catalogue.services import archive_variant
from pos.furnishing import furnish_shop
from pos.models import Location, Order, OrderLine, PriceEntry, PriceList, Product, Register, Shift, Variant
from pos.registers.services import pair_device
from tenants.models import Tenant
from tests.support import make
from tests.support.pricing import base_entry, default_list, price_list
from tests.support.taxing import rate, tax_class
from tests.support.terminal import Terminal

BEGIN, END = "2026-11-20T00:00", "2026-11-22T00:00"


@pytest.fixture
def till(api: Terminal) -> Terminal:
    make.variant("MUG", 1000)
    make.shift()
    Shift.objects.update(opened_at=datetime(2026, 11, 1, tzinfo=UTC))
    return api


def sell(till: Terminal, quantity: str = "1", *, at: str = "2026-11-23T12:00:00Z", **line: Any) -> Any:
    """Place an order of mugs, without tenders; return it."""
    asked = {"sku": "MUG", "quantity": quantity, **line}
    answer = till.post("/orders", make.order_body(lines=[asked], tenders=[], occurred_at=at))
    assert answer.status_code == 201, answer.content
    return answer.json()


def unit_price(order: Any) -> Any:
    return order["lines"][0]["unit_price"].get("amount")


def test_a_shop_without_lists_of_its_own_sells_by_the_default_list(till: Terminal) -> None:
    order = sell(till)

    (line,) = order["lines"]
    assert (line["list_price"]["amount"], line["price_source"]) == (1000, "LIST")
    assert order["price_list_id"] == line["price_list_id"] == str(default_list().id)


def test_the_price_of_a_variant_and_the_default_list_are_one_whichever_is_written(shop: Tenant) -> None:
    mug = make.variant("MUG", 1000)
    seen = [base_entry(mug).price]
    Variant.objects.update(price=1100)
    seen.append(base_entry(mug).price)
    make.variant("MUG", 1200)
    seen.append(base_entry(mug).price)
    PriceEntry.objects.filter(id=base_entry(mug).id).update(price="165.9")
    mug.refresh_from_db()
    seen.append(Decimal(mug.price))
    mug.save()
    seen.append(base_entry(mug).price)
    make.variant("MUG", 166)
    seen.append(base_entry(mug).price)

    assert seen == [1000, 1100, 1200, 166, Decimal("165.9"), 166]


def test_a_default_list_that_is_made_anew_has_the_price_of_each_variant(shop: Tenant) -> None:
    mug = make.variant("MUG", 1000)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE pos_pricelist CASCADE")

    furnish_shop(name="north", currency="EUR", timezone="UTC")

    assert base_entry(mug).price == 1000


def test_the_default_lists_price_of_a_variant_goes_with_the_variant_alone(shop: Tenant) -> None:
    mug = make.variant("MUG", 1000)
    for change in (
        base_entry(mug).delete,
        lambda: PriceEntry.objects.update(minimum_quantity=1),
        lambda: PriceEntry.objects.update(variant=make.variant("CUP")),
        default_list().delete,
        lambda: PriceList.objects.update(is_default=False),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()  # type: ignore[operator]

    archive_variant(variant_id=mug.id, now=make.NOW)
    assert base_entry(mug).price == 1000
    Product.objects.all().delete()
    assert not PriceEntry.objects.exists()


def test_a_list_in_force_has_the_price_and_the_next_ones_have_what_it_lacks(till: Terminal) -> None:
    make.variant("CUP", 500)
    sale = price_list("Sale", {"MUG": 800})

    mug, cup = sell(till), sell(till, sku="CUP")

    assert (unit_price(mug), unit_price(cup)) == (800, 500)
    assert [order["price_list_id"] for order in (mug, cup)] == [str(sale.id)] * 2
    assert [order["lines"][0]["price_list_id"] for order in (mug, cup)] == [str(sale.id), str(default_list().id)]
    stored = OrderLine.objects.get(order_id=mug["id"])
    assert (stored.price_list_id, stored.list_price, stored.order.price_list_id) == (sale.id, 800, sale.id)


def test_a_list_of_a_larger_priority_wins_and_of_equal_ones_that_of_the_location(till: Terminal) -> None:
    here, there = make.register().location, Location.objects.create(code="B", name="Branch", currency="EUR")
    price_list("All", {"MUG": 900})
    assert unit_price(sell(till)) == 900
    price_list("Here", {"MUG": 800}, location=here)
    assert unit_price(sell(till)) == 800
    price_list("There", {"MUG": 700}, location=there, priority=9)
    assert unit_price(sell(till)) == 800
    price_list("First", {"MUG": 600}, priority=1)
    assert unit_price(sell(till)) == 600


def test_prices_go_by_the_quantity_of_the_line_and_a_pack_counts_its_pieces(till: Terminal) -> None:
    price_list("Steps", {"MUG": {"0": 1000, "3": 900, "10": 700}})
    Variant.objects.get().barcodes.create(code="6-PACK", quantity=6)

    assert [unit_price(sell(till, quantity)) for quantity in ("1", "2.999", "3", "10")] == [1000, 1000, 900, 700]
    pack = till.post("/orders", make.order_body(lines=[{"barcode": "6-PACK", "quantity": "2"}], tenders=[])).json()[
        "lines"
    ][0]
    assert (pack["quantity"], pack["unit_price"]["amount"], pack["gross"]["amount"]) == ("12.000", 700, 8400)


def test_am11_a_list_begins_and_ends_by_the_clock_of_the_location_and_the_sales_moment_decides(till: Terminal) -> None:
    Location.objects.update(timezone="Europe/Berlin")
    price_list("Late", {"MUG": 800}, valid_from=BEGIN)
    price_list("Early", {"MUG": 900}, valid_to=BEGIN)

    prices = [unit_price(sell(till, at=f"2026-11-19T{time}Z")) for time in ("22:59:59", "23:00:00")]

    assert prices == [900, 800]


def test_a_list_says_for_all_taxes_of_a_line_whether_its_prices_contain_them(till: Terminal) -> None:
    tax_class("Goods", rate("GST", "0.05", inclusive=False), rate("QST", "0.09975", inclusive=False))
    make.variant("BOX", 10000, tax_rate="Goods")
    added = sell(till, sku="BOX")
    price_list("Gross", {"BOX": 11498}, priority=1)
    contained = sell(till, sku="BOX")
    overridden = sell(till, sku="BOX", unit_price={"amount": 1150})
    price_list("Net", {"MUG": 1000, "BOX": 5000}, priority=2, tax_included=False)
    net = sell(till)

    assert [order["total"]["amount"] for order in (added, contained, overridden, net)] == [11498, 11498, 1150, 1200]
    taxes = [tax for order in (contained, overridden) for tax in order["lines"][0]["taxes"]]
    assert {tax["inclusive"] for tax in taxes} == {True}
    assert net["lines"][0]["tax_inclusive"] is False


def test_the_default_list_may_say_it_once(till: Terminal) -> None:
    PriceList.objects.update(tax_included=False)

    assert sell(till)["total"]["amount"] == 1200
    for value in (True, None):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            PriceList.objects.update(tax_included=value)


def test_a_return_without_an_order_has_the_taxes_as_the_list_in_force_says(till: Terminal) -> None:
    price_list("Net", {"MUG": 1000}, tax_included=False)
    line = {"sku": "MUG", "quantity": "1", "unit_price": {"amount": 1000}}

    returned = till.post("/returns", {"id": str(new_id()), "occurred_at": "2026-11-23T12:00:00Z", "lines": [line]})

    assert returned.json()["total"]["amount"] == 1200
    assert returned.json()["lines"][0]["taxes"][0]["inclusive"] is False


def test_goods_without_a_price_here_are_refused_at_their_line_unless_it_names_one(api: Terminal) -> None:
    till, _ = api, make.variant("MUG", 1000)
    PriceList.objects.update(currency="USD")
    make.shift()
    service = {"description": "x", "unit_price": {"amount": 1}, "tax_name": "Zero", "quantity": "1"}
    lines = [service, {"sku": "MUG", "quantity": "1"}]

    refused = till.post("/orders", make.order_body(lines=lines, tenders=[])).json()
    named = sell(till, unit_price={"amount": 700})

    assert (refused["code"], refused["errors"][0]["code"]) == ("validation-failed", "no-price")
    assert refused["errors"][0]["pointer"] == "/lines/1"
    assert (named["lines"][0]["list_price"], named["lines"][0]["price_list_id"]) == (None, None)
    assert (unit_price(named), named["lines"][0]["price_source"]) == (700, "MANUAL")


def test_each_location_sells_in_its_currency_by_lists_of_that_currency(till: Terminal) -> None:
    ny = Location.objects.create(code="NY", name="New York", currency="USD")
    there = make.open_shift(  # type: ignore[attr-defined]
        id=new_id(), register=Register.objects.create(code="N1", name="Till", location=ny), float_amount=0, now=make.NOW
    )
    other = Terminal("north.localhost", pair_device(register_code=there.register.code, name="NY")[1])
    price_list("Dollars", {"MUG": 1199}, currency="USD")
    price_list("Euros", {"MUG": 999})

    assert [unit_price(sell(each)) for each in (till, other)] == [999, 1199]


@pytest.mark.parametrize(
    ("second", "overlaps"),
    [
        ({}, True),
        ({"valid_from": "2026-11-21T23:59:59"}, True),
        ({"valid_from": END}, False),
        ({"valid_to": BEGIN}, False),
        ({"priority": 1}, False),
        ({"currency": "USD"}, False),
        ({"location": True}, False),
    ],
)
def test_two_lists_of_one_priority_and_scope_do_not_hold_at_the_same_time(
    shop: Tenant, second: dict[str, Any], *, overlaps: bool
) -> None:
    price_list("First", valid_from=BEGIN, valid_to=END)
    if "location" in second:
        second = {"location": make.register().location}

    try:
        with transaction.atomic():
            price_list("Other", **second)
    except IntegrityError as error:
        assert "price_list_one_at_a_time" in str(error)
        assert overlaps
    else:
        assert not overlaps


def test_of_a_list_neither_currency_nor_tax_is_changed_and_one_that_was_sold_by_stays(till: Terminal) -> None:
    sale, draft = price_list("Sale", {"MUG": 800}), price_list("Draft", {"MUG": 700}, priority=1, valid_to="2020-01-01")
    sell(till)

    for change in ({"currency": "USD"}, {"tax_included": False}):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            PriceList.objects.filter(id=sale.id).update(**change)
    with pytest.raises(IntegrityError, match="stays on record"), transaction.atomic():
        sale.delete()
    draft.delete()
    PriceList.objects.filter(id=sale.id).update(name="Sales", valid_to="2027-01-01", priority=F("priority") + 1)


def test_a_line_that_was_sold_keeps_its_list_price_whatever_the_list_says_later(till: Terminal) -> None:
    sale = price_list("Sale", {"MUG": 800})
    order = sell(till)

    PriceEntry.objects.filter(price_list=sale).update(price=1)

    assert till.get(f"/orders/{order['id']}").json() == order
    assert Order.objects.get().lines.get().list_price == 800
