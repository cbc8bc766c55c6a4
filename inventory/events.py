"""Events of inventory. Quantities have three decimals."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from events.event import Category, Event, event
from events.versions import Data, downcaster, extended, reduced, upcaster


@dataclass(frozen=True, kw_only=True)
class StockCause:
    """A line of what moved the stock.

    :param line_id: of the order, return or document. :param reason: as a document has it for the line.
    """

    line_id: UUID
    quantity: Decimal
    reason: str


@event("inventory.stock_changed", category=Category.INTEGRATION, stream="stock:{variant_id}@{location_id}", version=2)
class InventoryStockChanged(Event):
    """The stock of a variant at a location moved; `on_hand` is what is there now, `kind` why.

    :param kind: ORDER, RETURN, RECEIPT or ADJUSTMENT.
    :param quantity: the sum of `causes`; in is positive, out negative.
    :param source_type: what moved it: an order, a return, a goods_receipt or an adjustment; `source_id` is its id.
    :param source_receipt: what is printed on the receipt of the order or return. Null is what is not known.
    """

    variant_id: UUID
    location_id: UUID
    sku: str
    kind: str
    quantity: Decimal
    on_hand: Decimal
    source_type: str | None
    source_id: UUID | None
    source_receipt: str | None
    causes: list[StockCause] | None
    staff_id: UUID | None
    occurred_at: datetime


CHANGED_1 = frozenset({"variant_id", "location_id", "sku", "kind", "quantity", "on_hand", "occurred_at"})


@upcaster("inventory.stock_changed", version=2)
def changed_by_nothing_known(data: Data) -> Data:
    return extended(InventoryStockChanged, data)


@downcaster("inventory.stock_changed", version=1)
def changed_as_it_was(data: Data) -> Data:
    return reduced(data, CHANGED_1)


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
