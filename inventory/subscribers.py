"""Subscribers of inventory."""

from events.subscribing import Delivery, Queue, subscriber
from inventory.models import StockMovement
from inventory.services import KNOWS_VARIANTS, Source, StockMove, know_variant, post_movements
from pos.events import OrderCompleted, ReturnCompleted, VariantChanged


@subscriber(KNOWS_VARIANTS, VariantChanged, from_beginning=True)
def know_variants(event: VariantChanged, _delivery: Delivery[VariantChanged]) -> None:
    know_variant(variant_id=event.variant_id, sku=event.sku, title=event.title, tracked=event.stocked)


@subscriber("inventory.take_sold_goods_from_stock", OrderCompleted, queue=Queue.STOCK, batch_size=25)
def take_sold_goods_from_stock(event: OrderCompleted, _delivery: Delivery[OrderCompleted]) -> None:
    source = Source(type="order", id=event.order_id, location_id=event.location_id, occurred_at=event.occurred_at)
    moved = [
        StockMove(variant_id=line.variant_id, quantity=-line.quantity, line=line.line_id)
        for line in event.lines
        if line.stocked and line.variant_id
    ]
    post_movements(source=source, kind=StockMovement.Kind.ORDER, moved=moved)


@subscriber("inventory.put_returned_goods_back", ReturnCompleted, queue=Queue.STOCK, batch_size=25)
def put_returned_goods_back(event: ReturnCompleted, _delivery: Delivery[ReturnCompleted]) -> None:
    source = Source(type="return", id=event.return_id, location_id=event.location_id, occurred_at=event.occurred_at)
    moved = [
        StockMove(variant_id=line.variant_id, quantity=line.quantity, line=line.line_id)
        for line in event.lines
        if line.disposition == "RESTOCK" and line.variant_id
    ]
    post_movements(source=source, kind=StockMovement.Kind.RETURN, moved=moved)
