"""Recipients of alerts, and the messages to send."""

from typing import ClassVar

from django.db import models

from kernel.constraints import Unique
from kernel.ids import new_id

SUBJECT = 200


class AlertRecipient(models.Model):
    """A mailbox that receives the shop's alerts."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)

    def __str__(self) -> str:
        return self.email


class Message(models.Model):
    """One mail to one recipient for one event. Its id is in the mail's Message-ID, so a repetition is recognised."""

    class State(models.TextChoices):
        QUEUED = "QUEUED", "Queued"
        SENT = "SENT", "Sent"
        FAILED = "FAILED", "Failed"

    class Kind(models.TextChoices):
        RECEIPT = "RECEIPT", "Receipt"
        STOCK_ALERT = "STOCK_ALERT", "Stock alert"
        WEBHOOK = "WEBHOOK", "Webhook alert"
        OPERATION = "OPERATION", "Operations alert"
        REFUND = "REFUND", "Refund alert"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    event_id = models.UUIDField()
    about = models.UUIDField(help_text="The order, variant, endpoint, refund or event that it is about")
    recipient = models.EmailField()
    subject = models.CharField(max_length=SUBJECT)
    body = models.TextField()
    state = models.CharField(max_length=6, choices=State.choices, default=State.QUEUED)
    failure = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["event_id", "kind", "recipient"],
                name="message_once_per_recipient",
                field="recipient",
                sentence="This mailbox has a message about that event already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.recipient}"
