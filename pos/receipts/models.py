"""Receipts: written once, numbered without a gap and chained."""

from typing import ClassVar

from django.db import models
from django.db.models import BigIntegerField, JSONField, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from kernel import limits
from kernel.constraints import Check, Unique
from kernel.ids import new_id

WITH_TOTAL = ("ORDER", "RETURN")
"""The kinds whose snapshots come to an amount."""
REPORTS = {"Z", "X", "CORRECTION"}
"""The kinds that tell what should be in a drawer."""
TOTAL = Cast(KeyTextTransform("total", Cast("snapshot", JSONField())), BigIntegerField())
ONE_PER_SOURCE = "receipt_once_per_source"
LETTERS = {"ORDER": "", "RETURN": "R", "Z": "Z", "X": "X", "CASH": "C", "CORRECTION": "A"}
"""What stands before the digits of a number, by the kind of receipt."""


class Receipt(models.Model):
    """What was printed, as it was, whatever is renamed later. The database refuses every change but the print count.

    Each series and kind has one chain: `hash` is SHA-256 of the hash before and of the snapshot's SHA-256.
    """

    class Kind(models.TextChoices):
        ORDER = "ORDER", "Order"
        RETURN = "RETURN", "Return"
        Z = "Z", "Z report"
        X = "X", "X report"
        CASH = "CASH", "Cash moved"
        CORRECTION = "CORRECTION", "Amendment of a Z report"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    series = models.CharField(max_length=limits.SERIES)
    number = models.BigIntegerField()
    source_id = models.UUIDField(help_text="Of the order, return, shift, movement or amendment")
    snapshot = models.TextField(help_text="Canonical JSON: what the hash is of")
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    print_count = models.PositiveIntegerField(default=0)
    issued_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["series", "kind", "number"],
                name="receipt_number_unique",
                field="number",
                sentence="This series has given that number already.",
            ),
            Unique(
                fields=["source_id", "kind"],
                name=ONE_PER_SOURCE,
                field="source_id",
                sentence="It has a receipt already.",
            ),
            Check(
                condition=Q(kind__in=["ORDER", "RETURN", "Z", "X", "CASH", "CORRECTION"]),
                name="receipt_kind_known",
                field="kind",
                sentence="A receipt is of an order, a return, a shift or cash that was moved.",
            ),
        ]

        indexes: ClassVar = [
            models.Index(fields=["issued_at", "id"], name="receipt_by_issued_at"),
            models.Index(TOTAL, "id", name="receipt_by_total", condition=Q(kind__in=WITH_TOTAL)),
        ]

    def __str__(self) -> str:
        return number_written(self.kind, self.series, self.number)

    @property
    def copy(self) -> int:
        """The number of the copy that was printed last; 0 for the first print, and before it."""
        return max(0, self.print_count - 1)


def number_written(kind: str, series: str, number: int) -> str:
    """Write a receipt's number as it is printed: `R1-000018`, of a return `R1-R000018`, of a Z report `R1-Z000018`."""
    return f"{series}-{LETTERS[kind]}{number:06}"
