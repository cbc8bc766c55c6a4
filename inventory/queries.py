"""What can be asked of the stockroom."""

from uuid import UUID

from django.db.models import QuerySet, Subquery

from inventory.models import StockItem, StockMovement


def stock_at(*, location_id: UUID, variant_id: UUID | None = None) -> QuerySet[StockItem]:
    items = StockItem.objects.filter(location_id=location_id)
    return items.filter(variant_id=variant_id) if variant_id else items


def movements_at(*, location_id: UUID, variant_id: UUID | None = None) -> QuerySet[StockMovement]:
    """Return the ledger of a location, or what it has of one variant: that is found without the others."""
    movements = StockMovement.objects.select_related("item")
    if variant_id is None:
        return movements.filter(item__location_id=location_id)
    return movements.filter(item_id=Subquery(stock_at(location_id=location_id, variant_id=variant_id).values("id")))
