"""Refunds: money that goes back to a customer, of a return or of an order that was cancelled."""

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property

from kernel import limits
from kernel.constraints import Check
from kernel.ids import new_id
from kernel.money import formatted
from pos.cash.models import Shift, TenderType
from pos.orders.models.orders import Order, Tender
from pos.registers.models import Register


class Refund(models.Model):
    """Money given back for a return or for a cancelled order. `tender` is what it goes against, `type` how it is paid.

    Where exchanged goods had paid, `tender` may be a card of an order before: the one that the backend charged.

    A row changes in its state alone, with the reason and the time of a refusal. What is FAILED is owed until refunds
    `instead_of` it have paid as much.
    """

    class State(models.TextChoices):
        PENDING = "PENDING", "Being refunded"
        COMPLETED = "COMPLETED", "Refunded"
        FAILED = "FAILED", "Refused by the gateway"

    id = models.UUIDField(primary_key=True, default=new_id)
    parent = models.ForeignKey("pos.Return", on_delete=models.PROTECT, null=True, related_name="refunds")
    order = models.ForeignKey(
        Order,
        on_delete=models.PROTECT,
        null=True,
        related_name="refunds",
        help_text="That gave it back",
    )
    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, null=True)
    type = models.ForeignKey(TenderType, on_delete=models.PROTECT)
    instead_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="replacements",
        help_text="The refused refund whose money this one pays",
    )
    amount = models.BigIntegerField()
    rounding = models.BigIntegerField(default=0, db_default=0, help_text="Of cash, by its smallest coin")
    state = models.CharField(max_length=9, choices=State.choices, default=State.COMPLETED, db_default=State.COMPLETED)
    failure = models.CharField(max_length=limits.REASON, blank=True, default="", db_default="")
    reference = models.CharField(max_length=limits.REFERENCE, blank=True, default="", db_default="")
    kind = models.CharField(
        max_length=8, blank=True, default="", db_default="", help_text="Of the type, when it was paid"
    )
    register = models.ForeignKey(Register, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    shift = models.ForeignKey(Shift, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    staff_id = models.UUIDField(null=True)
    approval_id = models.UUIDField(null=True, help_text="What it needed somebody else for")
    occurred_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(null=True)
    business_date = models.DateField(null=True)
    refused_at = models.DateTimeField(null=True, help_text="Since when it counts no longer where it was asked for")

    class Meta:
        constraints: ClassVar = [
            Check(
                condition=Q(amount__gt=0),
                name="refund_amount_positive",
                field="amount",
                sentence="A refund must be above zero.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], name="refund_refused", condition=Q(state="FAILED")),
            models.Index(fields=["amount", "id"], name="refund_by_amount"),
        ]

    def __str__(self) -> str:
        return f"Refund of {formatted(self.amount, self.currency)}"

    @property
    def currency(self) -> str:
        source = self.order or self.parent
        assert source is not None
        return source.currency

    @property
    def of_order_id(self) -> UUID | None:
        """The order whose money it is a part of; None of goods without a receipt."""
        return self.order_id or (self.parent.order_id if self.parent else None)

    @cached_property
    def counts_against(self) -> Tender | None:
        """The tender of that order whose `refunded` counts it: its own, or that of the exchanged goods."""
        order_id = self.of_order_id
        if self.tender is None or order_id in {None, self.tender.order_id}:
            return self.tender
        return Tender.objects.filter(order=order_id, kind=TenderType.Kind.EXCHANGE).first()

    @property
    def exact(self) -> int:
        """What it pays of what was to be given back: the amount without the rounding of cash."""
        return self.amount - self.rounding

    @property
    def is_owed(self) -> bool:
        """Whether the shop owes it until other refunds have paid it."""
        return self.state == self.State.FAILED and self.instead_of_id is None
