"""The catalogue: products, their variants, and what inventory last reported on the shelf."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection  # noqa: TID251 - one statement for all levels
from django.db.models import QuerySet

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.money import round_half_up
from kernel.refusals import NotFound, Refusal
from pos.catalogue.barcodes import put_barcodes
from pos.catalogue.facts import base_price, listed_prices, price_changed
from pos.catalogue.models import Product, Variant
from pos.events.catalogue import ProductArchived, VariantArchived, VariantChanged
from pos.prices.models import PriceEntry
from pos.prices.queries import base_entries, currency_of_catalogue, entries_by_variant
from pos.taxes.models import TaxClass, TaxRate
from pos.taxes.queries import first_rate


class UnknownTaxRate(Refusal):
    code = "unknown-tax-rate"
    title = "Unknown tax rate"
    status = 422


class PriceRefused(Refusal):
    """The price is in another currency than the default list, to which it would be written."""

    code = "validation-failed"
    title = "Validation failed"
    status = 422

    def __init__(self, *, given: str, expected: str) -> None:
        message = (
            f"the default price list is in {expected}, and this price is in {given:.20}: send a price in {expected},"
            " with its currency; prices in another one are written to a list of it, in the admin"
        )
        error = {"pointer": "/price", "code": "currency-mismatch", "detail": message}
        super().__init__(message, errors=[error])


@dataclass(frozen=True, kw_only=True)
class Item:
    """A product with one variant, as a back office sends it. `price` in minor units, maybe with fractions.

    :param currency: of the price; empty for that of the default list.
    :param tax_rate: the name of a tax class, or of a tax rate that is no class's.
    :param barcodes: all plain ones that it has; None leaves them as they are. :param scale_barcodes: the same for those
        that carry a weight or a price, with their kinds.
    """

    sku: str
    name: str
    price: Decimal | int
    tax_rate: str
    stocked: bool
    currency: str = ""
    barcodes: Sequence[str] | None = None
    scale_barcodes: Sequence[tuple[str, str]] | None = None


def put_item(*, item: Item) -> tuple[Variant, bool]:
    """Create the variant of a SKU, or bring it up to date; return it, and whether it is new.

    :raises UnknownTaxRate: when the shop has no tax class with a rule, and no tax rate, of that name.
    :raises PriceRefused: when the price is in another currency than the default list.
    :raises BarcodeTaken: when one of the barcodes belongs to another variant that is sold, or is read as one that does.
    :raises ScalePrefixUnknown: when one is of a scale and begins otherwise than the shop's profile says.
    """
    with unit_of_work():
        if item.currency:
            _require_currency(item.currency)
        tax_class = TaxClass.objects.filter(name=item.tax_rate).first()
        tax_rate = first_rate(tax_class) if tax_class else TaxRate.objects.filter(name=item.tax_rate).first()
        if tax_rate is None:
            message = f"this shop has no tax class with a rule, and no tax rate, named {item.tax_rate!r}"
            raise UnknownTaxRate(message)
        kind = Product.Kind.STOCKED if item.stocked else Product.Kind.SERVICE
        variant = _locked(item.sku)
        whole = round_half_up(Decimal(item.price))
        created, before = variant is None, None if variant is None else _base_price_of(variant)
        if variant is None:
            product = Product.objects.create(name=item.name, kind=kind, tax_class=tax_class, tax_rate=tax_rate)
            variant = Variant.objects.create(product=product, sku=item.sku, price=whole)
        else:
            product = variant.product
            product.name, product.kind = item.name, kind
            product.tax_class, product.tax_rate = tax_class, tax_rate
            product.save()
            variant.price = whole
            variant.save()
        base_entries().filter(variant=variant).exclude(price=item.price).update(price=item.price)
        if item.barcodes is not None or item.scale_barcodes is not None:
            put_barcodes(variant=variant, plain=item.barcodes, of_scales=item.scale_barcodes)
        announce_variant(variant=variant)
        announce_price(variant=variant, before=before)
    return variant, created


def _require_currency(currency: str) -> None:
    expected = currency_of_catalogue().values_list("currency", flat=True).get()
    if currency != expected:
        raise PriceRefused(given=currency, expected=expected)


def _base_price_of(variant: Variant) -> Decimal:
    return base_price(variant, entries_by_variant([variant.id])[variant.id])


def _locked(sku: str) -> Variant | None:
    """Return the active variant of a SKU, locked, its product first: a new name of that is written to all variants."""
    active = Variant.objects.filter(sku=sku, active=True)
    lock_products(active.values("product"))
    return active.select_for_update(no_key=True).first()


def lock_products(ids: Collection[UUID] | QuerySet[Variant, Any]) -> None:
    """Lock products before their variants are written: whoever renames one of them locks it first, too."""
    list(Product.objects.select_for_update(no_key=True).filter(id__in=ids).order_by("id").values_list("id"))


def locked_prices(variants: QuerySet[Variant, Any]) -> dict[UUID, Decimal]:
    """Return what variants cost by the default list before they are changed; nobody else changes them until then."""
    ids = list(variants.select_for_update(no_key=True, of=["self"]).order_by("id").values_list("id", flat=True))
    return dict(base_entries().filter(variant_id__in=ids).values_list("variant_id", "price"))


def announce_variants(*, variants: QuerySet[Variant], before: Mapping[UUID, Decimal]) -> None:
    """Say what variants are now, and which of them have other prices.

    :param before: what they cost; without those that are new, and those whose prices are as they were.
    """
    lock_products(variants.values("product"))
    rows = variants.select_for_update(no_key=True, of=["self"]).order_by("id")
    related = ("product__category", "product__tax_class", "product__tax_rate")
    with unit_of_work():
        found = list(rows.select_related(*related).prefetch_related("barcodes"))
        listed = entries_by_variant([variant.id for variant in found])
        for variant in found:
            announce_variant(variant=variant, listed=listed[variant.id])
            announce_price(variant=variant, before=before.get(variant.id), listed=listed[variant.id])


def announce_variant(*, variant: Variant, listed: Sequence[PriceEntry] | None = None) -> None:
    """Say what a variant is now, to all who keep something about it. :param listed: all of its prices, if at hand."""
    listed = entries_by_variant([variant.id])[variant.id] if listed is None else listed
    with unit_of_work():
        publish(
            VariantChanged(
                variant_id=variant.id,
                product_id=variant.product_id,
                sku=variant.sku,
                title=variant.title,
                category=variant.product.category.name if variant.product.category else None,
                tax_class=variant.product.tax_name,
                unit=None,
                barcodes=sorted(barcode.code for barcode in variant.barcodes.all()),
                price=base_price(variant, listed),
                prices=listed_prices(listed),
                stocked=variant.stocked,
                active=variant.active,
            )
        )


def announce_price(*, variant: Variant, before: Decimal | None, listed: Sequence[PriceEntry] | None = None) -> None:
    """Say that the default list has another price of a variant than before, where it has.

    A new one has its prices in `pos.variant_changed`.

    :param before: in minor units; None for a new variant. :param listed: all of its prices, if at hand.
    """
    listed = entries_by_variant([variant.id])[variant.id] if listed is None else listed
    base = next((entry for entry in listed if entry.is_base), None)
    if base is None or before is None or before == base.price:
        return
    with unit_of_work():
        publish(price_changed(variant, base.price_list, base.minimum_quantity, old=before, new=base.price))


def archive_variant(*, variant_id: UUID, now: datetime) -> Variant:
    """Withdraw a variant: no till sells it any more, its barcodes are free, its stock is still shown.

    One that is archived already stays as it is.

    :raises NotFound: when the shop has no such variant.
    """
    with unit_of_work():
        variant = (
            Variant.objects.select_for_update(no_key=True, of=["self"])
            .select_related("product")
            .filter(id=variant_id)
            .first()
        )
        if variant is None:
            message = f"this shop has no variant {variant_id}"
            raise NotFound(message)
        _withdraw([variant], now)
    return variant


def archive_product(*, product_id: UUID, now: datetime) -> Product:
    """Withdraw a product with all its variants.

    :raises NotFound: when the shop has no such product.
    """
    with unit_of_work():
        product = Product.objects.select_for_update(no_key=True).filter(id=product_id).first()
        if product is None:
            message = f"this shop has no product {product_id}"
            raise NotFound(message)
        rows = product.variants.select_for_update(no_key=True, of=["self"]).select_related("product")
        variants = list(rows.order_by("id"))
        _withdraw(variants, now)
        if product.archived_at is None:
            product.archived_at = now
            product.save(update_fields=["archived_at"])
            ids = [variant.id for variant in variants]
            publish(ProductArchived(product_id=product.id, name=product.name, variant_ids=ids, archived_at=now))
    return product


def _withdraw(variants: Sequence[Variant], now: datetime) -> None:
    for variant in variants:
        if variant.archived_at is not None:
            continue
        variant.active, variant.archived_at = False, now
        variant.save(update_fields=["active", "archived_at", "updated_at"])
        announce_variant(variant=variant)
        _announce_withdrawal(variant, now)


def announce_deletion(*, variants: Sequence[Variant], now: datetime) -> None:
    """Say of variants that are being deleted that they are withdrawn: others have heard of them."""
    with unit_of_work():
        for variant in variants:
            _announce_withdrawal(variant, now)


def _announce_withdrawal(variant: Variant, now: datetime) -> None:
    publish(
        VariantArchived(
            variant_id=variant.id,
            product_id=variant.product_id,
            sku=variant.sku,
            title=variant.title,
            archived_at=now,
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
