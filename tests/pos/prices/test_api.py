"""Price lists are read through the API; a variant shows what it costs here and now."""

from datetime import timedelta

from django.utils import timezone

from kernel.ids import new_id
from pos.models import Location
from tenants.models import Tenant
from tests.support import make
from tests.support.pricing import default_list, price_list
from tests.support.terminal import Terminal


def test_the_lists_are_shown_with_what_they_hold_for_and_once_only(api: Terminal, shop: Tenant) -> None:
    location = Location.objects.get()
    sale = price_list("Sale", location=location, valid_from="2026-12-01T00:00", valid_to="2027-01-01T00:00")

    answer = api.get("/price-lists")
    again = api.client.get("/api/v1/price-lists", headers={**api.headers, "If-None-Match": answer.headers["ETag"]})

    default, shown = answer.json()["results"]
    assert shown == {
        "id": str(sale.id),
        "name": "Sale",
        "currency": "EUR",
        "tax_included": True,
        "location_id": str(location.id),
        "valid_from": "2026-12-01T00:00:00",
        "valid_to": "2027-01-01T00:00:00",
        "priority": 0,
        "is_default": False,
    }
    assert (default["name"], default["currency"], default["tax_included"], default["is_default"]) == (
        "Default", "EUR", None, True,
    )  # fmt: skip
    assert again.status_code == 304
    assert api.get("/price-lists", colour="red").json()["code"] == "unknown-parameter"


def test_the_entries_of_a_list_are_shown_in_its_currency(api: Terminal, shop: Tenant) -> None:
    mug, cup = make.variant("MUG", 1000), make.variant("CUP", 500)
    sale = price_list("Sale", {"MUG": {"0": 900, "10": 700}, "CUP": "165.9"}, currency="USD")

    def shown(list_id: object, **query: str) -> list[tuple[str, str, object]]:
        rows = api.get(f"/price-lists/{list_id}/entries", **query).json()["results"]
        return sorted((row["sku"], row["minimum_quantity"], tuple(row["price"].values())) for row in rows)

    assert shown(sale.id) == [
        ("CUP", "0.000", ("165.9", "USD")),
        ("MUG", "0.000", (900, "USD")),
        ("MUG", "10.000", (700, "USD")),
    ]
    assert shown(sale.id, variant_id=str(cup.id)) == [("CUP", "0.000", ("165.9", "USD"))]
    assert shown(default_list().id, variant_id=str(mug.id)) == [("MUG", "0.000", (1000, "EUR"))]
    assert api.get(f"/price-lists/{new_id()}/entries").status_code == 404


def test_a_variant_shows_what_it_costs_here_and_now_by_quantity(api: Terminal, shop: Tenant) -> None:
    mug = make.variant("MUG", 1000)
    price_list("Steps", {"MUG": {"3": 900, "10": 700}})
    price_list("Over", {"MUG": 1}, priority=1, valid_to=timezone.now() - timedelta(days=1))
    price_list("Elsewhere", {"MUG": 2}, priority=2, location=Location.objects.create(code="B", currency="EUR"))

    (listed,) = api.get("/variants", sku="MUG").json()["results"]

    assert listed == api.get(f"/variants/{mug.id}").json()
    assert [(each["minimum_quantity"], each["price"]["amount"]) for each in listed["prices"]] == [
        ("0.000", 1000),
        ("3.000", 900),
        ("10.000", 700),
    ]
    assert listed["prices"][0]["price_list_id"] == str(default_list().id)
    assert listed["price"]["amount"] == 1000
