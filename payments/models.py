"""What the cash office keeps: payments, refunds, and the intents of cards that the backend charges."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from kernel import limits
from kernel.constraints import Check
from kernel.ids import new_id
from kernel.money import formatted

GATEWAY = "GATEWAY"
"""The kind of tender that the backend charges."""
EXCHANGE = "EXCHANGE"
"""The kind of tender that is no money: goods that came back."""


class PaymentIntent(models.Model):
    """A card to charge, written before the gateway is called. Its id is the idempotency key of the charge."""

    class State(models.TextChoices):
        CREATED = "CREATED", "Created"
        UNKNOWN = "UNKNOWN", "No answer yet"
        CAPTURED = "CAPTURED", "Captured"
        FAILED = "FAILED", "Declined"
        CANCELLED = "CANCELLED", "Never charged"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order_id = models.UUIDField()
    tender_id = models.UUIDField(unique=True)
    tender_type = models.CharField(max_length=limits.SHORT_CODE)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    card_token = models.CharField(max_length=limits.REFERENCE, help_text="The gateway's token; never a card number")
    state = models.CharField(max_length=9, choices=State.choices, default=State.CREATED)
    abandoned = models.BooleanField(default=False, help_text="The order does without it: a charge must go back")
    location_id = models.UUIDField(null=True)
    register_id = models.UUIDField(null=True)
    shift_id = models.UUIDField(null=True)
    staff_id = models.UUIDField(null=True)
    business_date = models.DateField(null=True)
    reference = models.CharField(max_length=limits.REFERENCE, blank=True)
    failure = models.CharField(max_length=limits.REASON, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            Check(
                condition=Q(amount__gt=0),
                name="payment_intent_amount_positive",
                field="amount",
                sentence="A charge must be above zero.",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["order_id"], name="payment_intent_by_order")]

    def __str__(self) -> str:
        return f"{formatted(self.amount, self.currency)}, {self.get_state_display().lower()}"


class Payment(models.Model):
    """Money received for an order. `amount` is without the change that was given."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order_id = models.UUIDField()
    tender_id = models.UUIDField(unique=True)
    intent = models.OneToOneField(PaymentIntent, on_delete=models.PROTECT, null=True)
    tender_type = models.CharField(max_length=limits.SHORT_CODE)
    amount = models.BigIntegerField()
    refunded = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=limits.REFERENCE, blank=True)
    kind = models.CharField(
        max_length=8, blank=True, default="", db_default="", help_text="Of the tender, when it was taken"
    )
    location_id = models.UUIDField(null=True)
    register_id = models.UUIDField(null=True)
    shift_id = models.UUIDField(null=True)
    staff_id = models.UUIDField(null=True)
    business_date = models.DateField(null=True)
    occurred_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            Check(
                condition=Q(amount__gt=0),
                name="payment_amount_positive",
                field="amount",
                sentence="A payment must be above zero.",
            ),
            Check(
                condition=Q(refunded__gte=0) & Q(refunded__lte=F("amount")),
                name="payment_refunded_at_most_once",
                field="refunded",
                sentence="A payment cannot be refunded beyond its amount.",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["order_id"], name="payment_by_order")]

    def __str__(self) -> str:
        return f"{self.tender_type} {formatted(self.amount, self.currency)}"


class PaymentRefund(models.Model):
    """Money that goes back. Its id is the idempotency key of a refund through the gateway.

    `payment` is what it goes against, `tender_type` how it is paid: a card's money may go back in cash.
    """

    class State(models.TextChoices):
        PENDING = "PENDING", "Being refunded"
        COMPLETED = "COMPLETED", "Refunded"
        FAILED = "FAILED", "Refused by the gateway"

    id = models.UUIDField(primary_key=True, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="refunds")
    return_id = models.UUIDField(null=True)
    order_id = models.UUIDField(null=True)
    tender_id = models.UUIDField(null=True)
    tender_type = models.CharField(max_length=limits.SHORT_CODE)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=9, choices=State.choices)
    reference = models.CharField(max_length=limits.REFERENCE, blank=True)
    failure = models.CharField(max_length=limits.REASON, blank=True, default="", db_default="")
    kind = models.CharField(
        max_length=8, blank=True, default="", db_default="", help_text="Of the tender type, when it was paid"
    )
    location_id = models.UUIDField(null=True)
    register_id = models.UUIDField(null=True)
    shift_id = models.UUIDField(null=True)
    staff_id = models.UUIDField(null=True)
    business_date = models.DateField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            Check(
                condition=Q(amount__gt=0),
                name="payment_refund_amount_positive",
                field="amount",
                sentence="A refund must be above zero.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tender_type} {formatted(self.amount, self.currency)}"

    @property
    def goes_through_gateway(self) -> bool:
        """Whether the card gets it back; of refunds before the kind was kept, those of cards that were charged here."""
        if self.kind:
            return self.kind == GATEWAY
        return self.payment is not None and self.payment.intent_id is not None


class SimulatedCharge(models.Model):
    """What the simulated gateway holds on its side: the money there, to compare with the money here."""

    key = models.UUIDField(primary_key=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    approved = models.BooleanField()
    refunds = models.JSONField(default=dict)
    charged_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.key} {self.amount}"
