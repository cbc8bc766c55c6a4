"""What is sold, and at which price."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from kernel import limits
from kernel.constraints import Check, Unique
from kernel.gtins import SCALE_CODE
from kernel.ids import new_id
from pos.taxes.models import TaxClass, TaxRate


class Category(models.Model):
    """A group of products; `parent` is the one that it is a part of."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=limits.NAME)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="parts", db_index=False
    )

    class Meta:
        verbose_name_plural: ClassVar = "categories"
        constraints: ClassVar = [
            Unique(
                fields=["parent", "name"],
                nulls_distinct=False,
                name="category_name_unique",
                field="name",
                sentence="This category has a part of that name already.",
            ),
            Check(
                condition=~Q(parent=F("id")),
                name="category_not_in_itself",
                field="parent",
                sentence="A category cannot be a part of itself.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """:raises ValidationError: when it would be a part of one of its parts."""
        above, seen = self.parent, set[object]()
        while above is not None and above.pk not in seen:
            if above.pk == self.pk:
                raise ValidationError({"parent": f"{self.name} cannot be a part of {self.parent}, which is in it."})
            seen.add(above.pk)
            above = above.parent


class Product(models.Model):
    class Kind(models.TextChoices):
        STOCKED = "STOCKED", "Stocked"
        SERVICE = "SERVICE", "Service"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=limits.NAME)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.STOCKED)
    tax_class = models.ForeignKey(TaxClass, on_delete=models.PROTECT, null=True)
    tax_rate = models.ForeignKey(
        TaxRate,
        on_delete=models.PROTECT,
        help_text="The only tax of what has no class; else read by the release before",
    )
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, blank=True, related_name="products")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.name

    @property
    def tax_name(self) -> str:
        """What its taxes are found by: its class's name, or that of its one rate."""
        return self.tax_class.name if self.tax_class else self.tax_rate.name


class Variant(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="variants")
    sku = models.CharField("SKU", max_length=limits.CODE)
    name = models.CharField(
        max_length=limits.NAME, blank=True, help_text="What tells it from the product's other variants"
    )
    price = models.BigIntegerField(help_text="In minor units, tax included or not as its tax rate says")
    active = models.BooleanField(default=True)
    archived_at = models.DateTimeField(null=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    search = models.TextField(
        default="", db_default="", editable=False, help_text="Title and SKU in small letters: the database writes it"
    )

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["sku"],
                condition=Q(active=True),
                name="variant_active_sku_unique",
                field="sku",
                sentence="Another active variant has this SKU.",
            ),
            Check(
                condition=Q(price__gte=0),
                name="variant_price_not_negative",
                field="price",
                sentence="A price must not be below zero.",
            ),
            Check(
                condition=Q(price__lte=limits.LARGEST_AMOUNT),
                name="variant_price_is_an_amount",
                field="price",
                sentence=f"A price is at most {limits.LARGEST_AMOUNT} minor units.",
            ),
            Check(
                condition=Q(archived_at__isnull=True) | Q(active=False),
                name="variant_archived_is_not_active",
                field="active",
                sentence="An archived variant is not sold any more: make another one for its successor.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.title}"

    @property
    def title(self) -> str:
        return f"{self.product.name} {self.name}".strip()

    @property
    def stocked(self) -> bool:
        return self.product.kind == Product.Kind.STOCKED


class Barcode(models.Model):
    """A code that names a variant, unique among those that are sold.

    A code of a scale is what is fixed of an EAN-13 (`2112345`); the five digits after it are grams, or minor units. The
    database takes it where the shop's profile says that its scales print such codes.
    """

    class Kind(models.TextChoices):
        PLAIN = "PLAIN", "Plain"
        WEIGHT = "WEIGHT", "Carries a weight"
        PRICE = "PRICE", "Carries a price"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="barcodes")
    code = models.CharField(max_length=limits.CODE)
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.PLAIN, db_default=Kind.PLAIN)
    quantity = models.DecimalField(
        max_digits=limits.QUANTITY_DIGITS, decimal_places=3, default=1, db_default=1, help_text="Of a scan: 6 of a pack"
    )
    key = models.GeneratedField(
        expression=models.Func("code", function="pos_barcode_key"),
        output_field=models.CharField(max_length=limits.CODE),
        db_persist=True,
    )
    live = models.BooleanField(
        default=True, db_default=True, editable=False, help_text="Whether its variant is sold: the database writes it"
    )

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["key"],
                condition=Q(live=True),
                name="barcode_active_unique",
                field="code",
                sentence="Another variant that is sold has this barcode: remove it there first.",
            ),
            Check(
                condition=Q(kind="PLAIN") | Q(code__regex=f"^{SCALE_CODE}$", quantity=1),
                name="barcode_of_scale",
                field="code",
                sentence="The code of a weight or a price is given by its first 7 digits.",
            ),
            Check(
                condition=Q(quantity__gt=0) & Q(quantity__lte=limits.LARGEST_QUANTITY),
                name="barcode_quantity_positive",
                field="quantity",
                sentence="A scan stands for a quantity above zero.",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ShelfLevel(models.Model):
    """What inventory last reported on hand: a projection, for the terminal's look-up."""

    id = models.BigAutoField(primary_key=True)
    variant_id = models.UUIDField()
    location_id = models.UUIDField()
    on_hand = models.DecimalField(max_digits=limits.STOCK_DIGITS, decimal_places=3)

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["variant_id", "location_id"],
                name="shelf_level_one_per_place",
                field="location_id",
                sentence="The variant has a shelf level at this location already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.on_hand}"
