"""Taxes: classes of goods, versions of rates, and the rules that say which rates a class has where and when."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from kernel import limits
from kernel.constraints import Check
from kernel.ids import new_id
from kernel.local_moments import LocalMomentField


class TaxClass(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=limits.TAX_NAME, unique=True)

    class Meta:
        verbose_name_plural = "tax classes"

    def __str__(self) -> str:
        return self.name


class TaxRate(models.Model):
    """A version of a rate. The database refuses to change what it charges: another rate is another version."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(
        max_length=limits.TAX_NAME,
        blank=True,
        default="",
        db_default="",
        help_text="Of the tax, the same for all its versions; the name when left empty",
    )
    name = models.CharField(max_length=limits.TAX_NAME, unique=True)
    rate = models.DecimalField(max_digits=9, decimal_places=6, help_text="0.20 is twenty percent")
    inclusive = models.BooleanField(default=True, help_text="Whether prices contain this tax")

    class Meta:
        constraints: ClassVar = [
            Check(
                condition=Q(rate__gte=0) & Q(rate__lt=1),
                name="tax_rate_is_a_share",
                field="rate",
                sentence="A tax rate is a share from 0 to below 1: 0.20 is twenty percent.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TaxRule(models.Model):
    """A rate that goods of a class have in a region. Rules of the region itself take the place of those of all."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tax_class = models.ForeignKey(TaxClass, on_delete=models.CASCADE, related_name="rules")
    region = models.CharField(
        max_length=limits.SHORT_CODE, blank=True, default="", help_text="As of locations; empty: all others"
    )
    sequence = models.PositiveSmallIntegerField(default=1, help_text="Its place among several taxes of the goods")
    rate = models.ForeignKey(TaxRate, on_delete=models.PROTECT)
    on_top = models.BooleanField(default=False, help_text="Whether it is charged on the taxes before it as well")
    valid_from = LocalMomentField("from", null=True, blank=True, help_text="By the location's clock; empty: since ever")
    valid_to = LocalMomentField("until", null=True, blank=True, help_text="From this moment on no more; empty: on")

    exclusions: ClassVar = {
        "tax_rule_one_at_a_time": (
            "valid_from",
            "Another rule of this class, region and sequence is valid at the same time: end it first.",
        )
    }

    class Meta:
        constraints: ClassVar = [
            Check(
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_from__lt=F("valid_to")),
                name="tax_rule_ends_after_it_begins",
                field="valid_to",
                sentence="A rule ends after it begins.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tax_class}: {self.rate}"
