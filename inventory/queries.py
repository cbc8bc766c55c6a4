"""What can be asked of the stockroom."""

from uuid import UUID

from django.db.models import QuerySet

from inventory.models import StockItem, StockMovement


def stock_at(*, location_id: UUID, variant_id: UUID | None = None) -> QuerySet[StockItem]:
    items = StockItem.objects.filter(location_id=location_id)
    return items.filter(variant_id=variant_id) if variant_id else items


def movements_at(*, location_id: UUID, variant_id: UUID | None = None) -> QuerySet[StockMovement]:
    movements = StockMovement.objects.select_related("item").filter(item__location_id=location_id)
    return movements.filter(item__variant_id=variant_id) if variant_id else movements
