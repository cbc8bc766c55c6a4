"""Price lists of a shop, as tests set them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pos.models import Location, PriceEntry, PriceList, Variant

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
Prices = dict[str, int | str | dict[str, int]]


def price_list(name: str = "Sale", prices: Prices | None = None, **more: Any) -> PriceList:
    """Make a list whose prices contain the taxes, in EUR unless said otherwise.

    :param prices: by SKU: of any quantity, or by the quantity from which on they hold.
    """
    made = PriceList.objects.create(**{"name": name, "currency": "EUR", "tax_included": True, **more})
    for sku, price in (prices or {}).items():
        steps = price if isinstance(price, dict) else {"0": price}
        for minimum, of_step in steps.items():
            PriceEntry.objects.create(
                price_list=made,
                variant=Variant.objects.get(sku=sku, active=True),
                minimum_quantity=Decimal(minimum),
                price=Decimal(of_step),
            )
    return made


def set_currency(currency: str) -> None:
    """Let all locations of a shop without documents sell in a currency, and the default list have it."""
    Location.objects.update(currency=currency)
    PriceList.objects.filter(is_default=True).update(currency=currency)


def prices_in(currency: str) -> PriceList:
    """Make a list of another currency than the default list's, with the prices that this has now."""
    made = PriceList.objects.create(name=f"All in {currency}", currency=currency, tax_included=None, split_at=LONG_AGO)
    for entry in PriceEntry.objects.filter(price_list__is_default=True):
        PriceEntry.objects.create(
            price_list=made, variant=entry.variant, minimum_quantity=entry.minimum_quantity, price=entry.price
        )
    return made


def default_list() -> PriceList:
    return PriceList.objects.get(is_default=True)


def base_entry(variant: Variant) -> PriceEntry:
    """Return the entry to which the variant's own price is equal."""
    return PriceEntry.objects.get(price_list=default_list(), variant=variant, minimum_quantity=0)
