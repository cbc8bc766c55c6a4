"""What the catalogue announces of prices, made of price lists and their entries."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from kernel.local_moments import moment_shown
from kernel.money import plain
from pos.catalogue.models import Variant
from pos.events.catalogue import ListedPrice, PriceChanged
from pos.prices.models import PriceEntry, PriceList
from pos.registers.models import Location


def base_price(variant: Variant, listed: Iterable[PriceEntry]) -> Decimal:
    """Return the price of the default list: that of the variant, with the fractions of a minor unit that it lacks."""
    return next((plain(entry.price) for entry in listed if entry.is_base), Decimal(variant.price))


def listed_prices(listed: Iterable[PriceEntry]) -> list[ListedPrice]:
    """List what one unit of a variant costs by each list that has a price of it."""
    return [
        ListedPrice(
            price_list_id=entry.price_list_id,
            price_list=entry.price_list.name,
            currency=entry.price_list.currency,
            inclusive=entry.price_list.tax_included,
            minimum_quantity=plain(entry.minimum_quantity),
            price=plain(entry.price),
        )
        for entry in listed
    ]


def price_changed(
    variant: Variant, price_list: PriceList, minimum: Decimal, *, old: Decimal | None, new: Decimal | None
) -> PriceChanged:
    return PriceChanged(
        variant_id=variant.id,
        sku=variant.sku,
        price_list_id=price_list.id,
        currency=price_list.currency,
        minimum_quantity=plain(minimum),
        old=None if old is None else plain(old),
        new=None if new is None else plain(new),
        valid_from=begin_of(price_list, Location.objects.order_by("id")[:1]),
    )


def begin_of(price_list: PriceList, first: Iterable[Location]) -> datetime | None:
    """Return from when on a list has prices; None where it always had.

    :param first: the shop's first location, by whose clock a list begins that holds at all of them.
    """
    if price_list.valid_from is None:
        return None
    location = price_list.location or next(iter(first), None)
    return moment_shown(price_list.valid_from, location.timezone if location else "UTC")
