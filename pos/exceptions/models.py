"""Exceptions: sales that were accepted although something about them was wrong; and commands that a person decides."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.timezone import localtime

from kernel import limits
from kernel.constraints import Check, Unique
from kernel.ids import new_id
from kernel.money import formatted
from pos.registers.models import Device, Register

ONE_CASE_PER_KIND = "exception_case_once_per_command"


class ExceptionCase(models.Model):
    """What was wrong with a command that took effect, or that is held. Somebody looks at it, and says what was done.

    `command_id` is the id of the order. `payload` says by how much it was wrong: ids, names of goods, amounts and
    moments, and nothing of a person.
    """

    class Kind(models.TextChoices):
        CLOCK_SKEW = "clock-skew", "The device's clock is wrong"
        PRICE_DRIFT = "price-drift", "Sold at another price than the catalogue's"
        UNAPPROVED_PRICE = "unapproved-price", "Sold below the price without an approval"
        TAX_DRIFT = "tax-drift", "Sold with other taxes than those that held"
        NO_PRICE = "no-price", "Goods without a price in this currency were sold"
        WITHDRAWN_VARIANT = "withdrawn-variant", "Goods that are withdrawn were sold"
        UNKNOWN_VARIANT = "unknown-variant", "Goods that the shop does not know were sold"
        NO_SHIFT = "no-shift", "Sold without an open shift"
        LATE_ORDER = "late-order", "Arrived after its shift was closed"
        SEQUENCE_REUSED = "sequence-reused", "The device used a sequence number twice"
        CART_FORKED = "cart-forked", "A parked order was sold by two tills, or while another one worked on it"
        QUARANTINED = "quarantined", "Held until a person decides"

    class Severity(models.TextChoices):
        LOW = "LOW", "Low"
        MEDIUM = "MEDIUM", "Medium"
        HIGH = "HIGH", "High"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    severity = models.CharField(max_length=6, choices=Severity.choices)
    command_id = models.UUIDField(help_text="The id of the order")
    register_id = models.UUIDField(null=True)
    device_id = models.UUIDField(null=True)
    payload = models.JSONField(default=dict, help_text="By how much it was wrong")
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=limits.NAME, blank=True, default="", db_default="")
    staff_id = models.UUIDField(null=True, help_text="Who resolved it at a till")
    note = models.CharField(max_length=limits.NOTE, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["command_id", "kind"],
                name=ONE_CASE_PER_KIND,
                field="kind",
                sentence="A command has one exception of a kind.",
            ),
            Check(
                condition=Q(resolved_at__isnull=True, resolved_by="")
                | Q(resolved_at__isnull=False) & ~Q(resolved_by=""),
                name="exception_case_resolved_by_somebody",
                field="resolved_by",
                sentence="A case that is resolved names who resolved it, and no other does.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], name="exception_case_open", condition=Q(resolved_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {localtime(self.opened_at):%Y-%m-%d %H:%M}"


class HeldCommand(models.Model):
    """A paid sale that could not take effect when it arrived. It is in no total until a person accepts it.

    `id` is that of the order which it becomes: of an exchange, that of the goods that went out. `body` is the whole
    request; once the command is decided, the customer's address is taken out of it.
    """

    class State(models.TextChoices):
        HELD = "HELD", "Held"
        ACCEPTED = "ACCEPTED", "Accepted"
        REJECTED = "REJECTED", "Rejected"

    id = models.UUIDField(primary_key=True)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, db_index=False)
    register = models.ForeignKey(Register, on_delete=models.PROTECT, db_index=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.HELD)
    reason = models.CharField(max_length=limits.CODE, help_text="The code of the refusal that it would have got")
    detail = models.CharField(max_length=limits.LONG_REASON, blank=True)
    body = models.JSONField(help_text="The request, as it was sent")
    fingerprint = models.CharField(max_length=64, editable=False)
    amount = models.BigIntegerField(help_text="What was taken for it, in minor units, before change")
    currency = models.CharField(max_length=3)
    sold_by = models.UUIDField(null=True, help_text="Who of the staff was signed in")
    device_sequence = models.BigIntegerField(null=True)
    clock_offset_ms = models.BigIntegerField(null=True, help_text="How far the device's clock was ahead")
    received_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=limits.NAME, blank=True, default="", db_default="")
    staff_id = models.UUIDField(null=True, help_text="Who decided at a till")
    note = models.CharField(max_length=limits.NOTE, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            Check(
                condition=Q(state="HELD", decided_at__isnull=True, decided_by="")
                | ~Q(state="HELD") & Q(decided_at__isnull=False) & ~Q(decided_by=""),
                name="held_command_decided_by_somebody",
                field="state",
                sentence="A command that is accepted or rejected names who decided, and no other does.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["device"], name="held_command_by_device", condition=Q(state="HELD")),
        ]

    def __str__(self) -> str:
        return f"{formatted(self.amount, self.currency)}, received {localtime(self.received_at):%Y-%m-%d %H:%M}"

    @property
    def clock_offset(self) -> timedelta | None:
        return None if self.clock_offset_ms is None else timedelta(milliseconds=self.clock_offset_ms)
