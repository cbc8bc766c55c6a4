"""People type and read major units in the admin, of the currency of the row (SH15)."""

import re
from decimal import Decimal

import pytest
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import BigIntegerField

from events.testing.work import published, settle
from pos.catalogue.services import Item, put_item
from pos.models import Location, Order, Register, Variant
from pos.prices.queries import base_entries
from tenants.models import Tenant
from tests.support import make, people
from tests.support.forms import filled_form
from tests.support.pricing import set_currency
from web.admin.hosts import OnShopHost
from web.admin.money import MajorUnits

COUNTS = ("number", "_chained", "_sequence", "documents", "position")
"""How the names of large numbers end that are no amounts."""


@pytest.mark.parametrize(
    ("currency", "typed", "amount"),
    [
        ("EUR", "19.99", 1999),
        ("EUR", "12", 1200),
        ("EUR", " 12.00 ", 1200),
        ("EUR", "0", 0),
        ("EUR", "-0.00", 0),
        ("EUR", "0.01", 1),
        ("EUR", "0012.50", 1250),
        ("EUR", "10000000000.00", 10**12),
        ("JPY", "1000", 1000),
        ("KWD", "1.659", 1659),
        ("KWD", "2", 2000),
    ],
)
def test_sh15_an_amount_is_typed_in_major_units(currency: str, typed: str, amount: int) -> None:
    field = MajorUnits(currency=currency)

    assert field.clean(typed) == amount
    assert field.clean(field.prepare_value(amount)) == amount
    assert not field.has_changed(amount, typed)
    assert field.has_changed(amount + 1, typed)


