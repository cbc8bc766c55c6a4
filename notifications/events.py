"""Events of notifications. A recipient stands in the message's row, which can be erased, and in no event."""

from uuid import UUID

from events.event import Category, Event, event
from events.versions import Data, downcaster, reduced, upcaster


@event("notifications.receipt_sent", category=Category.DOMAIN, stream="message:{message_id}", version=2)
class ReceiptSent(Event):
    """The mail server accepted the receipt of an order for its recipient."""

    message_id: UUID
    order_id: UUID


@event("notifications.alert_sent", category=Category.DOMAIN, stream="message:{message_id}", version=2)
class AlertSent(Event):
    """The mail server accepted an alert for its recipient."""

    message_id: UUID
    variant_id: UUID


@upcaster("notifications.receipt_sent", version=2)
def receipt_sent_to_a_message(data: Data) -> Data:
    return reduced(data, {"message_id", "order_id"})


@upcaster("notifications.alert_sent", version=2)
def alert_sent_to_a_message(data: Data) -> Data:
    return reduced(data, {"message_id", "variant_id"})


@downcaster("notifications.receipt_sent", version=1)
def receipt_sent_to_nobody_named(data: Data) -> Data:
    return {**data, "recipient": ""}


@downcaster("notifications.alert_sent", version=1)
def alert_sent_to_nobody_named(data: Data) -> Data:
    return {**data, "recipient": ""}
