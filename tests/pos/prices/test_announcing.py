"""Prices that change are announced, with the list whose they are."""

from typing import Any

import pytest

from events.models import Event
from events.testing.work import names
from pos.models import Location, PriceEntry, PriceList, Variant
from tenants.models import Tenant
from tests.support import make, people
from tests.support.forms import filled_form
from tests.support.pricing import base_entry, default_list, price_list


def changes() -> list[dict[str, Any]]:
    """Return what `pos.price_changed` has said so far."""
    return [row.data for row in Event.objects.filter(type="pos.price_changed").order_by("position")]


def save(page: str, form_id: str, **typed: str) -> Any:
    client = people.signed_in(people.User.objects.get(username="ada"))
    return client.post(page, {**filled_form(client.get(page).content, form_id), **typed})


@pytest.fixture
def mug(shop: Tenant) -> Variant:
    people.owner()
    return make.variant("MUG", 1000)


def test_a_price_of_the_catalogue_is_announced_with_the_default_list(mug: Variant) -> None:
    make.variant("MUG", 1200)
    make.variant("MUG", 1200)

    (said,) = changes()
    assert said["price_list_id"] == str(default_list().id)
    assert (said["sku"], float(said["old"]), float(said["new"])) == ("MUG", 1000, 1200)
    assert (said["currency"], float(said["minimum_quantity"]), said["valid_from"]) == ("EUR", 0, None)


def test_an_entry_that_is_typed_in_major_units_is_stored_and_announced(mug: Variant) -> None:
    sale = price_list("Sale", valid_from="2026-12-01T00:00")
    Location.objects.update(timezone="Europe/Berlin")
    page = f"/admin/pos/pricelist/{sale.id}/change/"
    row = {"entries-TOTAL_FORMS": "1", "entries-0-variant": str(mug.id), "entries-0-minimum_quantity": "3"}

    refused = save(page, "pricelist_form", **row, **{"entries-0-price": "12.5"})
    added = save(page, "pricelist_form", **row, **{"entries-0-price": "8.125"})
    (entry,) = PriceEntry.objects.filter(price_list=sale)
    changed = save(page, "pricelist_form", **{"entries-0-price": "7.50"})
    removed = save(page, "pricelist_form", **{"entries-0-DELETE": "on"})

    assert (refused.status_code, added.status_code, changed.status_code, removed.status_code) == (200, 302, 302, 302)
    assert float(entry.price) == 812.5
    said = [(each["old"], each["new"]) for each in changes()]
    assert [tuple(None if price is None else float(price) for price in pair) for pair in said] == [
        (None, 812.5),
        (812.5, 750),
        (750, None),
    ]
    first = changes()[0]
    assert (first["price_list_id"], first["currency"], float(first["minimum_quantity"])) == (str(sale.id), "EUR", 3)
    assert first["valid_from"].startswith("2026-11-30T23:00:00")
    assert names().count("pos.variant_changed") == 4


def test_the_event_of_a_variant_has_its_prices_by_all_lists(mug: Variant) -> None:
    price_list("Net", {"MUG": {"10": 700}}, tax_included=False)

    make.variant("MUG", 1100)

    said = Event.objects.filter(type="pos.variant_changed").order_by("-position")[0].data
    prices = [(each["price_list"], each["inclusive"], float(each["price"])) for each in said["prices"]]
    assert prices == [("Default", None, 1100), ("Net", False, 700)]
    assert float(said["price"]) == 1100


def test_a_list_that_is_deleted_takes_its_prices_back(mug: Variant) -> None:
    sale = price_list("Sale", {"MUG": 800})
    client = people.signed_in(people.User.objects.get(username="ada"))

    answer = client.post(f"/admin/pos/pricelist/{sale.id}/delete/", {"post": "yes"})

    assert answer.status_code == 302
    assert [(float(each["old"]), each["new"]) for each in changes()] == [(800, None)]
    assert not PriceList.objects.filter(id=sale.id).exists()


def test_the_default_list_is_shown_and_keeps_its_entries(mug: Variant) -> None:
    page = f"/admin/pos/pricelist/{default_list().id}/change/"

    changed = save(page, "pricelist_form", **{"entries-0-price": "9.99"})
    removed = save(page, "pricelist_form", **{"entries-0-DELETE": "on"})

    mug.refresh_from_db()
    assert (changed.status_code, removed.status_code, mug.price) == (302, 200, 999)
    assert "change that price" in removed.content.decode()
    assert base_entry(mug).price == 999


def test_a_new_list_is_saved_before_its_entries_and_holds_where_its_currency_is_used(mug: Variant) -> None:
    location = Location.objects.get()
    client = people.signed_in(people.User.objects.get(username="ada"))
    page = "/admin/pos/pricelist/add/"
    form = filled_form(client.get(page).content, "pricelist_form")
    typed = {**form, "name": "Sale", "currency": "USD", "tax_included": "true", "location": str(location.id)}

    refused = client.post(page, typed)
    made = client.post(page, {**typed, "currency": "EUR", "_continue": "1"})
    again = client.post(page, {**typed, "name": "Twice", "currency": "EUR"})

    assert "sells in EUR, not in USD" in refused.content.decode()
    assert made.status_code == 302
    assert "Another list of this priority holds" in again.content.decode()
    sale = PriceList.objects.get(name="Sale")
    assert (sale.currency, sale.tax_included, sale.location_id) == ("EUR", True, location.id)
    assert "entries-TOTAL_FORMS" in client.get(made.headers["Location"]).content.decode()


def test_an_entry_is_found_by_its_sku_among_those_of_all_lists(mug: Variant) -> None:
    price_list("Sale", {"MUG": 800})
    make.variant("CUP", 500)
    client = people.signed_in(people.User.objects.get(username="ada"))

    shown = client.get("/admin/pos/priceentry/", {"q": "MUG"}).content.decode()

    assert ("8.00 EUR" in shown, "10.00 EUR" in shown, "5.00 EUR" in shown) == (True, True, False)
