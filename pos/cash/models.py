"""Cash: shifts, the movements and counts of their cash, what they come to, and what is taken as payment."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.timezone import localtime

from kernel import limits
from kernel.constraints import Check, Unique
from kernel.ids import new_id
from kernel.money import formatted
from pos.registers.models import CashDrawer, Register

ONE_OPEN_SHIFT = "shift_one_open_per_drawer"
ONE_MOVEMENT_PER_SOURCE = "cash_movement_once_per_source"


class Shift(models.Model):
    """The time between two counts of a drawer. `register` is where it was opened.

    What is set when it is closed does not change: what comes late is an amendment. `counted`, `expected` and
    `over_short` are minor units by tender type, all cash under one; a type that nobody counted is missing in the first
    and the last. `closed_position` is the position of the tenant's log up to which its Z goes.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", "Open"
        CLOSED = "CLOSED", "Closed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    drawer = models.ForeignKey(CashDrawer, on_delete=models.PROTECT, related_name="shifts", db_index=False)
    number = models.BigIntegerField(help_text="Of its drawer")
    register = models.ForeignKey(Register, on_delete=models.PROTECT)
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    float_amount = models.BigIntegerField(default=0, help_text="Cash in the drawer at the start, in minor units")
    opened_at = models.DateTimeField()
    opened_by = models.UUIDField(null=True, help_text="The staff member")
    business_date = models.DateField(null=True, help_text="On which it was opened")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.UUIDField(null=True, help_text="The staff member")
    approval_id = models.UUIDField(null=True, help_text="What closing it needed somebody else for")
    closed_on = models.ForeignKey(Register, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    closed_position = models.BigIntegerField(null=True)
    note = models.CharField(max_length=limits.NOTE, blank=True, default="", db_default="")
    expected = models.JSONField(null=True)
    counted = models.JSONField(null=True)
    over_short = models.JSONField(null=True)
    receipt_id = models.UUIDField(null=True, help_text="Of the Z report")
    grand_total = models.BigIntegerField(null=True, help_text="Of the drawer, with this shift")

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["drawer"],
                condition=Q(state="OPEN"),
                name=ONE_OPEN_SHIFT,
                field="drawer",
                sentence="This drawer has an open shift already.",
            ),
            Unique(
                fields=["drawer", "number"],
                name="shift_number_unique",
                field="number",
                sentence="This drawer has a shift of that number already.",
            ),
            Check(
                condition=Q(float_amount__gte=0),
                name="shift_float_not_negative",
                field="float_amount",
                sentence="The cash in the drawer must not be below zero.",
            ),
        ]

    def __str__(self) -> str:
        return f"Shift {self.number}, {localtime(self.opened_at):%Y-%m-%d %H:%M}"

    @property
    def currency(self) -> str:
        return self.register.location.currency


