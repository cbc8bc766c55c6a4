"""A price is used in the currency of its list alone: goods without a price in a location's currency are not sold."""

from importlib import import_module
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from events.models import Event
from kernel.ids import new_id
from pos.cash.services import open_shift
from pos.furnishing import furnish_shop
from pos.models import CashDrawer, Device, ExceptionCase, Location, Order, PriceEntry, PriceList, Register, Variant
from pos.registers.services import pair_device
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support import make, people
from tests.support.forms import filled_form
from tests.support.pricing import default_list, price_list
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened
from tests.support.verifying import require_sound
from web.scopes import CATALOGUE_READ, CATALOGUE_WRITE, PRICES_READ, PRICES_WRITE

SPLIT = import_module("pos.migrations.0037_lists_have_a_currency").SPLIT
CASH = {"type": "cash", "amount": {"amount": 1250}}
SNAPSHOT = {
    "description": "The MUG",
    "unit_price": {"amount": 1250},
    "taxes": [{"code": "VAT", "name": "VAT 20 %", "rate": "0.2"}],
    "tax_inclusive": True,
}


def place(currency: str) -> Terminal:
    """Open a location of a currency beside the first one, with a register, a shift and a terminal."""
    location = Location.objects.create(code=currency, name=f"Place of {currency}", currency=currency)
    register = Register.objects.create(code=f"T{currency}", name="Till", location=location)
    open_shift(id=new_id(), register=register, float_amount=0, now=make.NOW)
    return Terminal("north.localhost", pair_device(register_code=register.code, name=currency)[1])


@pytest.fixture
def mug(shop: Tenant) -> Variant:  # noqa: ARG001
    return make.variant("MUG", 1250)


@pytest.fixture
def tokyo(mug: Variant) -> Terminal:  # noqa: ARG001
    return place("JPY")


def test_goods_without_a_price_in_the_currency_of_the_place_are_not_sold_there(tokyo: Terminal) -> None:
    line = {"sku": "MUG", "quantity": "1"}

    with nothing_happened():
        quote = tokyo.post("/price-quotes", {"lines": [line]})
        order = tokyo.post("/orders", make.order_body(lines=[line], tenders=[]))

    for answer in (quote, order):
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["code"], error["pointer"]) == (422, "no-price", "/lines/0")
        assert "no price list has a price of MUG in JPY" in error["detail"]
        assert "add it to a list of that currency" in error["detail"]


def test_variants_show_no_price_where_they_are_not_sold(tokyo: Terminal, mug: Variant) -> None:
    (shown,) = tokyo.get("/variants", sku="MUG").json()["results"]

    assert (shown["price"], shown["prices"]) == (None, [])
    assert tokyo.get(f"/variants/{mug.id}").json() == shown


def test_a_list_of_the_currency_of_the_place_has_the_price(tokyo: Terminal) -> None:
    yen = price_list("Yen", {"MUG": {"0": 1600, "10": 1500}}, currency="JPY")

    (shown,) = tokyo.get("/variants", sku="MUG").json()["results"]
    order = tokyo.post("/orders", make.order_body(tenders=[])).json()

    assert shown["price"] == {"amount": 1600, "currency": "JPY"}
    assert [each["price"]["amount"] for each in shown["prices"]] == [1600, 1500]
    assert (order["total"], order["price_list_id"]) == ({"amount": 1600, "currency": "JPY"}, str(yen.id))


@pytest.mark.parametrize(
    "line",
    [{"snapshot": SNAPSHOT}, {"unit_price": {"amount": 1250}}, {"unit_price": {"amount": 1250}, "snapshot": SNAPSHOT}],
)
def test_what_was_paid_is_accepted_at_the_price_of_the_till_with_an_exception(
    tokyo: Terminal, line: dict[str, Any]
) -> None:
    lines = [{"sku": "MUG", "quantity": "1", **line}]

    answer = tokyo.post("/orders", make.order_body(lines=lines, tenders=[CASH], origin="OFFLINE", device_sequence=1))

    assert (answer.status_code, answer.json()["status"]) == (201, "COMPLETED"), answer.content
    assert [each["kind"] for each in answer.json()["exceptions"]] == ["no-price"]
    assert answer.json()["total"] == {"amount": 1250, "currency": "JPY"}
    (noted,) = ExceptionCase.objects.get(kind="no-price").payload["lines"]
    assert (noted["sku"], noted["sold_at"], noted["currency"]) == ("MUG", "1250", "JPY")


