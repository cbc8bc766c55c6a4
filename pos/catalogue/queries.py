"""What can be asked of the catalogue."""

from collections.abc import Collection
from typing import Literal
from uuid import UUID

from django.db.models import Q, QuerySet

from pos.catalogue.models import Barcode, ShelfLevel, Variant

Name = tuple[Literal["id"], UUID] | tuple[Literal["barcode", "sku"], str]
"""What a variant may be named by."""


def variants_asked_for(names: Collection[Name]) -> dict[Name, Variant]:
    """Find the active variants that an order's lines name, in at most two queries."""
    variants = Variant.objects.select_related("product__tax_rate").filter(active=True)
    ids, skus, barcodes = _of("id", names), _of("sku", names), _of("barcode", names)
    found: dict[Name, Variant] = {}
    if ids or skus:
        for variant in variants.filter(Q(id__in=ids) | Q(sku__in=skus)):
            found["id", variant.id] = found["sku", variant.sku] = variant
    if barcodes:
        coded = Barcode.objects.filter(code__in=barcodes, variant__active=True)
        for barcode in coded.select_related("variant__product__tax_rate"):
            found["barcode", barcode.code] = barcode.variant
    return {name: found[name] for name in names if name in found}


def _of(kind: str, names: Collection[Name]) -> list[UUID | str]:
    return [name for named_by, name in names if named_by == kind]


def catalogue() -> QuerySet[Variant]:
    return Variant.objects.select_related("product__tax_rate").prefetch_related("barcodes").filter(active=True)


def variants_matching(*, barcode: str = "", sku: str = "", text: str = "") -> QuerySet[Variant]:
    """Find active variants by barcode, by SKU, or by a part of their names."""
    variants = catalogue()
    if barcode:
        variants = variants.filter(barcodes__code=barcode)
    if sku:
        variants = variants.filter(sku=sku)
    if text:
        variants = variants.filter(Q(product__name__icontains=text) | Q(name__icontains=text) | Q(sku__icontains=text))
    return variants


def on_shelf(variant_ids: Collection[UUID], location_id: UUID) -> dict[UUID, ShelfLevel]:
    levels = ShelfLevel.objects.filter(variant_id__in=variant_ids, location_id=location_id)
    return {level.variant_id: level for level in levels}
