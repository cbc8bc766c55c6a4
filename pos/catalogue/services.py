"""The catalogue: products, their variants, and what inventory last reported on the shelf."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import connection  # noqa: TID251 - one statement for all levels

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.refusals import Refusal
from pos.catalogue.models import Barcode, Product, Variant
from pos.events.catalogue import PriceChanged, VariantChanged
from pos.taxes.models import TaxClass, TaxRate
from pos.taxes.queries import first_rate


class UnknownTaxRate(Refusal):
    code = "unknown-tax-rate"
    title = "Unknown tax rate"
    status = 422


class BarcodeTaken(Refusal):
    code = "barcode-taken"
    title = "Barcode belongs to another variant"


@dataclass(frozen=True, kw_only=True)
class Item:
    """A product with one variant, as a back office sends it. `price` in minor units.

    :param tax_rate: the name of a tax class, or of a tax rate that is no class's.
    """

    sku: str
    name: str
    price: int
    tax_rate: str
    stocked: bool
    barcodes: Sequence[str]


def put_item(*, item: Item) -> tuple[Variant, bool]:
    """Create the variant of a SKU, or bring it up to date; return it, and whether it is new.

    :raises UnknownTaxRate: when the shop has no tax class with a rule, and no tax rate, of that name.
    :raises BarcodeTaken: when one of the barcodes belongs to another variant.
    """
    with unit_of_work():
        tax_class = TaxClass.objects.filter(name=item.tax_rate).first()
        tax_rate = first_rate(tax_class) if tax_class else TaxRate.objects.filter(name=item.tax_rate).first()
        if tax_rate is None:
            message = f"this shop has no tax class with a rule, and no tax rate, named {item.tax_rate!r}"
            raise UnknownTaxRate(message)
        kind = Product.Kind.STOCKED if item.stocked else Product.Kind.SERVICE
        variant = Variant.objects.select_for_update(no_key=True).filter(sku=item.sku, active=True).first()
        created, before = variant is None, None if variant is None else Decimal(variant.price)
        if variant is None:
            product = Product.objects.create(name=item.name, kind=kind, tax_class=tax_class, tax_rate=tax_rate)
            variant = Variant.objects.create(product=product, sku=item.sku, price=item.price)
        else:
            product = variant.product
            product.name, product.kind = item.name, kind
            product.tax_class, product.tax_rate = tax_class, tax_rate
            product.save()
            variant.price = item.price
            variant.save()
        _put_barcodes(variant, item.barcodes)
        announce_variant(variant=variant)
        announce_price(variant=variant, before=before)
    return variant, created


def _put_barcodes(variant: Variant, codes: Sequence[str]) -> None:
    """Add the barcodes that the variant lacks, in two statements, whatever their number."""
    wanted = sorted(set(codes))
    Barcode.objects.bulk_create([Barcode(code=code, variant=variant) for code in wanted], ignore_conflicts=True)
    taken = Barcode.objects.filter(code__in=wanted).exclude(variant=variant).order_by("code").first()
    if taken is not None:
        message = f"barcode {taken.code} belongs to another variant"
        raise BarcodeTaken(message, barcode=taken.code)


def announce_variant(*, variant: Variant) -> None:
    """Say what a variant is now, to all who keep something about it."""
    with unit_of_work():
        publish(
            VariantChanged(
                variant_id=variant.id,
                product_id=variant.product_id,
                sku=variant.sku,
                title=variant.title,
                category=None,
                tax_class=variant.product.tax_name,
                unit=None,
                barcodes=sorted(variant.barcodes.values_list("code", flat=True)),
                price=Decimal(variant.price),
                prices=None,
                stocked=variant.stocked,
                active=variant.active,
            )
        )


def announce_price(*, variant: Variant, before: Decimal | None) -> None:
    """Say that a variant has another price than before, where it has. A new one has its price in `pos.variant_changed`.

    :param before: in minor units; None for a new variant.
    """
    if before is None or before == variant.price:
        return
    with unit_of_work():
        publish(
            PriceChanged(
                variant_id=variant.id,
                sku=variant.sku,
                price_list_id=None,
                currency=None,
                minimum_quantity=Decimal(1),
                old=before,
                new=Decimal(variant.price),
                valid_from=None,
            )
        )


@dataclass(frozen=True, kw_only=True)
class Level:
    variant_id: UUID
    location_id: UUID
    on_hand: Decimal


def note_shelf_levels(*, levels: Sequence[Level]) -> None:
    """Take over what is on hand, in one statement; of several levels of one place the last one counts."""
    last = {(level.variant_id, level.location_id): level.on_hand for level in levels}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO pos_shelflevel (variant_id, location_id, on_hand)
            SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::numeric[])
            ON CONFLICT (variant_id, location_id) DO UPDATE SET on_hand = excluded.on_hand
            """,
            [[variant for variant, _ in last], [location for _, location in last], list(last.values())],
        )
