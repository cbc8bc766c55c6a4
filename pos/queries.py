"""What can be asked of the tills."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from pos.models import Barcode, Order, OrderLine, ShelfLevel, Variant


@dataclass(frozen=True, kw_only=True)
class Found:
    """Variants by each of the ways to name one."""

    by_id: dict[UUID, Variant]
    by_barcode: dict[str, Variant]
    by_sku: dict[str, Variant]

    def of(self, *, variant_id: UUID | None, barcode: str, sku: str) -> Variant | None:
        if variant_id:
            return self.by_id.get(variant_id)
        return self.by_barcode.get(barcode) if barcode else self.by_sku.get(sku)


def variants_asked_for(*, ids: Collection[UUID], barcodes: Collection[str], skus: Collection[str]) -> Found:
    """Find the active variants that an order's lines name, in at most two queries."""
    variants = Variant.objects.select_related("product__tax_rate").filter(active=True)
    by_id, by_sku, by_barcode = {}, {}, {}
    if ids or skus:
        for variant in variants.filter(Q(id__in=ids) | Q(sku__in=skus)):
            by_id[variant.id] = by_sku[variant.sku] = variant
    if barcodes:
        found = Barcode.objects.filter(code__in=barcodes, variant__active=True)
        for barcode in found.select_related("variant__product__tax_rate"):
            by_barcode[barcode.code] = barcode.variant
    return Found(by_id=by_id, by_barcode=by_barcode, by_sku=by_sku)


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


def lines_of_order() -> Subquery:
    """Say how many lines an order has: the number of its last one."""
    return Subquery(OrderLine.objects.filter(order=OuterRef("pk")).order_by("-number").values("number")[:1])


def orders() -> QuerySet[Order]:
    return Order.objects.select_related("register__location").prefetch_related("lines", "tenders__type")