class CashMovement(models.Model):
    """Cash that was put into a drawer or taken out of it without a sale, or a drawer that was opened for nothing.

    The database refuses to change or delete it: a correction is another movement, whose source is the wrong one.
    """

    class Kind(models.TextChoices):
        FLOAT = "FLOAT", "Float"
        PAID_IN = "PAID_IN", "Paid in"
        PAID_OUT = "PAID_OUT", "Paid out"
        PICKUP = "PICKUP", "Pickup"
        NO_SALE = "NO_SALE", "Opened without a sale"
        CORRECTION = "CORRECTION", "Correction"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    shift = models.ForeignKey(Shift, on_delete=models.PROTECT, related_name="movements")
    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    amount = models.BigIntegerField(help_text="In minor units; below zero for what was taken out")
    source_id = models.UUIDField(help_text="The command that asked for it, the shift of a float, or what is corrected")
    reason_code = models.CharField(max_length=limits.SHORT_CODE, blank=True, default="", db_default="")
    note = models.CharField(max_length=limits.NOTE, blank=True, default="", db_default="")
    staff_id = models.UUIDField(null=True)
    approval_id = models.UUIDField(null=True)
    receipt_id = models.UUIDField(null=True)
    business_date = models.DateField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["source_id", "kind"],
                name=ONE_MOVEMENT_PER_SOURCE,
                field="source_id",
                sentence="That was moved already.",
            ),
            Check(
                condition=Q(kind__in=["FLOAT", "PAID_IN"], amount__gte=0)
                | Q(kind__in=["PAID_OUT", "PICKUP"], amount__lt=0)
                | Q(kind="NO_SALE", amount=0)
                | Q(kind="CORRECTION"),
                name="cash_movement_has_its_sign",
                field="amount",
                sentence="What is paid in is above zero, what is taken out below, and nothing moves without a sale.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {formatted(self.amount, self.shift.currency)}"


class CashCount(models.Model):
    """Cash that was counted while a shift was open. `expected` is what should have been there then."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    shift = models.ForeignKey(Shift, on_delete=models.PROTECT, related_name="counts")
    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="+", db_index=False)
    denominations = models.JSONField(null=True, help_text="How many of each coin and note, by its worth")
    counted = models.BigIntegerField()
    expected = models.BigIntegerField()
    staff_id = models.UUIDField(null=True)
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        counted, expected = (formatted(amount, self.shift.currency) for amount in (self.counted, self.expected))
        return f"{counted}, expected {expected}"


class ShiftTotal(models.Model):
    """What a shift comes to at one register: a projection of the log, which the services never write.

    :param late: of what came after the shift was closed: not in its Z, but in amendments.
    :param key: JSON: of what kind the tender, the refund or the tax is; `[]` of sales and returns.
    :param position: of the newest event in it.
    """

    class Subject(models.TextChoices):
        SALES = "SALES"
        RETURNS = "RETURNS"
        TAXES = "TAXES"
        TAXES_BACK = "TAXES_BACK"
        TENDERS = "TENDERS"
        REFUNDS = "REFUNDS"

    pk = models.CompositePrimaryKey("shift_id", "register_id", "late", "subject", "key")
    shift_id = models.UUIDField()
    register_id = models.UUIDField()
    late = models.BooleanField()
    subject = models.CharField(max_length=10, choices=Subject.choices)
    key = models.TextField()
    count = models.BigIntegerField()
    total = models.BigIntegerField(help_text="With tax; of tenders without the change")
    net = models.BigIntegerField(help_text="Without tax")
    tax = models.BigIntegerField()
    discount = models.BigIntegerField()
    rounding = models.BigIntegerField()
    change = models.BigIntegerField()
    first_number = models.BigIntegerField(null=True, help_text="Of its receipts")
    last_number = models.BigIntegerField(null=True)
    position = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.subject} {self.total}"


class ShiftAmendment(models.Model):
    """What an event changed in a shift that was closed before it."""

    id = models.UUIDField(primary_key=True, editable=False)
    shift = models.ForeignKey(Shift, on_delete=models.PROTECT, related_name="amendments", db_index=False)
    number = models.PositiveIntegerField(help_text="Of its shift")
    event_id = models.UUIDField()
    position = models.BigIntegerField(help_text="Of the event in the log")
    receipt_id = models.UUIDField()
    grand_total = models.BigIntegerField(help_text="Of the drawer, with this")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["shift", "event_id"],
                name="shift_amended_once_per_event",
                field="event_id",
                sentence="The shift was amended for that event already.",
            ),
            Unique(
                fields=["shift", "number"],
                name="shift_amendment_number_unique",
                field="number",
                sentence="The shift has an amendment of that number already.",
            ),
        ]

    def __str__(self) -> str:
        return f"Amendment {self.number}"


class TenderType(models.Model):
    """A way to pay. `GATEWAY` is a card that the backend charges; `CARD` one that the terminal has charged already.

    `EXCHANGE` is no money: goods that came back pay for an order. A shop has one such type, made by its first exchange.
    """

    class Kind(models.TextChoices):
        CASH = "CASH", "Cash"
        CARD = "CARD", "Card, charged at the terminal"
        GATEWAY = "GATEWAY", "Card, charged by the backend"
        OTHER = "OTHER", "Other"
        EXCHANGE = "EXCHANGE", "Goods that came back"

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
            Unique(
                fields=["kind"],
                condition=Q(kind="EXCHANGE"),
                name="tender_type_one_exchange",
                field="kind",
                sentence="The shop has a type for exchanges already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def gives_change(self) -> bool:
        return self.kind == self.Kind.CASH
