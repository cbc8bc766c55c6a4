"""What can be asked of the catalogue."""

from collections.abc import Collection
from typing import Literal
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Lower

from pos.catalogue.models import Barcode, ShelfLevel, Variant

Name = tuple[Literal["id"], UUID] | tuple[Literal["barcode", "sku"], str]
"""What a variant may be named by."""
LONGEST_PART = 3


class Parts(Func):
    """The runs of so many characters of a text: `Parts(text, shortest, longest)`. Those of variants are indexed."""

    function = "pos_parts"
    output_field = ArrayField(TextField())


def variants_asked_for(names: Collection[Name]) -> dict[Name, Variant]:
    """Find the active variants that an order's lines name, in at most two queries."""
    variants = Variant.objects.select_related("product__tax_class", "product__tax_rate").filter(active=True)
    ids, skus, barcodes = _of("id", names), _of("sku", names), _of("barcode", names)
    found: dict[Name, Variant] = {}
    if ids or skus:
        for variant in variants.filter(Q(id__in=ids) | Q(sku__in=skus)):
            found["id", variant.id] = found["sku", variant.sku] = variant
    if barcodes:
        coded = Barcode.objects.filter(code__in=barcodes, variant__active=True)
        for barcode in coded.select_related("variant__product__tax_class", "variant__product__tax_rate"):
            found["barcode", barcode.code] = barcode.variant
    return {name: found[name] for name in names if name in found}


def _of(kind: str, names: Collection[Name]) -> list[UUID | str]:
    return [name for named_by, name in names if named_by == kind]


def catalogue() -> QuerySet[Variant]:
    variants = (
        Variant.objects.select_related("product__tax_class", "product__tax_rate")
        .prefetch_related("barcodes")
        .defer("search")
    )
    return variants.filter(active=True)


def variants_matching(*, barcode: str = "", sku: str = "", text: str = "") -> QuerySet[Variant]:
    """Find active variants by barcode, by SKU, or by a part of their title or SKU."""
    variants = catalogue()
    if barcode:
        variants = variants.filter(barcodes__code=barcode)
    if sku:
        variants = variants.filter(sku=sku)
    if text:
        sought, longest = Lower(Value(text)), min(len(text), LONGEST_PART)
        variants = variants.alias(parts=Parts("search", 1, LONGEST_PART))
        variants = variants.filter(parts__contains=Parts(sought, longest, longest), search__contains=sought)
        variants = variants.select_related(None).prefetch_related(
            "product__tax_class", "product__tax_rate"
        )  # of a page, not of all found
    return variants


def on_shelf(variant_ids: Collection[UUID], location_id: UUID) -> dict[UUID, ShelfLevel]:
    levels = ShelfLevel.objects.filter(variant_id__in=variant_ids, location_id=location_id)
    return {level.variant_id: level for level in levels}