@pytest.mark.parametrize(
    ("currency", "typed", "sentence"),
    [
        ("EUR", "19.999", "EUR has 2 decimals: write 19.50."),
        ("EUR", "12.5", "EUR has 2 decimals"),
        ("EUR", "19,99", "Write an amount of EUR in digits, as 1234.50"),
        ("EUR", "1,234.50", "no blanks, commas or letters"),
        ("EUR", "1.234,50", "no blanks, commas or letters"),
        ("EUR", "1 234.50", "no blanks"),
        ("EUR", "1\u00a0234.50", "no blanks"),
        ("EUR", "1'234.50", "Write an amount"),
        ("EUR", "1_000", "Write an amount"),
        ("EUR", "1E3", "Write an amount"),
        ("EUR", "+5", "Write an amount"),
        ("EUR", ".50", "Write an amount"),
        ("EUR", "5.", "Write an amount"),
        ("EUR", "12.50 EUR", "Write an amount"),
        ("EUR", "\u0661\u0662", "Write an amount"),
        ("EUR", "NaN", "Write an amount"),
        ("EUR", "-0.01", "must not be below zero"),
        ("EUR", "10000000000.01", "at most 10000000000.00 EUR"),
        ("EUR", "9" * 5000, "at most"),
        ("JPY", "1000.00", "JPY has no decimals: write 1000."),
        ("KWD", "1.65", "KWD has 3 decimals: write 1.500."),
        ("EUR", "", "required"),
    ],
)
def test_sh15_what_is_no_amount_of_the_currency_is_refused_in_plain_words(
    currency: str, typed: str, sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        MajorUnits(currency=currency).clean(typed)


@pytest.mark.parametrize(
    ("currency", "typed", "amount", "shown"),
    [("EUR", "19.99", 1999, "19.99 EUR"), ("JPY", "1000", 1000, "1000 JPY"), ("KWD", "1.659", 1659, "1.659 KWD")],
)
def test_sh15_a_price_is_typed_and_shown_in_the_currency_of_the_shop(
    shop: Tenant, currency: str, typed: str, amount: int, shown: str
) -> None:
    set_currency(currency)
    variant, client = make.variant(price=100), people.owner()
    page, products = f"/admin/pos/variant/{variant.id}/change/", f"/admin/pos/product/{variant.product_id}/change/"

    saved = client.post(page, {**filled_form(client.get(page).content, "variant_form"), "price": typed})
    unchanged = client.post(products, filled_form(client.get(products).content, "product_form"))

    assert (saved.status_code, unchanged.status_code) == (302, 302)
    assert Variant.objects.get().price == amount
    assert shown in client.get("/admin/pos/variant/").content.decode()
    assert filled_form(client.get(page).content, "variant_form")["price"] == typed
    assert filled_form(client.get(products).content, "product_form")["variants-0-price"] == typed


def test_sh15_a_row_is_shown_in_its_own_currency(shop: Tenant) -> None:
    dinars = Location.objects.create(code="K", name="Kuwait", currency="KWD")
    Register.objects.create(code="R9", name="Till", location=dinars)
    make.variant()
    order = make.order(make.card(400), make.cash(600))
    settle()
    make.return_(order, make.returning(order))
    settle()
    Order.objects.update(currency="KWD")
    client = people.owner()

    listed = client.get("/admin/pos/order/").content.decode()
    shown = client.get(f"/admin/pos/order/{order.id}/change/").content.decode()

    assert "1.000 KWD" in listed
    assert {"1.000 KWD", "0.600 KWD", "0.400 KWD"} <= {part for part in _words(shown) if "KWD" in part}
    for path, amount in (("payments/payment", "6.00 EUR"), ("pos/return", "10.00 EUR"), ("pos/shift", "0.00 EUR")):
        assert amount in client.get(f"/admin/{path}/").content.decode(), path


@pytest.mark.parametrize("typed", ["1E3", "1e-2", "+1", "1_0", "0,2", "\u0661", "Infinity", "NaN", "0x1", "1."])
def test_sh15_numbers_in_the_admin_are_plain_decimals(shop: Tenant, typed: str) -> None:
    answer = people.owner().post("/admin/pos/taxrate/add/", {"name": "Odd", "rate": typed})

    assert answer.status_code == 200
    (sentence,) = answer.context["adminform"].form.errors["rate"]
    assert sentence == "Write a number in digits, as 1.5: no exponent, no plus sign, no comma."


def test_sh15_no_page_of_a_shop_shows_or_takes_minor_units() -> None:
    bare = []
    for model, page in admin.site._registry.items():
        if not isinstance(page, OnShopHost) or model._meta.app_label not in {"pos", "payments"}:
            continue
        for shown in (page, *(inline(model, admin.site) for inline in page.inlines)):
            large = [f for f in shown.model._meta.fields if isinstance(f, BigIntegerField) and not f.primary_key]
            amounts = {f.name for f in large if f.editable and not f.name.endswith(COUNTS)}
            named = set(shown.fields or ()) | set(getattr(shown, "list_display", ()))
            named = named if shown.fields or shown is not page else amounts
            bare += [f"{shown.model._meta.label}.{name}" for name in (amounts & named) - set(shown.money)]

    assert bare == []


def _words(page: str) -> set[str]:
    return set(re.findall(r"[0-9.]+ [A-Z]{3}", page))


@pytest.mark.parametrize(
    ("currency", "price", "typed", "shown"),
    [
        ("EUR", "1.25", "0.0125", "0.0125 EUR"),
        ("EUR", "0.000001", "0.00000001", "0.00000001 EUR"),
        ("JPY", "12.5", "12.5", "12.5 JPY"),
        ("KWD", "1.5", "0.0015", "0.0015 KWD"),
    ],
)
def test_sh15_a_price_of_fractions_is_shown_as_it_is_and_kept_by_a_page_that_is_saved_unchanged(
    shop: Tenant, currency: str, price: str, typed: str, shown: str
) -> None:
    Location.objects.update(currency=currency)
    item = Item(sku="SCREW", name="Screw", price=Decimal(price), tax_rate="Standard, included", stocked=True)
    variant, client = put_item(item=item)[0], people.owner()
    kept = (price_of(variant), Variant.objects.get().price)
    page, products = f"/admin/pos/variant/{variant.id}/change/", f"/admin/pos/product/{variant.product_id}/change/"

    forms = [
        (page, filled_form(client.get(page).content, "variant_form")),
        (products, filled_form(client.get(products).content, "product_form")),
    ]
    saved = [client.post(address, form).status_code for address, form in forms]
    renamed = client.post(products, {**forms[1][1], "variants-0-name": "Steel"})

    assert (forms[0][1]["price"], forms[1][1]["variants-0-price"]) == (typed, typed)
    assert (saved, renamed.status_code) == ([302, 302], 302)
    assert (price_of(variant), Variant.objects.get().price) == kept
    assert Variant.objects.get().name == "Steel"
    assert shown in client.get("/admin/pos/variant/").content.decode()
    assert published("pos.price_changed") == []


def test_sh15_a_price_of_fractions_is_taken_as_it_is_typed(shop: Tenant) -> None:
    variant, client = make.variant(price=100), people.owner()
    page, products = f"/admin/pos/variant/{variant.id}/change/", f"/admin/pos/product/{variant.product_id}/change/"

    client.post(page, {**filled_form(client.get(page).content, "variant_form"), "price": "0.0175"})
    first = (price_of(variant), Variant.objects.get().price)
    form = filled_form(client.get(products).content, "product_form")
    client.post(products, {**form, "variants-0-price": "0.0149"})
    second = (price_of(variant), Variant.objects.get().price)
    added = {name.replace("-0-", "-1-"): value for name, value in form.items() if "-0-" in name}
    added |= {"variants-1-id": "", "variants-1-sku": "NEW", "variants-1-price": "0.0149", "variants-TOTAL_FORMS": "2"}
    client.post(products, {**form, "variants-0-price": "0.0149", **added})
    refused = client.post(page, {**filled_form(client.get(page).content, "variant_form"), "price": "0.000000001"})

    assert first == (Decimal("1.75"), 2)
    assert second == (Decimal("1.49"), 1)
    assert price_of(Variant.objects.get(sku="NEW")) == Decimal("1.49")
    assert [Decimal(event.data["new"]) for event in published("pos.price_changed")] == [
        Decimal("1.75"),
        Decimal("1.49"),
    ]
    assert "up to 8" in refused.content.decode()


def price_of(variant: Variant) -> Decimal:
    return base_entries().get(variant=variant).price
