"""Returns: goods that come back, and the money that goes out for them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from kernel import limits
from kernel.constraints import Check, Unique
from kernel.ids import new_id
from pos.cash.models import Shift
from pos.orders.models import Order, OrderLine
from pos.receipts.models import Receipt, number_written
from pos.registers.models import Register


class Return(models.Model):
    id = models.UUIDField(primary_key=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, related_name="returns")
    register = models.ForeignKey(Register, on_delete=models.PROTECT, db_index=False)
    shift = models.ForeignKey(Shift, on_delete=models.PROTECT)
    series = models.CharField(max_length=limits.SERIES, blank=True, default="", db_default="")
    number = models.BigIntegerField()
    receipt_id = models.UUIDField(null=True)
    business_date = models.DateField(null=True)
    currency = models.CharField(max_length=3)
    tax_total = models.BigIntegerField()
    rounding_adjustment = models.BigIntegerField(
        default=0, db_default=0, help_text="What is added because cash has no smaller coins"
    )
    total = models.BigIntegerField(help_text="The lines' totals and the rounding adjustment")
    reason = models.CharField(max_length=limits.REASON, blank=True)
    device_id = models.UUIDField(null=True, help_text="At which it was made; empty: by a key, or not known")
    exchange_order = models.OneToOneField(
        Order,
        on_delete=models.PROTECT,
        null=True,
        related_name="exchanged_return",
        help_text="The order that the goods were exchanged for",
    )
    staff_id = models.UUIDField(null=True)
    approval_id = models.UUIDField(null=True)
    fingerprint = models.CharField(max_length=64, editable=False)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["register", "number"],
                name="return_number_unique",
                field="number",
                sentence="This register has given that return number already.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["recorded_at", "id"], name="return_by_recorded_at"),
            models.Index(fields=["total", "id"], name="return_by_total"),
            models.Index(fields=["register", "id"], name="return_by_register"),
        ]

    def __str__(self) -> str:
        return self.receipt

    @property
    def receipt(self) -> str:
        return number_written(Receipt.Kind.RETURN, self.series or self.register.code, self.number)


class ReturnLine(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id)
    parent = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="lines")
    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, null=True)
    variant_id = models.UUIDField(null=True)
    sku = models.CharField(max_length=limits.CODE, blank=True)
    description = models.CharField(max_length=limits.TITLE)
    category = models.CharField(max_length=limits.NAME, null=True)  # noqa: DJ001 - null: none, or not known
    stocked = models.BooleanField()
    restock = models.BooleanField()
    quantity = models.DecimalField(max_digits=limits.QUANTITY_DIGITS, decimal_places=3)
    unit_price = models.DecimalField(
        max_digits=limits.PRICE_DIGITS,
        decimal_places=limits.PRICE_DECIMALS,
        null=True,
        help_text="In minor units: that of the order's line, or the one that was named; empty where it was not kept",
    )
    discounts = models.JSONField(
        null=True, help_text="What goes back of those of the order's line: name, percent, scope, amount; null: not kept"
    )
    reason_code = models.CharField(max_length=limits.SHORT_CODE, blank=True, default="", db_default="")
    taxes = models.JSONField(
        null=True, help_text="As of an order's line, each with its share; null: not known, of returns without an order"
    )
    tax_total = models.BigIntegerField()
    total = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            Check(
                condition=Q(quantity__gt=0),
                name="return_line_quantity_positive",
                field="quantity",
                sentence="The quantity of a return line must be above zero.",
            ),
        ]

    def __str__(self) -> str:
        return self.description
