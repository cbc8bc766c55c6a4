"""Rows of the catalogue are written some hundred at once; what they change is announced as if each was saved alone."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection  # noqa: TID251 - one short statement for all rows
from django.utils import timezone

from events.operations.audit import record
from kernel.gtins import barcode_key
from kernel.money import round_half_up
from kernel.refusals import Refusal
from kernel.units import open_unit
from pos.catalogue.models import Barcode, Category, Product, Variant
from pos.catalogue.rows import OF_PRODUCT, OF_VARIANT, CatalogueRow, Compared, Known, Path, compare
from pos.catalogue.services import announce_variants, lock_products
from pos.prices.models import ANY_QUANTITY
from pos.prices.queries import base_prices

ROWS_AT_ONCE = 500
"""How many rows a unit of work writes: the log is locked while their events are appended."""


class RowsOutdated(Refusal):
    """Somebody has changed the catalogue since the rows were found right."""

    code = "rows-outdated"
    title = "Catalogue changed meanwhile"


def put_rows(rows: Sequence[CatalogueRow], *, file_name: str) -> None:
    """Write what differs from what the shop has, and note it in the audit.

    What is the same is not written and not announced, so that a second time changes nothing. Rows that were written
    before a refusal stay written.

    :param rows: that `compare` has found right.
    :raises RowsOutdated: when one is not right any more.
    """
    new = changed = 0
    for start in range(0, len(rows), ROWS_AT_ONCE):
        with open_unit():
            more_new, more_changed = _put(rows[start : start + ROWS_AT_ONCE])
        new, changed = new + more_new, changed + more_changed
    with open_unit():
        detail = f"{new} new, {changed} changed, {len(rows)} rows"
        record(action="products imported", subject=file_name, detail=detail)


def _put(rows: Sequence[CatalogueRow]) -> tuple[int, int]:
    """Write some rows; return how many are new, and how many are changed."""
    lock_products(Variant.objects.filter(sku__in=[row.sku for row in rows], active=True).values("product"))
    known = Known(rows)
    compared = compare(rows, known)
    for each in compared:
        if each.errors:
            sentence = " ".join(text for texts in each.errors.values() for text in texts)
            message = f"the catalogue was changed since the preview: {sentence} Choose the file again"
            raise RowsOutdated(message)
    differing = [each for each in compared if each.differs()]
    if not differing:
        return 0, 0
    before = base_prices([known.variants[each.row.sku].id for each in differing if each.before])
    writing = _Writing(differing, known)
    announce_variants(variants=Variant.objects.filter(id__in=writing.touched()), before=before)
    return len(writing.made), len(differing) - len(writing.made)


def _update(variants: Sequence[Variant]) -> None:
    """Write names and prices in one short statement: that of `bulk_update` grows by three conditions for each row."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE pos_variant AS variant SET name = given.name, price = given.price, updated_at = given.updated_at
            FROM unnest(%s::uuid[], %s::text[], %s::bigint[], %s::timestamptz[]) AS given (id, name, price, updated_at)
            WHERE variant.id = given.id
            """,
            [
                [variant.id for variant in variants],
                [variant.name for variant in variants],
                [variant.price for variant in variants],
                [variant.updated_at for variant in variants],
            ],
        )


def _price(prices: Mapping[UUID, Decimal]) -> None:
    """Give the default list the prices with their fractions: the variants have them in whole minor units."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE pos_priceentry AS entry SET price = given.price
            FROM unnest(%s::uuid[], %s::numeric[]) AS given (variant_id, price), pos_pricelist AS list
            WHERE entry.variant_id = given.variant_id AND entry.price_list_id = list.id AND list.is_default
                AND entry.minimum_quantity = %s AND entry.price <> given.price
            """,
            [list(prices), list(prices.values()), ANY_QUANTITY],
        )


class _Writing:
    """Products, variants and barcodes, each kind with a fixed number of statements."""

    def __init__(self, differing: Sequence[Compared], known: Known) -> None:
        self.differing, self.known = differing, known
        self.by_path = {path: known.categories[category_id] for category_id, path in known.paths.items()}
        self.changed_products: dict[UUID, Product] = {}
        self.made: dict[str, Variant] = {}
        self._put_variants(self._put_products())
        self._put_barcodes()

    def touched(self) -> set[UUID]:
        """Return the variants that are others now: those of the rows, and those whose product has changed."""
        own = {self._variant(each).id for each in self.differing}
        of_products = Variant.objects.filter(product__in=self.changed_products, active=True)
        return own | set(of_products.values_list("id", flat=True))

    def _variant(self, compared: Compared) -> Variant:
        return self.made.get(compared.row.sku) or self.known.variants[compared.row.sku]

    def _put_products(self) -> dict[str, Product]:
        """Return the products by the SKUs of their rows."""
        of_rows: dict[str, Product] = {}
        by_key: dict[Any, Product] = {}
        made: list[Product] = []
        for number, each in enumerate(self.differing):
            key, existing = self.known.key_of(number, each.row), self.known.product_of(each.row)
            product = by_key.setdefault(key, existing or Product())
            if existing is None and product not in made:
                made.append(product)
                self._fill(product, each.after)
            elif each.differs(OF_PRODUCT):
                self._fill(
                    product, {name: each.after[name] for name in OF_PRODUCT if getattr(each.row, name) is not None}
                )
                if existing is not None:
                    self.changed_products[product.id] = product
            of_rows[each.row.sku] = product
        Product.objects.bulk_create(made)
        Product.objects.bulk_update(
            self.changed_products.values(), ["name", "kind", "category", "tax_class", "tax_rate"]
        )
        return of_rows

    def _fill(self, product: Product, values: dict[str, Any]) -> None:
        if "product" in values:
            product.name = values["product"]
        if "stocked" in values:
            product.kind = Product.Kind.STOCKED if values["stocked"] else Product.Kind.SERVICE
        if "category" in values:
            product.category = self._category(values["category"])
        if values.get("tax_class"):
            product.tax_class = self.known.taxes[values["tax_class"]]
            product.tax_rate = self.known.rates[product.tax_class.id]

    def _category(self, path: Path) -> Category | None:
        """Return the category of a path; what is missing of it is made."""
        if path and path not in self.by_path:
            self.by_path[path] = Category.objects.create(name=path[-1], parent=self._category(path[:-1]))
        return self.by_path[path] if path else None

    def _put_variants(self, products: dict[str, Product]) -> None:
        changed = []
        for each in self.differing:
            sku = each.row.sku
            if each.before is None:
                self.made[sku] = Variant(sku=sku, product=products[sku])
            elif each.differs(OF_VARIANT):
                changed.append(self.known.variants[sku])
            variant = self._variant(each)
            variant.name, variant.price = each.after["variant"], round_half_up(Decimal(each.after["price"]))
            variant.updated_at = timezone.now()
        Variant.objects.bulk_create(self.made.values())
        _update(changed)
        priced = [each for each in self.differing if each.differs(["price"])]
        _price({self._variant(each).id: Decimal(each.after["price"]) for each in priced})

    def _put_barcodes(self) -> None:
        gone, new = [], []
        for each in self.differing:
            if not each.differs(["barcodes"]):
                continue
            variant, wanted = self._variant(each), {barcode_key(code): code for code in each.after["barcodes"]}
            held = variant.barcodes.all() if each.before else ()
            plain = {code.key: code for code in held if code.kind == Barcode.Kind.PLAIN}
            gone += [code.id for key, code in plain.items() if key not in wanted]
            new += [Barcode(code=code, variant=variant) for key, code in wanted.items() if key not in plain]
        if gone:
            Barcode.objects.filter(id__in=gone).delete()
        Barcode.objects.bulk_create(new)
