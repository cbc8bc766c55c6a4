"""Files of products, with prices and barcodes: what their columns mean."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from kernel import limits
from kernel.currencies import exponent
from kernel.money import in_major_units
from kernel.validators import PlainText
from pos.catalogue.bulk import put_rows
from pos.catalogue.models import Category
from pos.catalogue.rows import CatalogueRow, Compared, compare, paths_of, values_of
from pos.prices.queries import base_prices
from web.admin.cells import from_cell, is_shortened, joined, parted
from web.admin.imports import Outcome, Rows, changed_to
from web.admin.money import MajorUnits, currency_of_shop

WITHIN = ">"
"""Between a category and one that is a part of it: `Kitchen > Mugs`. One in a name has a backslash before it."""
DEEPEST = 50
"""How many categories may be parts of one another in a file."""
FEWEST_DECIMALS = 4
"""Of a price with a fraction of a minor unit. Three might as well be those of a thousand: `1.250`."""
NOTHING = "-"
"""What takes the category, the variant's name or all barcodes away; an empty cell leaves what is."""
_LINES = re.compile(r"[\t\r\n]")
YES, NO = {"yes", "true", "1", "y"}, {"no", "false", "0", "n"}


class Products(Rows):
    columns = ("sku", "product", "variant", "category", "tax_class", "stocked", "price", "barcodes")
    required = ("sku",)
    compared: Sequence[Compared] = ()

    def plan(self, rows: Sequence[Mapping[str, str]]) -> list[Outcome]:
        self.currency = currency_of_shop()
        price = ListPrice(currency=self.currency, fractions=limits.PRICE_DECIMALS)
        read = [_Reading(row, price) for row in rows]
        kept = [each for each in read if not each.errors and not each.is_empty]
        of_row = dict(zip(map(id, kept), self._compared(read, kept), strict=True))
        return [self._outcome(each, of_row.get(id(each))) for each in read]

    def _compared(self, read: "Sequence[_Reading]", kept: "Sequence[_Reading]") -> Sequence[Compared]:
        lines = {id(each): number for number, each in enumerate(read, start=2)}
        self.compared = compare([each.row for each in kept], lines=[lines[id(each)] for each in kept])
        return self.compared

    def write(self, *, file_name: str) -> None:
        put_rows([each.row for each in self.compared], file_name=file_name)

    def lines(self, rows: Any) -> Iterator[Sequence[str]]:
        currency = currency_of_shop()
        paths = paths_of({each.id: each for each in Category.objects.all()})
        variants = list(rows)
        prices = base_prices([variant.id for variant in variants])
        for variant in variants:
            yield [variant.sku, *self._texts(values_of(variant, paths, prices), currency)]

    def _outcome(self, read: "_Reading", compared: Compared | None) -> Outcome:
        if compared is None or compared.errors:
            return Outcome(kind="skip", errors=compared.errors if compared else read.errors)
        if not compared.differs():
            return Outcome(kind="skip")
        after = self._texts(compared.after, self.currency)
        if compared.before is None:
            return Outcome(kind="new", shown=[compared.row.sku, *after])
        before = self._texts(compared.before, self.currency)
        return Outcome(kind="update", shown=[compared.row.sku, *map(changed_to, before, after)])

    def _texts(self, values: Mapping[str, Any], currency: str) -> list[str]:
        """Write the values of a variant as a file has them, in the order of the columns after the SKU."""
        return [
            values["product"],
            values["variant"],
            joined(values["category"], WITHIN, f" {WITHIN} "),
            values["tax_class"],
            "yes" if values["stocked"] else "no",
            "" if values["price"] is None else _price(values["price"], currency),
            joined(values["barcodes"], " ", " "),
        ]


class ListPrice(MajorUnits):
    """A price as a file has it: with the decimals of its currency, or with a fraction of a minor unit."""

    def to_python(self, value: Any) -> Any:
        """:raises ValidationError: with how to write it, when it may be an amount with a dot between thousands."""
        whole, _, decimals = str(value or "").strip().partition(".")
        places = exponent(self.currency)
        if places < len(decimals) < FEWEST_DECIMALS and (whole + decimals).isdigit():
            fraction = f"{whole}.{decimals.ljust(FEWEST_DECIMALS, '0')}"
            amount = f"{whole}.{decimals[:places]}" if places else whole
            or_so = f", or {fraction} for a fraction" if decimals.strip("0") else ""
            message = f"{self.currency} has {places or 'no'} decimals: write {amount}{or_so}."
            raise ValidationError(message, code="decimals")
        return super().to_python(value)


def _price(price: Decimal, currency: str) -> str:
    text = in_major_units(price, currency)
    has_fraction = price != int(price)
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(FEWEST_DECIMALS, '0')}" if has_fraction else text


class _Reading:
    """A row of a file, read: `row`, or `errors` by column."""

    def __init__(self, cells: Mapping[str, str], price: MajorUnits) -> None:
        self.errors: dict[str, list[str]] = {}
        self.is_empty = not any(cells.values())
        self._cells = cells
        self.row = CatalogueRow(
            sku=self._cell("sku", lambda cell: _code(from_cell(cell))) or "",
            product=self._cell("product", _text(limits.NAME)),
            variant=self._cell("variant", _or_nothing(_text(limits.NAME), "")),
            category=self._cell("category", _or_nothing(_path, ())),
            tax_class=self._cell("tax_class", _text(limits.TAX_NAME)),
            stocked=self._cell("stocked", _yes_or_no),
            price=self._cell("price", price.clean),
            barcodes=self._cell("barcodes", _or_nothing(_codes, ())),
        )
        if not self.row.sku and not self.errors and not self.is_empty:
            self.errors["sku"] = ["A row needs the SKU of what it is about."]

    def _cell(self, name: str, read: Callable[[str], Any]) -> Any:
        cell = self._cells.get(name, "")
        if not cell:
            return None
        try:
            return read(cell)
        except ValidationError as error:
            self.errors[name] = error.messages
            return None


def _text(longest: int) -> Callable[[str], str]:
    check = _checked(longest)
    return lambda cell: check(from_cell(cell))


def _checked(longest: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        PlainText()(text)
        if len(text) > longest:
            message = f"{text[:20]}… has {len(text)} characters: at most {longest} are kept."
            raise ValidationError(message)
        return text

    return read


def _or_nothing(read: Callable[[str], Any], nothing: Any) -> Callable[[str], Any]:
    return lambda cell: nothing if cell == NOTHING else read(cell)


def _path(cell: str) -> tuple[str, ...]:
    parts = parted(from_cell(cell), WITHIN)
    if len(parts) > DEEPEST:
        message = f"{len(parts)} categories are parts of one another: at most {DEEPEST} may be."
        raise ValidationError(message)
    return tuple(map(_checked(limits.NAME), parts))


def _code(text: str) -> str:
    code = _checked(limits.CODE)(text)
    if is_shortened(code):
        message = f"{code} is a number that a spreadsheet has rounded: make the column one of text, and write it again."
        raise ValidationError(message)
    return code


def _codes(cell: str) -> tuple[str, ...]:
    codes = parted(_LINES.sub(" ", from_cell(cell)), " ")
    if len(codes) > limits.MOST_BARCODES:
        message = f"A variant has at most {limits.MOST_BARCODES} barcodes, not {len(codes)}."
        raise ValidationError(message)
    return tuple(dict.fromkeys(map(_code, codes)))


def _yes_or_no(text: str) -> bool:
    if text.lower() not in YES | NO:
        message = f"Write yes or no, not {text[:20]}."
        raise ValidationError(message)
    return text.lower() in YES
