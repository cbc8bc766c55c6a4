"""A price may have fractions of a minor unit wherever the catalogue takes, shows or announces it (SH1)."""

from decimal import Decimal
from typing import Any

import pytest

from events.testing.work import published, settle
from pos.catalogue.bulk import put_rows
from pos.catalogue.rows import CatalogueRow
from pos.models import PriceEntry, Variant
from tenants.models import Tenant
from tests.support import make
from tests.support.terminal import Terminal
from tests.support.verifying import require_sound

EXACT = {"amount_decimal": "165.9", "currency": "EUR"}


@pytest.fixture(autouse=True)
def _open_shop(shop: Tenant) -> None:  # noqa: ARG001
    make.register()


def _screw(price: dict[str, Any]) -> dict[str, Any]:
    return {"sku": "SCREW", "name": "Screw", "price": price, "tax_name": "Standard, included"}


def test_sh1_a_product_is_put_and_shown_with_its_exact_price(api: Terminal) -> None:
    made = api.post("/products", _screw(EXACT))
    again = api.post("/products", _screw(EXACT))

    assert (made.status_code, again.status_code) == (201, 200), made.json()
    assert made.json()["price"] == made.json()["prices"][0]["price"] == EXACT
    assert api.get("/variants").json()["results"][0]["price"] == EXACT
    assert PriceEntry.objects.get().price == Decimal("165.9")
    assert Decimal(published("pos.variant_changed")[-1].data["price"]) == Decimal("165.9")
    assert published("pos.price_changed") == []
    whole = api.post("/products", _screw({"amount": 166, "currency": "EUR"})).json()
    assert whole["price"] == {"amount": 166, "currency": "EUR"}
    (changed,) = published("pos.price_changed")
    assert [Decimal(changed.data[name]) for name in ("old", "new")] == [Decimal("165.9"), 166]
    settle()
    require_sound()


def test_sh1_an_import_that_changes_a_name_announces_no_price(api: Terminal) -> None:
    api.post("/products", _screw(EXACT))
    settle()

    for price in (None, Decimal("165.9")):
        put_rows([CatalogueRow(sku="SCREW", variant=f"M4 {price}", price=price)], file_name="names.csv")

    assert Variant.objects.get().name == "M4 165.9"
    assert published("pos.price_changed") == []
    assert PriceEntry.objects.get().price == Decimal("165.9")