def test_a_price_that_somebody_types_in_needs_no_list_and_no_exception(tokyo: Terminal) -> None:
    lines = [{"sku": "MUG", "quantity": "1", "unit_price": {"amount": 1600, "currency": "JPY"}}]

    order = tokyo.post("/orders", make.order_body(lines=lines, tenders=[])).json()

    assert (order["total"]["amount"], order["exceptions"], order["lines"][0]["list_price"]) == (1600, [], None)


def without_locations() -> None:
    Device.objects.all().delete()
    Register.objects.all().delete()
    CashDrawer.objects.all().delete()
    Location.objects.all().delete()


@pytest.mark.parametrize("currency", ["JPY", "KWD", "EUR"])
@pytest.mark.parametrize("has_list", [True, False])
def test_a_new_shop_has_a_default_list_in_its_currency(shop: Tenant, currency: str, *, has_list: bool) -> None:
    without_locations()
    if not has_list:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE pos_pricelist CASCADE")

    furnish_shop(name="north", currency=currency, timezone="UTC")

    assert default_list().currency == currency
    make.variant("MUG", 1250)
    assert make.order(make.cash(1250)).currency == currency


def test_a_default_list_without_prices_follows_the_first_location_alone(shop: Tenant) -> None:
    first = make.register().location
    Location.objects.create(code="B", name="Second", currency="USD")
    assert default_list().currency == "EUR"
    Location.objects.filter(id=first.id).update(currency="JPY")
    assert default_list().currency == "JPY"
    make.variant("MUG", 1250)
    Location.objects.filter(id=first.id).update(currency="KWD")
    assert default_list().currency == "JPY"


@pytest.mark.parametrize(("currency", "price"), [("KWD", "12500.000000"), ("JPY", "12.500000"), ("USD", "1250.000000")])
def test_prices_keep_their_figures_when_the_first_location_gets_another_currency(
    mug: Variant, currency: str, price: str
) -> None:
    owner, page = people.owner(), f"/admin/pos/location/{make.register().location_id}/change/"
    typed = {
        **filled_form(owner.get(page).content, "location_form"),
        "currency": currency,
        "unlinked_return_limit": "9",
    }

    answer = owner.post(page, typed, follow=True)

    assert f"The default price list is in {currency} now" in answer.content.decode()
    assert (default_list().currency, str(PriceEntry.objects.get().price)) == (currency, price)
    announced = Event.objects.filter(type="pos.variant_changed").latest("position").data
    assert [each["currency"] for each in announced["prices"]] == [currency]
    assert Event.objects.filter(type="pos.price_changed").latest("position").data["currency"] == currency


def test_the_default_list_keeps_its_currency_from_the_first_document_of_the_shop_on(mug: Variant) -> None:
    place("USD")
    owner, page = people.owner(), f"/admin/pos/location/{make.register().location_id}/change/"
    typed = {**filled_form(owner.get(page).content, "location_form"), "currency": "JPY", "unlinked_return_limit": "9"}

    answer = owner.post(page, typed, follow=True)

    assert "No price list is in JPY, so north cannot sell goods yet" in answer.content.decode()
    assert default_list().currency == "EUR"
    with pytest.raises(IntegrityError, match="in EUR since the first document"), transaction.atomic():
        PriceList.objects.update(currency="JPY")


def test_entries_of_the_default_list_are_shown_in_its_currency_without_any_location(shop: Tenant) -> None:
    make.variant("MUG", 1250)
    without_locations()
    key = Terminal("north.localhost", issue_api_key(name="prices", scopes=[PRICES_READ]))

    answer = key.get(f"/price-lists/{default_list().id}/entries")

    assert answer.status_code == 200
    assert [each["price"] for each in answer.json()["results"]] == [{"amount": 1250, "currency": "EUR"}]


