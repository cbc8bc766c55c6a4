"""What the stockroom keeps: the ledger, and what it adds up to."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from kernel import limits
from kernel.constraints import Check, Unique
from kernel.ids import new_id


class StockedVariant(models.Model):
    """What inventory knows of a variant, from the catalogue's events."""

    variant_id = models.UUIDField(primary_key=True)
    sku = models.CharField(max_length=limits.CODE)
    title = models.CharField(max_length=limits.TITLE)
    tracked = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.sku} {self.title}"


class StockItem(models.Model):
    """How much of a variant is at a location: the sum of its movements. Negative after overselling."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    variant_id = models.UUIDField()
    location_id = models.UUIDField()
    sku = models.CharField(max_length=limits.CODE, blank=True)
    title = models.CharField(max_length=limits.TITLE, blank=True)
    on_hand = models.DecimalField(max_digits=limits.STOCK_DIGITS, decimal_places=3, default=0)
    reorder_point = models.DecimalField(max_digits=limits.QUANTITY_DIGITS, decimal_places=3, default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["variant_id", "location_id"],
                name="stock_item_one_per_place",
                field="location_id",
                sentence="The variant has a stock item at this location already.",
            ),
            Check(
                condition=Q(reorder_point__gte=0),
                name="stock_item_reorder_point_not_negative",
                field="reorder_point",
                sentence="A reorder point must not be below zero.",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["location_id", "id"], name="stock_item_by_location")]
        permissions: ClassVar = [
            ("receive_goods", "Can take delivered goods into stock"),
            ("adjust_stock", "Can count and adjust stock"),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.on_hand}"


class StockMovement(models.Model):
    """One entry of the ledger: append-only, and once for each (source, line, kind)."""

    class Kind(models.TextChoices):
        ORDER = "ORDER", "Sold"
        RETURN = "RETURN", "Came back"
        RECEIPT = "RECEIPT", "Received"
        ADJUSTMENT = "ADJUSTMENT", "Adjusted"
        OPENING = "OPENING", "There from the beginning"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="movements", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    quantity = models.DecimalField(
        max_digits=limits.QUANTITY_DIGITS, decimal_places=3, help_text="In is positive, out negative"
    )
    reason = models.CharField(max_length=limits.REASON, blank=True)
    source_type = models.CharField(max_length=20)
    source_id = models.UUIDField()
    source_line = models.UUIDField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    staff_id = models.UUIDField(null=True, help_text="Who moved it; null where nobody was signed in")
    approval_id = models.UUIDField(null=True, help_text="What it needed somebody else for")

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["source_type", "source_id", "source_line", "kind"],
                name="stock_movement_posted_once",
                field="source_line",
                sentence="This line was posted to the ledger already.",
            ),
            Check(
                condition=~Q(quantity=0),
                name="stock_movement_moves_something",
                field="quantity",
                sentence="The quantity of a movement must not be zero.",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["item", "id"], name="stock_movement_by_item")]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity}"
