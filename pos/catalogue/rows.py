"""Rows of a file about the catalogue, compared with what the shop has in few statements for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from kernel.gtins import barcode_key, parts_of_scale
from kernel.money import plain
from pos.catalogue.clashes import taken_by
from pos.catalogue.models import Barcode, Category, Product, Variant
from pos.prices.queries import base_prices
from pos.taxes.models import TaxClass
from pos.taxes.queries import first_rates

Path = tuple[str, ...]
"""The names of a category and of those that it is a part of, the topmost first."""
OF_PRODUCT = ("product", "category", "tax_class", "stocked")
OF_VARIANT = ("variant", "price")
NEEDED = {"product": "the name of its product", "tax_class": "a tax class", "price": "a price"}


@dataclass(frozen=True, kw_only=True)
class CatalogueRow:
    """What a row says of the variant of a SKU. None leaves what is; a new one needs product, tax class and price.

    :param product: the name of its product. :param variant: what tells it from the product's others; a new variant that
        has such a name joins the product of that name, where there is one.
    :param category: empty for none. :param price: in minor units, maybe with fractions.
    :param barcodes: all plain ones.
    """

    sku: str
    product: str | None = None
    variant: str | None = None
    category: Path | None = None
    tax_class: str | None = None
    stocked: bool | None = None
    price: Decimal | int | None = None
    barcodes: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Compared:
    """:param before: what the shop has, by the row's fields; None where the variant is new. :param after: what it will.

    :param errors: sentences by field: it cannot be written.
    """

    row: CatalogueRow
    before: dict[str, Any] | None
    after: dict[str, Any]
    errors: dict[str, list[str]] = field(default_factory=dict)

    def differs(self, names: Sequence[str] = (*OF_PRODUCT, *OF_VARIANT, "barcodes")) -> bool:
        return self.before is None or any(self.before[name] != self.after[name] for name in names)


class Known:
    """What the shop has of what some rows name, read in a fixed number of statements."""

    def __init__(self, rows: Sequence[CatalogueRow]) -> None:
        related = ("product__tax_class", "product__tax_rate")
        found = Variant.objects.filter(sku__in={row.sku for row in rows}, active=True)
        self.variants = {each.sku: each for each in found.select_related(*related).prefetch_related("barcodes")}
        self.prices = base_prices([each.id for each in self.variants.values()])
        names = {row.product for row in rows if row.product and row.variant and row.sku not in self.variants}
        self.products: dict[str, list[Product]] = {}
        for product in Product.objects.filter(name__in=names, archived_at=None).select_related("tax_class"):
            self.products.setdefault(product.name, []).append(product)
        self.categories = {each.id: each for each in Category.objects.all()}
        self.paths = paths_of(self.categories)
        self.taxes = {each.name: each for each in TaxClass.objects.all()}
        self.rates = first_rates()
        codes = [(code, Barcode.Kind.PLAIN) for row in rows for code in row.barcodes or ()]
        held = Barcode.objects.filter(taken_by(codes), live=True).select_related("variant")
        self.holders = {each.key: each for each in held}

    def product_of(self, row: CatalogueRow) -> Product | None:
        """Return the product that a row is about, where there is one already."""
        if row.sku in self.variants:
            return self.variants[row.sku].product
        found = self.products.get(row.product or "", []) if row.variant else []
        return found[0] if len(found) == 1 else None

    def key_of(self, number: int, row: CatalogueRow) -> Any:
        """Return what rows of one product have in common."""
        product = self.product_of(row)
        return product.id if product else row.product if row.variant else number


def compare(rows: Sequence[CatalogueRow], known: Known | None = None, *, lines: Sequence[int] = ()) -> list[Compared]:
    """Say of each row what it changes, and what is wrong with it. Nothing is written.

    :param lines: where the rows stand in their file, for the sentences.
    """
    known, claims = known or Known(rows), _Claims()
    numbers = lines or range(1, len(rows) + 1)
    return [_compared(number, row, known, claims) for number, row in zip(numbers, rows, strict=True)]


def values_of(variant: Variant, paths: dict[UUID, Path], prices: Mapping[UUID, Decimal]) -> dict[str, Any]:
    """Return what a row says of a variant as it is now. :param prices: by the default list, of variants."""
    codes = [code.code for code in variant.barcodes.all() if code.kind == Barcode.Kind.PLAIN]
    return {
        **_of_product(variant.product, paths),
        "variant": variant.name,
        "price": plain(prices.get(variant.id, Decimal(variant.price))),
        "barcodes": tuple(sorted(codes)),
    }


def paths_of(categories: dict[UUID, Category]) -> dict[UUID, Path]:
    def path(category: Category) -> Path:
        above = categories.get(category.parent_id) if category.parent_id else None
        return (*(path(above) if above else ()), category.name)

    return {each.id: path(each) for each in categories.values()}


class _Claims:
    """What rows say of one product, of a barcode, of a SKU: all the same, or the later row is wrong."""

    def __init__(self) -> None:
        self.said: dict[tuple[Any, ...], tuple[Any, int]] = {}

    def contradicted(self, key: tuple[Any, ...], value: Any, number: int) -> int | None:
        """Return the line that says something else."""
        said, line = self.said.setdefault(key, (value, number))
        return None if said == value else line


def _compared(number: int, row: CatalogueRow, known: Known, claims: _Claims) -> Compared:
    variant, product = known.variants.get(row.sku), known.product_of(row)
    before = values_of(variant, known.paths, known.prices) if variant else None
    as_is = before or {**_of_product(product, known.paths), "variant": "", "price": None, "barcodes": ()}
    after = {name: was if getattr(row, name) is None else getattr(row, name) for name, was in as_is.items()}
    after["barcodes"] = _barcodes(after["barcodes"], as_is["barcodes"])
    errors: dict[str, list[str]] = {}
    if line := claims.contradicted(("sku", row.sku), number, number):
        errors["sku"] = [f"{row.sku} is in line {line} already."]
        return Compared(row=row, before=before, after=after, errors=errors)
    if before is None:
        _check_new(row, after, product, known, errors)
    for name in OF_PRODUCT:
        said = getattr(row, name)
        line = None if said is None else claims.contradicted((name, known.key_of(number, row)), said, number)
        if line:
            errors.setdefault(name, []).append(f"Line {line} says something else of the same product.")
    _check_tax(row.tax_class, known, errors)
    _check_barcodes(number, row, known, claims, errors)
    return Compared(row=row, before=before, after=after, errors=errors)


def _of_product(product: Product | None, paths: dict[UUID, Path]) -> dict[str, Any]:
    if product is None:
        return {"product": "", "category": (), "tax_class": "", "stocked": True}
    return {
        "product": product.name,
        "category": paths.get(product.category_id, ()) if product.category_id else (),
        "tax_class": product.tax_class.name if product.tax_class else "",
        "stocked": product.kind == Product.Kind.STOCKED,
    }


def _barcodes(said: tuple[str, ...], has: tuple[str, ...]) -> tuple[str, ...]:
    """Return the codes in one order; codes that are one article's in two lengths are the same."""
    same = {barcode_key(code) for code in said} == {barcode_key(code) for code in has}
    return has if same else tuple(sorted(said))


