"""Files of opening stock: what their columns mean."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.utils import timezone

from inventory.models import StockedVariant
from inventory.opening import open_stock
from inventory.queries import opening_stock
from kernel.limits import LARGEST_QUANTITY
from kernel.money import QUANTITY_STEP, written
from web.admin.imports import Outcome, Rows
from web.admin.texts import is_plain_decimal
from web.places import Place, find_location


class OpeningStock(Rows):
    columns = ("sku", "location", "quantity")
    required = columns
    quantities: Mapping[tuple[UUID, UUID], Decimal] = {}

    def plan(self, rows: Sequence[Mapping[str, str]]) -> list[Outcome]:
        variants = _variants({row["sku"] for row in rows})
        places = {name: find_location(name) for name in {row["location"] for row in rows}}
        posted = opening_stock({place.location_id for place in places.values() if place})
        planned: dict[tuple[UUID, UUID], Decimal] = {}
        outcomes = [_outcome(row, variants, places, posted, planned) for row in rows]
        self.quantities = planned
        return outcomes

    def write(self, *, file_name: str) -> None:
        open_stock(quantities=self.quantities, now=timezone.now(), file_name=file_name)

    def lines(self, rows: Any) -> Iterator[Sequence[str]]:
        codes: dict[UUID, str] = {}
        for item in rows:
            if item.location_id not in codes:
                place = find_location(str(item.location_id))
                codes[item.location_id] = place.code if place else str(item.location_id)
            yield [item.sku, codes[item.location_id], written(item.on_hand)]


def _variants(skus: set[str]) -> dict[str, StockedVariant]:
    """Return what is kept in stock, by SKU; of several the newest: the others are not sold any more."""
    found = StockedVariant.objects.filter(sku__in=skus, tracked=True).order_by("variant_id")
    return {each.sku: each for each in found}


def _outcome(
    row: Mapping[str, str],
    variants: Mapping[str, StockedVariant],
    places: Mapping[str, Place | None],
    posted: Mapping[tuple[UUID, UUID], Decimal],
    planned: dict[tuple[UUID, UUID], Decimal],
) -> Outcome:
    if not any(row.values()):
        return Outcome(kind="skip")
    errors: dict[str, list[str]] = {}
    variant, place = variants.get(row["sku"]), places[row["location"]]
    if variant is None:
        errors["sku"] = [f"No variant that is kept in stock has the SKU {row['sku'] or '(nothing)'}."]
    if place is None:
        errors["location"] = [f"The shop has no location {row['location'] or '(nothing)'}: write its code."]
    quantity = _quantity(row["quantity"])
    if quantity is None:
        errors["quantity"] = ["Write a quantity above zero in digits, as 12 or 1.500: no comma, at most 3 decimals."]
    if variant is None or place is None or quantity is None:
        return Outcome(kind="skip", errors=errors)
    key = (variant.variant_id, place.location_id)
    if key in planned:
        return Outcome(kind="skip", errors={"sku": [f"{variant.sku} is in the file twice for {row['location']}."]})
    planned[key] = quantity
    if key not in posted:
        return Outcome(kind="new", shown=[row["sku"], row["location"], written(quantity)])
    if posted[key] == quantity:
        return Outcome(kind="skip")
    message = f"The opening stock of {variant.sku} is {written(posted[key])} already: correct it by an adjustment."
    return Outcome(kind="skip", errors={"quantity": [message]})


def _quantity(text: str) -> Decimal | None:
    try:
        quantity = Decimal(text) if is_plain_decimal(text) else None
        return quantity.quantize(QUANTITY_STEP) if quantity and _fits(quantity) else None
    except InvalidOperation:
        return None


def _fits(quantity: Decimal) -> bool:
    return 0 < quantity <= LARGEST_QUANTITY and quantity == quantity.quantize(QUANTITY_STEP)
