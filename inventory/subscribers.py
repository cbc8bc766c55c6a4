"""Subscribers of inventory."""

from collections.abc import Sequence

from events.log.causes import Cause
from events.subscribing import Delivery, Queue, subscriber
from inventory.models import StockMovement
from inventory.services import KNOWS_VARIANTS, Posting, Source, StockMove, know_variant, post_movements
from kernel.permissions import Permit
from pos.events import OrderCompleted, ReturnCompleted, VariantChanged


@subscriber(KNOWS_VARIANTS, VariantChanged, from_beginning=True)
def know_variants(event: VariantChanged, _delivery: Delivery[VariantChanged]) -> None:
    know_variant(variant_id=event.variant_id, sku=event.sku, title=event.title, tracked=event.stocked)


@subscriber("inventory.take_sold_goods_from_stock", OrderCompleted, queue=Queue.STOCK, batch=True)
def take_sold_goods_from_stock(deliveries: Sequence[Delivery[OrderCompleted]]) -> None:
    post_movements(postings=[_sold(delivery.event, delivery.envelope.cause()) for delivery in deliveries])


@subscriber("inventory.put_returned_goods_back", ReturnCompleted, queue=Queue.STOCK, batch=True)
def put_returned_goods_back(deliveries: Sequence[Delivery[ReturnCompleted]]) -> None:
    post_movements(postings=[_returned(delivery.event, delivery.envelope.cause()) for delivery in deliveries])


def _sold(event: OrderCompleted, cause: Cause) -> Posting:
    moved = [
        StockMove(variant_id=line.variant_id, quantity=-line.quantity, line=line.line_id)
        for line in event.lines
        if line.stocked and line.variant_id
    ]
    source = Source(
        type="order",
        id=event.order_id,
        location_id=event.location_id,
        occurred_at=event.occurred_at,
        receipt=event.receipt,
        permit=Permit(staff_id=event.staff_id),
    )
    return Posting(source=source, kind=StockMovement.Kind.ORDER, moved=moved, cause=cause)


def _returned(event: ReturnCompleted, cause: Cause) -> Posting:
    moved = [
        StockMove(variant_id=line.variant_id, quantity=line.quantity, line=line.line_id)
        for line in event.lines
        if line.disposition == "RESTOCK" and line.variant_id
    ]
    source = Source(
        type="return",
        id=event.return_id,
        location_id=event.location_id,
        occurred_at=event.occurred_at,
        receipt=event.receipt,
        permit=Permit(staff_id=event.staff_id),
    )
    return Posting(source=source, kind=StockMovement.Kind.RETURN, moved=moved, cause=cause)
