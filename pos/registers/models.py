"""Where is sold: locations, registers, and the devices paired with them."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from kernel import limits
from kernel.ids import new_id
from kernel.validators import validate_currency, validate_timezone


class RoundingLevel(models.TextChoices):
    LINE = "LINE", "Each line and tax"
    ORDER = "ORDER", "Each tax of an order, shared out over its lines"


class Location(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=limits.SHORT_CODE, unique=True)
    name = models.CharField(max_length=limits.NAME)
    currency = models.CharField(max_length=3, validators=[validate_currency])
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_timezone])
    rounding_level = models.CharField(
        max_length=5,
        choices=RoundingLevel.choices,
        default=RoundingLevel.LINE,
        db_default=RoundingLevel.LINE,
        help_text="Where the taxes of its orders and returns are rounded",
    )
    tax_region = models.CharField(
        max_length=limits.SHORT_CODE, blank=True, default="", db_default="", help_text="Which tax rules hold here"
    )

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

    def answers_to(self, token_hash: str, now: datetime) -> bool:
        """Say of this row what `answering_to` asks of all."""
        if self.token_hash == token_hash:
            return True
        return self.previous_hash == token_hash and self.previous_until is not None and self.previous_until > now
