"""Files of opening stock: what their columns mean."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.utils import timezone

from inventory.models import StockedVariant
from inventory.opening import open_stock
from inventory.queries import opening_stock, stocked_variants
from kernel.limits import LARGEST_QUANTITY
from kernel.money import QUANTITY_STEP, written
from web.admin.cells import from_cell
from web.admin.imports import Outcome, Rows
from web.admin.texts import is_plain_decimal
from web.places import Place, find_location


class OpeningStock(Rows):
    columns = ("sku", "location", "quantity", "on_hand")
    required = ("sku", "location", "quantity")
    quantities: Mapping[tuple[UUID, UUID], Decimal] = {}

    def plan(self, rows: Sequence[Mapping[str, str]]) -> list[Outcome]:
        rows = [{name: from_cell(cell) for name, cell in row.items()} for row in rows]
        variants = stocked_variants({row["sku"] for row in rows})
        places = {name: find_location(name) for name in {row["location"] for row in rows}}
        posted = opening_stock({place.location_id for place in places.values() if place})
        planned: dict[tuple[UUID, UUID], Decimal] = {}
        outcomes = [_outcome(row, variants, places, posted, planned) for row in rows]
        self.quantities = planned
        return outcomes

    def write(self, *, file_name: str) -> None:
        open_stock(quantities=self.quantities, now=timezone.now(), file_name=file_name)

    def lines(self, rows: Any) -> Iterator[Sequence[str]]:
        """Write the opening stock, and what is on hand now, which an import does not read.

        Of an SKU that was given again, those of the newest variant: an import finds that one.
        """
        items = list(rows)
        places = {id_: find_location(str(id_)) for id_ in {item.location_id for item in items}}
        found = stocked_variants({item.sku for item in items})
        opened = opening_stock(places)
        for item in items:
            if item.sku in found and found[item.sku].variant_id == item.variant_id:
                place, opening = places[item.location_id], opened.get((item.variant_id, item.location_id))
                code = place.code if place else str(item.location_id)
                yield [item.sku, code, "" if opening is None else written(opening), written(item.on_hand)]


def _outcome(
    row: Mapping[str, str],
    variants: Mapping[str, StockedVariant],
    places: Mapping[str, Place | None],
    posted: Mapping[tuple[UUID, UUID], Decimal],
    planned: dict[tuple[UUID, UUID], Decimal],
) -> Outcome:
    if not any(row.values()) or _has_no_opening(row):
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
        return Outcome(kind="new", shown=[row["sku"], row["location"], written(quantity), ""])
    if posted[key] == quantity:
        return Outcome(kind="skip")
    message = f"The opening stock of {variant.sku} is {written(posted[key])} already: correct it by an adjustment."
    return Outcome(kind="skip", errors={"quantity": [message]})


def _has_no_opening(row: Mapping[str, str]) -> bool:
    """Say whether a row is one that an export has written of what has no opening stock."""
    return bool(row.get("on_hand")) and not row["quantity"]


def _quantity(text: str) -> Decimal | None:
    try:
        quantity = Decimal(text) if is_plain_decimal(text) else None
        return quantity.quantize(QUANTITY_STEP) if quantity and _fits(quantity) else None
    except InvalidOperation:
        return None


def _fits(quantity: Decimal) -> bool:
    return 0 < quantity <= LARGEST_QUANTITY and quantity == quantity.quantize(QUANTITY_STEP)
