"""What can be asked of the catalogue."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Lower, Upper

from kernel.gtins import barcode_key, parts_of_scale
from pos.catalogue.models import Barcode, ShelfLevel, Variant
from pos.memory.shop import Kind

Name = tuple[Literal["id"], UUID] | tuple[Literal["barcode", "sku"], str]
"""What a variant may be named by."""
LONGEST_PART = 3
PRICED_WITH = ("product__category", "product__tax_class", "product__tax_rate")
"""What an order's line takes over of a variant, beside the variant itself."""
SCALE_CODES: Kind[str, Mapping[str, str]] = Kind(name="codes of scales", models=(Barcode,))


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """A barcode as it was read. :param code: what names the variant.

    :param quantity: that it carries. :param price: that it carries, in minor units.
    """

    code: str
    quantity: Decimal | None = None
    price: int | None = None

    @property
    def is_empty(self) -> bool:
        """Say whether a scale has printed a weight or a price of nothing."""
        return self.quantity == 0 or self.price == 0


def read_scan(code: str) -> Scan:
    """Read a barcode; take the weight or the price from it where the shop has one of a scale that begins so."""
    parts = parts_of_scale(code)
    kind = parts and (SCALE_CODES.recall_one("all", _scale_codes) or {}).get(parts[0])
    if not parts or not kind:
        return Scan(code=code)
    if kind == Barcode.Kind.WEIGHT:
        return Scan(code=parts[0], quantity=Decimal(parts[1]).scaleb(-3))
    return Scan(code=parts[0], price=parts[1])


def _scale_codes(_all: str) -> Mapping[str, str]:
    scales = Barcode.objects.filter(live=True).exclude(kind=Barcode.Kind.PLAIN)
    return dict(scales.values_list("code", "kind"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """:param per_scan: the quantity that one scan of the barcode stands for."""

    variant: Variant
    per_scan: Decimal = Decimal(1)


class Parts(Func):
    """The runs of so many characters of a text: `Parts(text, shortest, longest)`. Those of variants are indexed."""

    function = "pos_parts"
    output_field = ArrayField(TextField())


def variants_asked_for(names: Collection[Name]) -> dict[Name, Found]:
    """Find the active variants that an order's lines name, in at most two queries."""
    variants = Variant.objects.select_related(*PRICED_WITH).filter(active=True)
    ids, skus, barcodes = _of("id", names), _of("sku", names), _of("barcode", names)
    found: dict[Name, Found] = {}
    if ids or skus:
        for variant in variants.filter(Q(id__in=ids) | Q(sku__in=skus)):
            found["id", variant.id] = found["sku", variant.sku] = Found(variant=variant)
    if barcodes:
        keys = {barcode_key(str(code)) for code in barcodes}
        coded = Barcode.objects.filter(key__in=keys, live=True).select_related(
            *(f"variant__{each}" for each in PRICED_WITH)
        )
        of_key = {each.key: Found(variant=each.variant, per_scan=each.quantity) for each in coded}
        found |= {("barcode", str(code)): of_key[key] for code in barcodes if (key := barcode_key(str(code))) in of_key}
    return {name: found[name] for name in names if name in found}


def withdrawn_asked_for(names: Collection[Name]) -> dict[Name, Found]:
    """Find the variants that were withdrawn from sale, of several with one SKU or barcode the newest."""
    variants = Variant.objects.select_related(*PRICED_WITH).filter(active=False)
    ids, skus, barcodes = _of("id", names), _of("sku", names), _of("barcode", names)
    found: dict[Name, Found] = {}
    for variant in variants.filter(Q(id__in=ids) | Q(sku__in=skus)).order_by("id") if ids or skus else ():
        found["id", variant.id] = found["sku", variant.sku] = Found(variant=variant)
    of_key = {barcode_key(str(code)): str(code) for code in barcodes}
    coded = Barcode.objects.filter(key__in=of_key, live=False, variant__active=False).order_by("variant_id")
    for each in coded.select_related(*(f"variant__{each}" for each in PRICED_WITH)) if barcodes else ():
        found["barcode", of_key[each.key]] = Found(variant=each.variant, per_scan=each.quantity)
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
        variants = variants.filter(barcodes__key=barcode_key(read_scan(barcode).code), barcodes__live=True)
    if sku:
        variants = variants.filter(sku=sku)
    if text:
        sought, longest = Lower(Upper(Value(text))), min(len(text), LONGEST_PART)
        variants = variants.alias(parts=Parts("search", 1, LONGEST_PART))
        variants = variants.filter(parts__contains=Parts(sought, longest, longest), search__contains=sought)
        variants = variants.select_related(None).prefetch_related(
            "product__tax_class", "product__tax_rate"
        )  # of a page, not of all found
    return variants


def on_shelf(variant_ids: Collection[UUID], location_id: UUID) -> dict[UUID, ShelfLevel]:
    levels = ShelfLevel.objects.filter(variant_id__in=variant_ids, location_id=location_id)
    return {level.variant_id: level for level in levels}
