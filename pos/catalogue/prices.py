"""Prices of variants by price lists: whatever changes of them in a block is announced."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from uuid import UUID

from django.db.models import F

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.currencies import exponent
from pos.catalogue.facts import price_changed
from pos.catalogue.models import Variant
from pos.catalogue.services import announce_variant, lock_products
from pos.prices.models import PriceEntry, PriceList
from pos.prices.queries import entries_by_variant, has_documents
from pos.registers.models import Location

Prices = Mapping[tuple[UUID, Decimal], Decimal]
"""Of a variant: what one unit costs, by list and minimum quantity."""


@contextmanager
def announcing_prices(variant_ids: Collection[UUID]) -> Iterator[None]:
    """Say of each price of these variants that is another one after the block, by which list, and what it was.

    Their products and then the variants are locked first, as by all who write prices. Each variant with a changed price
    is announced as well: its event has all of its prices.
    """
    with unit_of_work():
        variants = _locked(variant_ids)
        lists, before = _lists(), entries_by_variant(variant_ids)
        yield
        lists, after = {**lists, **_lists()}, entries_by_variant(variant_ids)
        for variant in variants:
            was, now = _steps(before[variant.id]), _steps(after[variant.id])
            changed = sorted(key for key in {*was, *now} if was.get(key) != now.get(key))
            for list_id, minimum in changed:
                key = (list_id, minimum)
                publish(price_changed(variant, lists[list_id], minimum, old=was.get(key), new=now.get(key)))
            if changed:
                announce_variant(variant=variant, listed=after[variant.id])


def follow_first_location(location: Location) -> bool:
    """Give the default list the currency of the shop's first location, where nothing of the shop is recorded yet.

    Its prices keep the figures that people wrote, as far as a currency has decimals or not: 12.50 EUR are 12.500 KWD,
    or 12.5 JPY. All variants are announced. A list without prices has followed already, in the database.

    :param location: whose currency was changed. :return: whether prices are in another currency now.
    """
    with unit_of_work():
        price_list = PriceList.objects.select_for_update().get(is_default=True)
        is_first = not Location.objects.filter(id__lt=location.id).exists()
        if price_list.currency == location.currency or not is_first or has_documents():
            return False
        ids = list(PriceEntry.objects.filter(price_list=price_list).values_list("variant_id", flat=True).distinct())
        variants = _locked(ids)
        factor = Decimal(10) ** (exponent(location.currency) - exponent(price_list.currency))
        price_list.currency = location.currency
        price_list.save(update_fields=["currency"])
        PriceEntry.objects.filter(price_list=price_list).update(price=F("price") * factor)
        listed = entries_by_variant(ids)
        for variant in variants:
            for entry in listed[variant.id]:
                if entry.price_list_id == price_list.id:
                    publish(price_changed(variant, price_list, entry.minimum_quantity, old=None, new=entry.price))
            announce_variant(variant=variant, listed=listed[variant.id])
    return bool(ids)


def _lists() -> dict[UUID, PriceList]:
    return PriceList.objects.select_related("location").in_bulk()


def _locked(variant_ids: Collection[UUID]) -> list[Variant]:
    wanted = Variant.objects.filter(id__in=variant_ids)
    lock_products(wanted.values("product"))
    locked = wanted.select_for_update(no_key=True, of=["self"])
    return list(locked.select_related("product__category", "product__tax_class", "product__tax_rate").order_by("id"))


def _steps(entries: Collection[PriceEntry]) -> Prices:
    return {(entry.price_list_id, entry.minimum_quantity): entry.price for entry in entries}
