"""Figures: what reports add up, kept from events."""

from typing import ClassVar

from django.db import models

from kernel import limits
from kernel.constraints import Unique


class ReportFigure(models.Model):
    """Sums of one kind for a day of business, a place and a currency: a projection of the log.

    Amounts are minor units, and what came back has figures apart. Empty is what a kind does not tell apart; in a column
    that it does tell apart, what is not known.
    """

    class Kind(models.TextChoices):
        SALES = "SALES", "By register, staff and hour"
        TAXES = "TAXES", "By tax and rate"
        TENDERS = "TENDERS", "By tender type"
        PRODUCTS = "PRODUCTS", "By variant"
        REFUNDS = "REFUNDS", "By reason"
        DISCOUNTS = "DISCOUNTS", "By discount"
        OVER_SHORT = "OVER_SHORT", "By shift and tender type"

    class Direction(models.TextChoices):
        SALE = "SALE", "Sold"
        RETURN = "RETURN", "Came back"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    direction = models.CharField(max_length=6, choices=Direction.choices)
    business_date = models.DateField()
    location_id = models.UUIDField()
    register_id = models.UUIDField(null=True)
    currency = models.CharField(max_length=3)
    staff_id = models.UUIDField(null=True)
    hour = models.PositiveSmallIntegerField(null=True, help_text="By the clock of the location, 0 to 23")
    variant_id = models.UUIDField(null=True)
    shift_id = models.UUIDField(null=True)
    drawer_id = models.UUIDField(null=True, help_text="Of the shift")
    code = models.CharField(max_length=limits.TITLE, help_text="Of a tax, tender type, discount, reason or variant")
    detail = models.CharField(max_length=limits.CODE, help_text="What a code is told apart by: a tender's kind")
    rate = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    name = models.CharField(max_length=limits.TITLE, help_text="As it was called last")
    documents = models.BigIntegerField(help_text="Orders, returns or tenders in which it occurs")
    quantity = models.DecimalField(max_digits=limits.STOCK_DIGITS, decimal_places=3)
    gross = models.BigIntegerField(help_text="Quantity times unit price, before discounts")
    discount = models.BigIntegerField()
    base = models.BigIntegerField(help_text="What a tax is due on")
    tax = models.BigIntegerField()
    rounding = models.BigIntegerField(help_text="What the coins of cash added")
    total = models.BigIntegerField(help_text="Money: tax and rounding included, change taken off")
    expected = models.BigIntegerField(help_text="What a drawer should have held")
    counted = models.BigIntegerField()
    position = models.BigIntegerField(help_text="In the log, of the last event that is in it")

    class Meta:
        verbose_name: ClassVar = "report"
        constraints: ClassVar = [
            Unique(
                fields=[
                    "kind", "business_date", "location_id", "direction", "register_id", "currency", "staff_id", "hour",
                    "variant_id", "shift_id", "code", "detail", "rate",
                ],
                nulls_distinct=False,
                name="report_figure_unique",
                field="kind",
                sentence="There is such a figure already.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.business_date} {self.code}"
