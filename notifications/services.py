"""What notifications can do: queue messages, and record their outcome."""

from datetime import datetime
from uuid import UUID

from events.outgoing.calls import send_later
from events.outgoing.letters import Letter, keep_letters
from events.publishing.publish import publish
from events.publishing.safekeeping import reference_of, take
from events.publishing.unit_of_work import unit_of_work
from kernel.text import clipped, printable_lines
from notifications.events import AlertSent, ReceiptSent
from notifications.models import SUBJECT, AlertRecipient, Message

MAIL = "notifications.mail"


@keep_letters
def queue_letter(letter: Letter) -> None:
    """Queue the receipt of an order for its customer, in the unit of work that completes the order."""
    _queue(
        Message(
            kind=Message.Kind.RECEIPT,
            event_id=letter.event_id,
            about=letter.about,
            recipient=letter.recipient,
            subject=letter.subject,
            body=letter.body,
        )
    )


def queue_receipt(*, event_id: UUID, order_id: UUID, recipient: str, receipt: str, text: str) -> None:
    """Queue the receipt that an event of older code asks for."""
    with unit_of_work():
        _queue(
            Message(
                kind=Message.Kind.RECEIPT,
                event_id=event_id,
                about=order_id,
                recipient=recipient,
                subject=f"Your receipt {receipt}",
                body=text,
            )
        )


def queue_stock_alert(*, event_id: UUID, variant_id: UUID, subject: str, body: str) -> None:
    """Tell every mailbox that receives this shop's alerts of goods that run low, or are gone."""
    _queue_alert(Message.Kind.STOCK_ALERT, event_id=event_id, about=variant_id, subject=subject, body=body)


def queue_webhook_alert(*, event_id: UUID, endpoint_id: UUID, subject: str, body: str) -> None:
    """Tell every mailbox that receives this shop's alerts of an endpoint that is no longer sent to."""
    _queue_alert(Message.Kind.WEBHOOK, event_id=event_id, about=endpoint_id, subject=subject, body=body)


def queue_operation_alert(*, event_id: UUID, subject: str, body: str) -> None:
    """Tell every mailbox that receives this shop's alerts of what somebody has stopped by hand."""
    _queue_alert(Message.Kind.OPERATION, event_id=event_id, about=event_id, subject=subject, body=body)


def queue_refund_alert(*, event_id: UUID, refund_id: UUID, subject: str, body: str) -> None:
    """Tell every mailbox that receives this shop's alerts of money that the shop owes a customer."""
    _queue_alert(Message.Kind.REFUND, event_id=event_id, about=refund_id, subject=subject, body=body)


def _queue_alert(kind: Message.Kind, *, event_id: UUID, about: UUID, subject: str, body: str) -> None:
    with unit_of_work():
        for recipient in AlertRecipient.objects.order_by("email"):
            _queue(
                Message(
                    kind=kind,
                    event_id=event_id,
                    about=about,
                    recipient=recipient.email,
                    subject=subject,
                    body=body,
                )
            )


def record_sent(*, message_id: UUID, now: datetime) -> None:
    """Write that the mail server took a message, and say so the first time."""
    with unit_of_work():
        message = Message.objects.select_for_update(no_key=True).get(id=message_id)
        if message.state == Message.State.SENT:
            return
        message.state, message.sent_at = Message.State.SENT, now
        message.save(update_fields=["state", "sent_at"])
        if message.kind == Message.Kind.RECEIPT:
            publish(ReceiptSent(message_id=message.id, order_id=message.about))
        elif message.kind == Message.Kind.STOCK_ALERT:
            publish(AlertSent(message_id=message.id, variant_id=message.about))


def record_not_sent(*, message_id: UUID, failure: str, final: bool) -> None:
    """Write why a message could not be sent; a final one is tried again only when somebody asks for it."""
    state = Message.State.FAILED if final else Message.State.QUEUED
    Message.objects.filter(id=message_id).update(state=state, failure=failure[:500])


def receive_alerts(*, email: str | None, kept_as: str) -> None:
    """Let a mailbox receive this shop's alerts.

    :param email: as events of older code have it. :param kept_as: where it is kept otherwise; it is taken from there.
    :raises SecretGone: when it is kept there no longer.
    """
    email = take(reference_of(kept_as)) if email is None else email
    if email:
        AlertRecipient.objects.get_or_create(email=email)


def _queue(message: Message) -> None:
    message.subject = clipped(message.subject, SUBJECT)
    message.body = printable_lines(message.body)
    message.save(force_insert=True)
    send_later(MAIL, message.id)
