"""The seller, as receipts name it."""

from datetime import date, datetime
from typing import ClassVar

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from kernel import limits
from kernel.constraints import Check, Unique
from kernel.gtins import SCALE_PREFIX
from kernel.ids import new_id
from kernel.moments import business_date

LATEST_CUT_OVER = 23
ALL_PREFIXES = "20 21 22 23 24 25 26 27 28 29"


class ShopProfile(models.Model):
    """One version of what the shop says of itself. A version is never changed: the next one takes its place."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.PositiveIntegerField(unique=True, editable=False)
    current = models.BooleanField(default=True, editable=False)
    legal_name = models.CharField(max_length=limits.NAME)
    address = models.TextField(max_length=limits.ADDRESS, blank=True)
    vat_number = models.CharField("VAT number", max_length=limits.CODE, blank=True)
    receipt_header = models.TextField(max_length=limits.PRINTED, blank=True)
    receipt_footer = models.TextField(max_length=limits.PRINTED, blank=True)
    cut_over_hour = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(LATEST_CUT_OVER)],
        help_text="When the business day changes, by the clock of the location: 0 to 23",
    )
    scale_prefixes = models.CharField(
        max_length=35,
        blank=True,
        default=ALL_PREFIXES,
        db_default=ALL_PREFIXES,
        validators=[
            RegexValidator(
                rf"\A{SCALE_PREFIX}(?: {SCALE_PREFIX})*\Z",
                "Write 02, 04 or numbers from 20 to 29 with a blank between, as 20 21 28.",
            )
        ],
        help_text="Of the barcodes that the shop's scales print, the first two digits: 02, 04, 20 to 29, with blanks"
        " between; empty: it has no scales",
    )
    made_at = models.DateTimeField(editable=False)

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["current"],
                condition=Q(current=True),
                name="shop_profile_one_current",
                field="current",
                sentence="One version is the current one.",
            ),
            Check(
                condition=Q(cut_over_hour__lte=LATEST_CUT_OVER),
                name="shop_profile_cut_over_hour",
                field="cut_over_hour",
                sentence="The cut-over hour is 0 to 23.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.legal_name}, version {self.version}"

    def day_of(self, moment: datetime, *, timezone: str) -> date:
        """Return the day to which the shop counts a moment at a location. :param timezone: its IANA name."""
        return business_date(moment, zone=timezone, cut_over_hour=self.cut_over_hour)
