"""Cash: shifts, and what is taken as payment."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from kernel import limits
from kernel.constraints import Check, Unique
from kernel.ids import new_id
from pos.registers.models import Register

ONE_OPEN_SHIFT = "shift_one_open_per_register"


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
                sentence="The cash in the drawer must not be below zero.",
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
    rounding_step = models.PositiveIntegerField(
        default=1,
        db_default=1,
        help_text="Worth of the smallest coin, in minor units, to which a rest that is paid in cash is rounded;"
        " 1 for all other types",
    )

    class Meta:
        constraints: ClassVar = [
            Check(
                condition=Q(rounding_step=1) | Q(kind="CASH", rounding_step__gt=0, rounding_step__lte=10_000),
                name="tender_type_rounding_step_is_of_cash",
                field="rounding_step",
                sentence="Only cash is rounded, to a step of 1 to 10000 minor units.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def gives_change(self) -> bool:
        return self.kind == self.Kind.CASH