def test_products_are_put_in_the_currency_of_the_default_list(tokyo: Terminal) -> None:
    key = Terminal(
        "north.localhost",
        issue_api_key(name="goods", scopes=[CATALOGUE_READ, CATALOGUE_WRITE, PRICES_READ, PRICES_WRITE]),
    )
    body = {"sku": "CUP", "name": "Cup", "tax_name": "Zero", "price": {"amount": 500}}

    refused = key.post("/products?location=JPY", body)
    taken = key.post("/products?location=JPY", {**body, "price": {"amount": 500, "currency": "EUR"}})

    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["pointer"]) == (422, "/price")
    assert "the default price list is in EUR, and this price is in JPY" in error["detail"]
    assert (taken.status_code, taken.json()["price"]) == (201, None)
    assert PriceEntry.objects.get(variant__sku="CUP").price == 500


def as_older_code_left_it() -> None:
    """Let the default list have no currency, as before the upgrade."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE pos_pricelist DISABLE TRIGGER USER;"
            "ALTER TABLE pos_pricelist DROP CONSTRAINT price_list_has_a_currency;"
            "UPDATE pos_pricelist SET currency = '' WHERE is_default; SET CONSTRAINTS ALL IMMEDIATE;"
            "ALTER TABLE pos_pricelist ENABLE TRIGGER USER;"
            "ALTER TABLE pos_pricelist DISABLE TRIGGER pos_pricelist_keep"
        )


def split() -> None:
    with connection.cursor() as cursor:
        cursor.execute(SPLIT)


def test_the_upgrade_gives_the_default_list_the_currency_of_the_locations(mug: Variant) -> None:
    Location.objects.update(currency="KWD")
    as_older_code_left_it()

    split()

    assert [(each.currency, each.split_at) for each in PriceList.objects.all()] == [("KWD", None)]


def test_after_the_upgrade_each_till_sells_at_the_price_of_before(mug: Variant) -> None:
    PriceEntry.objects.create(price_list=default_list(), variant=mug, minimum_quantity=10, price="1165.5")
    make.order()
    tokyo, kuwait = place("JPY"), place("KWD")
    price_list("Promotion", {"MUG": 900}, currency="JPY", valid_from="2026-12-01T00:00")
    price_list("Member", {"MUG": 800}, currency="JPY", valid_to="2020-01-01", priority=1)
    as_older_code_left_it()
    lines = [{"sku": "MUG", "quantity": "1", "unit_price": {"amount": 1250}}]
    old = tokyo.post("/orders", make.order_body(lines=lines, tenders=[]))
    Order.objects.filter(id=old.json()["id"]).update(price_list_id=default_list().id)

    split()

    shown = {each.name: (each.currency, each.priority) for each in PriceList.objects.all()}
    assert shown == {
        "Default": ("EUR", 0), "Default JPY": ("JPY", 0), "Default KWD": ("KWD", 0), "Promotion": ("JPY", 1),
        "Member": ("JPY", 2),
    }  # fmt: skip
    for till, currency in ((tokyo, "JPY"), (kuwait, "KWD")):
        for quantity, price in (("1", {"amount": 1250}), ("10", {"amount_decimal": "1165.5"})):
            lines = [{"sku": "MUG", "quantity": quantity}]
            (line,) = till.post("/price-quotes", {"lines": lines}).json()["lines"]
            assert (line["unit_price"], line["tax_inclusive"]) == ({**price, "currency": currency}, True)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE pos_pricelist ENABLE TRIGGER pos_pricelist_keep")
    require_sound()


def test_verify_names_a_line_that_was_priced_by_a_list_of_another_currency(mug: Variant) -> None:
    order = make.order(make.cash(1250))
    yen = price_list("Yen", {"MUG": 1600}, currency="JPY")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pos_orderline SET price_list_id = %s", [yen.id])
    out = StringIO()

    with pytest.raises(SystemExit):
        call_command("verify", "--tenant", "north", stdout=out)

    (line,) = order.lines.all()
    assert "price lists of lines and orders exist, and are in their currency" in out.getvalue()
    assert str(line.id) in out.getvalue()
