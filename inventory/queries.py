"""What can be asked of the stockroom."""

from collections.abc import Collection
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Q, QuerySet, Subquery

from inventory.models import StockedVariant, StockItem, StockMovement

OPENING_STOCK = "opening_stock"
_OPENED = ("source_line", "source_id", "quantity")


def stock_at(*, location_id: UUID, variant_id: UUID | None = None) -> QuerySet[StockItem]:
    items = StockItem.objects.filter(location_id=location_id)
    return items.filter(variant_id=variant_id) if variant_id else items


def items_to_order() -> QuerySet[StockItem]:
    """Return the goods that are at their reorder point or below, or of which more was sold than there was."""
    low = Q(reorder_point__gt=0, on_hand__lte=F("reorder_point"))
    return StockItem.objects.filter(low | Q(on_hand__lt=0)).order_by("on_hand", "id")


def opening_stock(location_ids: Collection[UUID]) -> dict[tuple[UUID, UUID], Decimal]:
    """Return what was there from the beginning, by variant and location."""
    opened = StockMovement.objects.filter(source_type=OPENING_STOCK, source_id__in=location_ids)
    return {(row.source_line, row.source_id): row.quantity for row in opened.only(*_OPENED)}


def movements_at(*, location_id: UUID, variant_id: UUID | None = None) -> QuerySet[StockMovement]:
    """Return the ledger of a location, or what it has of one variant: that is found without the others."""
    movements = StockMovement.objects.select_related("item")
    if variant_id is None:
        return movements.filter(item__location_id=location_id)
    return movements.filter(item_id=Subquery(stock_at(location_id=location_id, variant_id=variant_id).values("id")))


def stocked_variants(skus: Collection[str]) -> dict[str, StockedVariant]:
    """Return the goods that are kept in stock under these SKUs: of an SKU that was given again, the newest ones."""
    found = StockedVariant.objects.filter(sku__in=skus, tracked=True).order_by("variant_id")
    return {variant.sku: variant for variant in found}


def on_hand_at(location_id: UUID, variant_ids: Collection[UUID]) -> dict[UUID, Decimal]:
    """Return what is on hand at a location; what was never there is missing."""
    found = StockItem.objects.filter(location_id=location_id, variant_id__in=variant_ids)
    return dict(found.values_list("variant_id", "on_hand"))
