"""Orders, their lines and tenders. A line is a snapshot: it is never read from the catalogue again."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Lower
from django.utils.timezone import localtime

from kernel import limits
from kernel.constraints import Check, Unique
from kernel.ids import new_id
from pos.cash.models import Shift, TenderType
from pos.receipts.models import Receipt, number_written
from pos.registers.models import Device, Register, RoundingLevel


class Order(models.Model):
    class Origin(models.TextChoices):
        ONLINE = "ONLINE", "Online"
        OFFLINE = "OFFLINE", "Offline: the till sold it alone, and sent it later"

    class Status(models.TextChoices):
        PARKED = "PARKED", "Parked: a cart that waits"
        PLACED = "PLACED", "Placed, not paid in full"
        COMPLETED = "COMPLETED", "Completed"
        VOIDED = "VOIDED", "Voided"

    id = models.UUIDField(primary_key=True)
    register = models.ForeignKey(Register, on_delete=models.PROTECT, db_index=False)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True)
    shift = models.ForeignKey(Shift, on_delete=models.PROTECT, null=True)
    staff_id = models.UUIDField(null=True)
    approval_id = models.UUIDField(null=True, help_text="What it needed somebody else for")
    origin = models.CharField(  # noqa: DJ001 - null: not known, of orders from before it was kept
        max_length=7, choices=Origin.choices, null=True
    )
    device_sequence = models.BigIntegerField(null=True, help_text="The device's count of its orders")
    exceptions = models.JSONField(
        default=list, db_default=Value([], models.JSONField()), help_text="With which it was accepted"
    )
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PLACED)
    currency = models.CharField(max_length=3)
    rounding_level = models.CharField(
        max_length=5, choices=RoundingLevel.choices, default=RoundingLevel.LINE, db_default=RoundingLevel.LINE
    )
    price_list_id = models.UUIDField(
        null=True, help_text="Asked first where and when it was sold; empty: of before there were lists"
    )
    discounts = models.JSONField(default=list, db_default=Value([], models.JSONField()))
    subtotal = models.BigIntegerField(help_text="Without tax, in minor units")
    tax_total = models.BigIntegerField()
    discount_total = models.BigIntegerField(default=0, db_default=0, help_text="Of the lines and of the order")
    rounding_adjustment = models.BigIntegerField(
        default=0, db_default=0, help_text="What is added because cash has no smaller coins"
    )
    total = models.BigIntegerField(help_text="What the customer pays: the lines' totals and the rounding adjustment")
    change_total = models.BigIntegerField(default=0)
    series = models.CharField(
        max_length=limits.SERIES, blank=True, default="", db_default="", help_text="Of the receipt number"
    )
    receipt_number = models.BigIntegerField(null=True)
    receipt_id = models.UUIDField(null=True)
    training = models.BooleanField(default=False, db_default=False)
    business_date = models.DateField(null=True)
    customer_email = models.EmailField(blank=True)
    customer_salt = models.CharField(
        max_length=32,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Of the customer's reference in the receipt; erased with the address",
    )
    note = models.CharField(max_length=limits.NOTE, blank=True)
    exchange_return_id = models.UUIDField(null=True, help_text="The return whose goods pay for it")
    fingerprint = models.CharField(max_length=64, help_text="Of the request that placed it", editable=False)
    occurred_at = models.DateTimeField(help_text="By the device's clock, corrected where that was wrong")
    reported_at = models.DateTimeField(null=True, help_text="By the device's clock, where that was wrong")
    recorded_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=limits.REASON, blank=True, default="", db_default="")
    voided_by = models.UUIDField(null=True, help_text="Who of the staff gave it up")
    void_approval_id = models.UUIDField(null=True, help_text="What giving it up needed somebody else for")

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["register", "receipt_number", "training"],
                name="order_receipt_number_unique",
                field="receipt_number",
                sentence="This register has given that receipt number already.",
            ),
            Unique(
                fields=["device", "device_sequence"],
                condition=Q(device_sequence__isnull=False),
                name="order_device_sequence_unique",
                field="device_sequence",
                sentence="This device has sent another order under that sequence number.",
            ),
            Check(
                condition=Q(total=F("subtotal") + F("tax_total") + F("rounding_adjustment")),
                name="order_total_adds_up",
                field="total",
                sentence="The total is the sum of subtotal, tax and rounding adjustment.",
            ),
            Check(
                condition=Q(status="COMPLETED", receipt_number__isnull=False, completed_at__isnull=False)
                | (~Q(status="COMPLETED") & Q(receipt_number__isnull=True)),
                name="order_completed_has_receipt_number",
                field="receipt_number",
                sentence="A completed order, and no other, has a receipt number.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["recorded_at", "id"], name="order_by_recorded_at"),
            models.Index(fields=["total", "id"], name="order_by_total"),
            models.Index(fields=["register", "id"], name="order_by_register"),
            models.Index(fields=["status", "id"], name="order_not_completed", condition=~Q(status="COMPLETED")),
            models.Index(
                Lower("customer_email"), "id", name="order_by_customer_email", condition=~Q(customer_email="")
            ),
        ]

    def __str__(self) -> str:
        return self.receipt or f"Order of {localtime(self.occurred_at):%Y-%m-%d %H:%M}, without a receipt"

    @property
    def receipt(self) -> str:
        if not self.receipt_number:
            return ""
        return number_written(Receipt.Kind.ORDER, self.series or self.register.code, self.receipt_number)


class OrderLine(models.Model):
    class PriceSource(models.TextChoices):
        LIST = "LIST", "The price list's"
        MANUAL = "MANUAL", "Sent with the line"
        WEIGHED = "WEIGHED", "Of a barcode that carries a weight or a price"

    id = models.UUIDField(primary_key=True, default=new_id)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines", db_index=False)
    number = models.PositiveIntegerField()
    variant_id = models.UUIDField(null=True)
    sku = models.CharField(max_length=limits.CODE, blank=True)
    description = models.CharField(max_length=limits.TITLE)
    category = models.CharField(max_length=limits.NAME, null=True)  # noqa: DJ001 - null: none, or not known
    stocked = models.BooleanField()
    quantity = models.DecimalField(max_digits=limits.QUANTITY_DIGITS, decimal_places=3)
    list_price = models.DecimalField(
        max_digits=limits.PRICE_DIGITS,
        decimal_places=limits.PRICE_DECIMALS,
        null=True,
        help_text="Of the price list, in minor units; empty where none has one",
    )
    price_list_id = models.UUIDField(null=True, help_text="Of the list price")
    price_source = models.CharField(  # noqa: DJ001 - null: not known, of lines from before it was kept
        max_length=7, choices=PriceSource.choices, null=True
    )
    unit_price = models.DecimalField(
        max_digits=limits.PRICE_DIGITS,
        decimal_places=limits.PRICE_DECIMALS,
        db_column="exact_unit_price",
        help_text="In minor units",
    )
    whole_unit_price = models.BigIntegerField(
        db_column="unit_price", editable=False, help_text="Rounded: read by the release before"
    )
    gross = models.BigIntegerField(help_text="Quantity times unit price, rounded once")
    line_discount = models.BigIntegerField(default=0, db_default=0)
    order_discount_share = models.BigIntegerField(default=0, db_default=0)
    discounts = models.JSONField(default=list, db_default=Value([], models.JSONField()), help_text="Of the line")
    tax_name = models.CharField(max_length=limits.TAX_NAME)
    tax_rate = models.DecimalField(max_digits=9, decimal_places=6)
    tax_inclusive = models.BooleanField()
    tax_total = models.BigIntegerField()
    total = models.BigIntegerField(help_text="Gross minus both discounts, and the taxes that the price lacks")
    returned_quantity = models.DecimalField(max_digits=limits.QUANTITY_DIGITS, decimal_places=3, default=0)
    returned_total = models.BigIntegerField(default=0)
    returned_tax = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["order", "number"],
                name="order_line_number_unique",
                field="number",
                sentence="The order has a line of that number already.",
            ),
            Check(
                condition=Q(quantity__gt=0),
                name="order_line_quantity_positive",
                field="quantity",
                sentence="The quantity of an order line must be above zero.",
            ),
            Check(
                condition=Q(returned_quantity__lte=F("quantity"), returned_total__lte=F("total")),
                name="order_line_returned_at_most_once",
                field="returned_quantity",
                sentence="A line cannot be returned beyond its quantity.",
            ),
        ]

    def __str__(self) -> str:
        return self.description


class OrderLineTax(models.Model):
    """One tax of a line, as it was charged."""

    pk = models.CompositePrimaryKey("line_id", "number")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="taxes", db_index=False)
    number = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=limits.TAX_NAME)
    name = models.CharField(max_length=limits.TAX_NAME)
    rate = models.DecimalField(max_digits=9, decimal_places=6)
    inclusive = models.BooleanField(help_text="Whether the price contains it")
    base = models.BigIntegerField(help_text="What the rate is applied to: the line without taxes, or with those below")
    amount = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name} {self.amount}"


class Tender(models.Model):
    class State(models.TextChoices):
        PENDING = "PENDING", "Being charged"
        SETTLED = "SETTLED", "Settled"
        FAILED = "FAILED", "Failed"

    id = models.UUIDField(primary_key=True, default=new_id)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="tenders", db_index=False)
    number = models.PositiveIntegerField()
    type = models.ForeignKey(TenderType, on_delete=models.PROTECT)
    state = models.CharField(max_length=7, choices=State.choices)
    amount = models.BigIntegerField(help_text="What was handed over, in minor units")
    change = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0, help_text="Given back, or being given back")
    rounding = models.BigIntegerField(default=0, db_default=0, help_text="Of cash, by its smallest coin")
    reference = models.CharField(max_length=limits.REFERENCE, blank=True)
    failure = models.CharField(max_length=limits.REASON, blank=True)
    kind = models.CharField(
        max_length=8, blank=True, default="", db_default="", help_text="Of the type, when it was taken"
    )
    register = models.ForeignKey(Register, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    shift = models.ForeignKey(Shift, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    staff_id = models.UUIDField(null=True)
    occurred_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(null=True)
    business_date = models.DateField(null=True)

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["order", "number"],
                name="tender_number_unique",
                field="number",
                sentence="The order has a tender of that number already.",
            ),
            Check(
                condition=Q(amount__gt=0, change__gte=0),
                name="tender_amount_positive",
                field="amount",
                sentence="A tender must be above zero, and its change must not be below zero.",
            ),
            Check(
                condition=Q(refunded__gte=0) & Q(refunded__lte=F("amount") - F("change")),
                name="tender_refunded_at_most_what_was_paid",
                field="refunded",
                sentence="A tender cannot be refunded beyond its amount.",
            ),
        ]

    def __str__(self) -> str:
        return f"Tender {self.number}"

    @property
    def kind_taken(self) -> str:
        """The kind of its type when it was taken; of tenders before that was recorded, as it is now."""
        return self.kind or self.type.kind

    @property
    def charged_here(self) -> bool:
        """Whether it is a card that the backend charges."""
        return self.kind_taken == TenderType.Kind.GATEWAY

    @property
    def is_money(self) -> bool:
        """Whether there is a payment of it; there is none of goods that were exchanged."""
        return self.kind_taken != TenderType.Kind.EXCHANGE

    @property
    def paid(self) -> int:
        return self.amount - self.change
