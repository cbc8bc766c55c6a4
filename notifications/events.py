"""Events of notifications."""

from uuid import UUID

from events.event import Category, Event, event


@event("notifications.receipt_sent", category=Category.DOMAIN, stream="message:{message_id}")
class ReceiptSent(Event):
    """The mail server accepted the receipt of an order for its recipient."""

    message_id: UUID
    order_id: UUID
    recipient: str


@event("notifications.alert_sent", category=Category.DOMAIN, stream="message:{message_id}")
class AlertSent(Event):
    """The mail server accepted an alert for its recipient."""

    message_id: UUID
    variant_id: UUID
    recipient: str
