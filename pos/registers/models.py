"""Where is sold: locations, registers, and the devices paired with them."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from kernel import limits
from kernel.constraints import Unique
from kernel.ids import new_id
from kernel.validators import validate_currency, validate_timezone

UNLINKED_RETURN_LIMIT = 10_000
"""Minor units: 100.00 EUR, 10000 JPY, 10.000 KWD."""


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
    address = models.TextField(max_length=limits.ADDRESS, blank=True, default="", db_default="")
    unlinked_return_limit = models.BigIntegerField(
        default=UNLINKED_RETURN_LIMIT,
        db_default=UNLINKED_RETURN_LIMIT,
        validators=[MinValueValidator(0), MaxValueValidator(limits.LARGEST_AMOUNT)],
        help_text="The most that a return without a receipt may come to",
    )

    def __str__(self) -> str:
        return self.name


class CashDrawer(models.Model):
    """Where cash is kept; several registers may share one. Its series begins the numbers of its shifts' reports and of
    the receipts of cash that was moved: the database gives it, and numbers and chains are kept here.

    `grand_total` is the perpetual one, in minor units: orders less returns of all shifts that were closed, with what
    came late.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    location = models.ForeignKey(Location, on_delete=models.PROTECT)
    name = models.CharField(max_length=limits.NAME)
    series = models.CharField(max_length=limits.SERIES, default="", db_default="", editable=False)
    next_shift_number = models.BigIntegerField(default=1, db_default=1, editable=False)
    next_z_number = models.BigIntegerField(default=1, db_default=1, editable=False)
    next_x_number = models.BigIntegerField(default=1, db_default=1, editable=False)
    next_cash_number = models.BigIntegerField(default=1, db_default=1, editable=False)
    next_correction_number = models.BigIntegerField(default=1, db_default=1, editable=False)
    z_head = models.CharField(max_length=64, default="", db_default="", editable=False)
    x_head = models.CharField(max_length=64, default="", db_default="", editable=False)
    cash_head = models.CharField(max_length=64, default="", db_default="", editable=False)
    correction_head = models.CharField(max_length=64, default="", db_default="", editable=False)
    grand_total = models.BigIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["series"],
                name="cash_drawer_series_unique",
                field="series",
                sentence="Another drawer has this series.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Register(models.Model):
    """A till. Its series begins its receipt numbers: the database gives it, and keeps it from the first number on.

    Each kind of receipt has its next number, the hash of its newest receipt (`…_head`), and how many are chained.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    location = models.ForeignKey(Location, on_delete=models.PROTECT)
    code = models.CharField(max_length=limits.SHORT_CODE, unique=True)
    name = models.CharField(max_length=limits.NAME)
    drawer = models.ForeignKey(
        CashDrawer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="registers",
        help_text="Where its cash goes. Empty: another one is made for it",
    )
    next_receipt_number = models.BigIntegerField(default=1, editable=False)
    next_return_number = models.BigIntegerField(default=1, editable=False)
    next_training_number = models.BigIntegerField(default=1, db_default=1, editable=False)
    series = models.CharField(
        max_length=limits.SERIES,
        blank=True,
        default="",
        db_default="",
        help_text="Begins the receipt numbers, and cannot be changed after the first. Empty: made of the code",
    )
    training_series = models.CharField(max_length=limits.SERIES, default="", db_default="", editable=False)
    receipt_head = models.CharField(max_length=64, default="", db_default="", editable=False)
    return_head = models.CharField(max_length=64, default="", db_default="", editable=False)
    training_head = models.CharField(max_length=64, default="", db_default="", editable=False)
    receipts_chained = models.BigIntegerField(default=0, db_default=0, editable=False)
    returns_chained = models.BigIntegerField(default=0, db_default=0, editable=False)
    trainings_chained = models.BigIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["series"],
                name="register_series_unique",
                field="series",
                sentence="Another register has this series.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def save(self, *arguments: Any, **options: Any) -> None:
        """Save it, and read which drawer the database has made for it."""
        super().save(*arguments, **options)
        if self.drawer_id is None:
            self.refresh_from_db(fields=["drawer"])

    def clean(self) -> None:
        """:raises ValidationError: when a new code or series is that of another register, written in other letters."""
        before = Register.objects.filter(pk=self.pk).first()
        for name in ("code", "series"):
            value = getattr(self, name)
            is_new = value and (before is None or getattr(before, name) != value)
            if is_new and (taken := self._like(value)):
                message = (
                    f"{taken} is there already, and people would read the receipts of both as one: choose another."
                )
                raise ValidationError({name: message})

    def _like(self, text: str) -> str:
        """Return what other registers and drawers have that differs from a text in upper and lower case alone."""
        others = Register.objects.exclude(pk=self.pk).values_list("code", "series", "training_series")
        drawers = CashDrawer.objects.exclude(registers=self.pk).values_list("series")
        taken = {each for row in [*others, *drawers] for each in row}
        return next((each for each in sorted(taken) if each != text and each.upper() == text.upper()), "")


class DeviceQuerySet(models.QuerySet["Device"]):
    def answering_to(self, token_hash: str, now: datetime) -> Self:
        """The device of a token: its own, or until its time is up the one before a rotation. It may be revoked."""
        return self.filter(Q(token_hash=token_hash) | Q(previous_hash=token_hash, previous_until__gt=now))


class Device(models.Model):
    """A paired terminal. Only the hash of its token is kept. The database refuses to take a revocation back.

    `last_used_at` is exact to some minutes; so are `app_version` and `clock_offset_ms`, which the device reports.
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
    last_used_at = models.DateTimeField("last seen", null=True, editable=False)
    app_version = models.CharField(max_length=limits.SHORT_CODE, blank=True, default="", db_default="", editable=False)
    clock_offset_ms = models.IntegerField(
        "clock ahead by (ms)", null=True, editable=False, help_text="Its clock minus ours, when it last said"
    )

    objects = DeviceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def answers_to(self, token_hash: str, now: datetime) -> bool:
        """Say of this row what `answering_to` asks of all."""
        if self.token_hash == token_hash:
            return True
        return self.previous_hash == token_hash and self.previous_until is not None and self.previous_until > now


class PairingCode(models.Model):
    """A code that pairs one device with a register, within five minutes.

    It is typed as `selector` and a secret, of which only the hash is kept. `wrong` counts secrets that were guessed.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    register = models.ForeignKey(Register, on_delete=models.PROTECT)
    selector = models.CharField(max_length=8, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    wrong = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(editable=False)
    used_at = models.DateTimeField(null=True, editable=False)
    device = models.OneToOneField(Device, on_delete=models.PROTECT, null=True, editable=False)

    def __str__(self) -> str:
        return f"a code for {self.register_id}"
