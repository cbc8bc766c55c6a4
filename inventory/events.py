"""Events of inventory. Quantities have three decimals."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from events.event import Category, Event, event


@event("inventory.stock_changed", category=Category.INTEGRATION, stream="stock:{variant_id}@{location_id}")
class InventoryStockChanged(Event):
    """The stock of a variant at a location moved; `on_hand` is what is there now, `kind` why."""

    variant_id: UUID
    location_id: UUID
    sku: str
    kind: str
    quantity: Decimal
    on_hand: Decimal
    occurred_at: datetime


@event("inventory.stock_ran_low", category=Category.INTEGRATION, stream="stock:{variant_id}@{location_id}")
class StockRanLow(Event):
    """The stock is at its reorder point or below it, and was not before: it fell, or the reorder point was raised."""

    variant_id: UUID
    location_id: UUID
    sku: str
    title: str
    on_hand: Decimal
    reorder_point: Decimal


@event("inventory.product_out_of_stock", category=Category.INTEGRATION, stream="stock:{variant_id}@{location_id}")
class ProductOutOfStock(Event):
    """The stock fell to nothing or below it, and there was some before."""

    variant_id: UUID
    location_id: UUID
    sku: str
    title: str
    on_hand: Decimal
