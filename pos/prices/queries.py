"""What can be asked of price lists: those in force at a place and moment, and the prices of variants."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection  # noqa: TID251 - a function of the database
from django.db.models import QuerySet

from events.subscriptions.queries import told_since
from kernel.local_moments import local_moment
from kernel.money import plain
from kernel.refusals import NotFound
from pos.events import PriceChanged
from pos.memory.shop import Kind
from pos.prices.models import ANY_QUANTITY, PriceEntry, PriceList
from pos.pricing import lists
from pos.registers.models import Location

PRICE_LISTS: Kind[str, tuple[lists.PriceList, ...]] = Kind(name="price lists", models=(PriceList,))


def currency_of_catalogue() -> QuerySet[PriceList, Any]:
    """Select the currency of the default list, in which the variants have their own prices."""
    return PriceList.objects.filter(is_default=True).values("currency")


def has_documents() -> bool:
    """Say whether the shop has an order, a return, a held sale or a shift: then the default list keeps its currency."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pos_shop_has_documents(current_schema())")
        (found,) = cursor.fetchone()
    return bool(found)


def has_list_in(currency: str) -> bool:
    return PriceList.objects.filter(currency=currency).exists()


def lists_in_force(location: Location, occurred_at: datetime) -> tuple[lists.PriceList, ...]:
    """Return the lists that have prices at a location and moment, in the order in which they are asked.

    All lists are remembered, whenever they hold: time decides at each sale.
    """
    return lists.in_force(
        PRICE_LISTS.recall_one("all", lambda _: _all_lists()) or (),
        location_id=location.id,
        currency=location.currency,
        moment=local_moment(occurred_at, location.timezone),
    )


def steps_of(variant_ids: Collection[UUID]) -> dict[UUID, tuple[lists.Step, ...]]:
    """Return the prices of variants by all lists, in one statement."""
    found: defaultdict[UUID, list[lists.Step]] = defaultdict(list)
    entries = PriceEntry.objects.filter(variant_id__in=variant_ids).order_by("variant_id", "minimum_quantity")
    for variant_id, list_id, minimum, price in entries.values_list(
        "variant_id", "price_list_id", "minimum_quantity", "price"
    ):
        found[variant_id].append(lists.Step(list_id=list_id, minimum=minimum, price=plain(price)))
    return {variant_id: tuple(found[variant_id]) for variant_id in variant_ids}


def offers_at(variant_ids: Collection[UUID], location: Location, moment: datetime) -> dict[UUID, list[lists.Offer]]:
    """Return what one unit of variants costs at a location and moment, from each quantity on at which that changes."""
    in_force = lists_in_force(location, moment)
    return {variant_id: lists.offers_of(steps, in_force) for variant_id, steps in steps_of(variant_ids).items()}


def entries_of(variant_ids: Collection[UUID]) -> QuerySet[PriceEntry]:
    """Return the entries of variants with their lists, the default list's first."""
    entries = PriceEntry.objects.filter(variant_id__in=variant_ids).select_related("price_list")
    return entries.order_by("-price_list__is_default", "price_list_id", "minimum_quantity")


def entries_by_variant(variant_ids: Collection[UUID]) -> dict[UUID, list[PriceEntry]]:
    """Return the entries of each variant with their lists, in one statement."""
    found: dict[UUID, list[PriceEntry]] = {variant_id: [] for variant_id in variant_ids}
    for entry in entries_of(variant_ids):
        found[entry.variant_id].append(entry)
    return found


def prices_since(variant_ids: Collection[UUID], since: datetime) -> dict[UUID, set[Decimal]]:
    """Return every price that variants have by some list, or have had since a moment."""
    found: dict[UUID, set[Decimal]] = {variant_id: set() for variant_id in variant_ids}
    for variant_id, price in PriceEntry.objects.filter(variant_id__in=variant_ids).values_list("variant_id", "price"):
        found[variant_id].add(price)
    streams = [f"variant:{variant_id}" for variant_id in variant_ids]
    for told in told_since(PriceChanged, streams=streams, since=since):
        found[told.variant_id].update(price for price in (told.old, told.new) if price is not None)
    return found


def find_price_list(price_list_id: UUID) -> PriceList:
    """:raises NotFound: when there is no such list."""
    found = PriceList.objects.filter(id=price_list_id).first()
    if found is None:
        message = f"this shop has no price list {price_list_id}"
        raise NotFound(message)
    return found


def entries_in(price_list_id: UUID, *, variant_id: UUID | None = None) -> QuerySet[PriceEntry]:
    entries = PriceEntry.objects.filter(price_list_id=price_list_id).select_related("variant")
    return entries.filter(variant_id=variant_id) if variant_id else entries


def base_entries() -> QuerySet[PriceEntry]:
    """Return the entries to which the variants' prices are equal: the default list's, from any quantity on."""
    return PriceEntry.objects.filter(price_list__is_default=True, minimum_quantity=ANY_QUANTITY)


def base_prices(variant_ids: Collection[UUID], *, currency: str = "") -> dict[UUID, Decimal]:
    """Return the prices of variants by the default list, from any quantity on, with fractions of a minor unit.

    :param currency: none are returned where the list has another one.
    """
    entries = base_entries().filter(price_list__currency=currency) if currency else base_entries()
    return dict(entries.filter(variant_id__in=variant_ids).values_list("variant_id", "price"))


def _all_lists() -> tuple[lists.PriceList, ...]:
    return tuple(
        lists.PriceList(
            id=row.id,
            currency=row.currency,
            inclusive=row.tax_included,
            location_id=row.location_id,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            priority=row.priority,
            is_default=row.is_default,
        )
        for row in PriceList.objects.all()
    )
