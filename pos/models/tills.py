"""Where is sold: locations, registers, the devices paired with them, shifts, and what is taken as payment."""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from kernel import limits
from kernel.constraints import Check, Unique
from kernel.ids import new_id
from kernel.validators import validate_currency, validate_timezone

ONE_OPEN_SHIFT = "shift_one_open_per_register"


class Location(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=limits.SHORT_CODE, unique=True)
    name = models.CharField(max_length=limits.NAME)
    currency = models.CharField(max_length=3, validators=[validate_currency])
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_timezone])

    def __str__(self) -> str:
        return self.name


class Register(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    location = models.ForeignKey(Location, on_delete=models.PROTECT)
    code = models.CharField(max_length=limits.SHORT_CODE, unique=True)
    name = models.CharField(max_length=limits.NAME)
    next_receipt_number = models.BigIntegerField(default=1, editable=False)
    next_return_number = models.BigIntegerField(default=1, editable=False)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class DeviceQuerySet(models.QuerySet["Device"]):
    def answering_to(self, token_hash: str, now: datetime) -> Self:
        """The device of a token: its own, or until its time is up the one before a rotation. It may be revoked."""
        return self.filter(Q(token_hash=token_hash) | Q(previous_hash=token_hash, previous_until__gt=now))


class Device(models.Model):
    """A paired terminal. Only the hash of its token is kept. The database refuses to take a revocation back.

    `last_used_at` is exact to some minutes.
    """

    class Status(models.TextChoices):
        PAIRED = "PAIRED", "Paired"
        REVOKED = "REVOKED", "Revoked"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    register = models.ForeignKey(Register, on_delete=models.PROTECT)
    name = models.CharField(max_length=limits.NAME)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    previous_hash = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001 - unique
    previous_until = models.DateTimeField(null=True, editable=False)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PAIRED)
    paired_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="The token is refused from then on; empty: never"
    )
    last_used_at = models.DateTimeField(null=True, editable=False)

    objects = DeviceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Shift(models.Model):
    class State(models.TextChoices):
        OPEN = "OPEN", "Open"
        CLOSED = "CLOSED", "Closed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    register = models.ForeignKey(Register, on_delete=models.PROTECT)
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    float_amount = models.BigIntegerField(default=0, help_text="Cash in the drawer at the start, in minor units")
    opened_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["register"],
                condition=Q(state="OPEN"),
                name=ONE_OPEN_SHIFT,
                field="register",
                sentence="This register has an open shift already.",
            ),
            Check(
                condition=Q(float_amount__gte=0),
                name="shift_float_not_negative",
                field="float_amount",
                sentence="The cash in the drawer is not below zero.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.register_id} {self.opened_at:%Y-%m-%d %H:%M}"


class TenderType(models.Model):
    """A way to pay. `GATEWAY` is a card that the backend charges; `CARD` one that the terminal has charged already."""

    class Kind(models.TextChoices):
        CASH = "CASH", "Cash"
        CARD = "CARD", "Card, charged at the terminal"
        GATEWAY = "GATEWAY", "Card, charged by the backend"
        OTHER = "OTHER", "Other"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=limits.SHORT_CODE, unique=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=8, choices=Kind.choices)

    def __str__(self) -> str:
        return self.name

    @property
    def gives_change(self) -> bool:
        return self.kind == self.Kind.CASH