def _check_new(
    row: CatalogueRow, after: dict[str, Any], product: Product | None, known: Known, errors: dict[str, list[str]]
) -> None:
    for name, what in NEEDED.items():
        if after[name] in {None, ""}:
            errors.setdefault(name, []).append(f"{row.sku} is new and needs {what}.")
    if product is None and row.variant and known.products.get(row.product or ""):
        errors.setdefault("product", []).append(f"The shop has several products named {row.product}: rename one.")


def _check_tax(name: str | None, known: Known, errors: dict[str, list[str]]) -> None:
    if not name:
        return
    tax_class = known.taxes.get(name)
    if tax_class is None:
        has = ", ".join(sorted(known.taxes)) or "none yet"
        errors.setdefault("tax_class", []).append(f"The shop has no tax class {name}. It has {has}.")
    elif tax_class.id not in known.rates:
        errors.setdefault("tax_class", []).append(f"The tax class {name} has no rule yet: add one.")


def _check_barcodes(
    number: int, row: CatalogueRow, known: Known, claims: _Claims, errors: dict[str, list[str]]
) -> None:
    own = known.variants[row.sku].barcodes.all() if row.sku in known.variants else ()
    has = {each.key for each in own if each.kind == Barcode.Kind.PLAIN}
    cut = {each.code.lstrip("0"): each.code for each in own if each.code.isdigit() and each.code.startswith("0")}
    for code in row.barcodes or ():
        if code in cut:
            sentence = f"The barcode {cut[code]} has lost its zeros: make the column one of text, and write it again."
            errors.setdefault("barcodes", []).append(sentence)
        if barcode_key(code) not in has and (sentence := _taken(code, known)):
            errors.setdefault("barcodes", []).append(sentence)
        if line := claims.contradicted(("barcode", barcode_key(code)), number, number):
            errors.setdefault("barcodes", []).append(f"Line {line} has the barcode {code} already.")


def _taken(code: str, known: Known) -> str:
    """Say which other code is read where this one is scanned; nothing where there is none."""
    parts = parts_of_scale(code)
    of_scale = known.holders.get(parts[0]) if parts else None
    if of_scale is not None and of_scale.kind != Barcode.Kind.PLAIN:
        return f"{code} is read as {of_scale.code} of a scale, which {of_scale.variant.sku} has: remove it there first."
    holder = known.holders.get(barcode_key(code))
    return f"{holder.variant.sku} has the barcode {code}: remove it there first." if holder else ""
