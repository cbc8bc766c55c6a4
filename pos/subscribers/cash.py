"""The subscriber that keeps what shifts come to."""

from collections.abc import Sequence

from events.subscribing import Delivery, subscriber
from pos.cash.services.totals import SUBSCRIBER, add_to_totals
from pos.cash.totals import Heard, Told, returns_without_shift
from pos.events import (
    OrderCompleted,
    OrderJoinedShift,
    OrderPlaced,
    OrderVoided,
    RefundRefused,
    RefundReplaced,
    ReturnCompleted,
    TendersAdded,
)
from pos.returns.queries import shifts_of_returns


@subscriber(
    SUBSCRIBER,
    OrderCompleted,
    OrderJoinedShift,
    OrderPlaced,
    TendersAdded,
    ReturnCompleted,
    OrderVoided,
    RefundReplaced,
    RefundRefused,
    batch=True,
    batch_size=500,
    from_beginning=True,
    projection=("pos_shifttotal",),
)
def sum_shifts(deliveries: Sequence[Delivery[Told]]) -> None:
    unnamed = returns_without_shift(delivery.event for delivery in deliveries)
    heard = [
        Heard(
            event=delivery.event,
            event_id=delivery.envelope.event_id,
            position=delivery.envelope.position,
            cause=delivery.envelope.cause(),
        )
        for delivery in deliveries
    ]
    add_to_totals(heard, shifts_of_returns(unnamed) if unnamed else {})
