"""Files of products, with prices and barcodes: what their columns mean."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from kernel import limits
from kernel.money import in_major_units
from kernel.validators import PlainText
from pos.catalogue.bulk import put_rows
from pos.catalogue.models import Category
from pos.catalogue.rows import CatalogueRow, Compared, compare, paths_of, values_of
from web.admin.imports import Outcome, Rows, changed_to
from web.admin.money import MajorUnits, currency_of_shop

WITHIN = ">"
"""Between a category and one that is a part of it: `Kitchen > Mugs`."""
NOTHING = "-"
"""What takes the category, the variant's name or all barcodes away; an empty cell leaves what is."""
YES, NO = {"yes", "true", "1", "y"}, {"no", "false", "0", "n"}


class Products(Rows):
    columns = ("sku", "product", "variant", "category", "tax_class", "stocked", "price", "barcodes")
    required = ("sku",)
    compared: Sequence[Compared] = ()

    def plan(self, rows: Sequence[Mapping[str, str]]) -> list[Outcome]:
        self.currency = currency_of_shop()
        price = MajorUnits(currency=self.currency)
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
        for variant in rows:
            yield [variant.sku, *self._texts(values_of(variant, paths), currency)]

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
            f" {WITHIN} ".join(values["category"]),
            values["tax_class"],
            "yes" if values["stocked"] else "no",
            "" if values["price"] is None else in_major_units(values["price"], currency),
            " ".join(values["barcodes"]),
        ]


class _Reading:
    """A row of a file, read: `row`, or `errors` by column."""

    def __init__(self, cells: Mapping[str, str], price: MajorUnits) -> None:
        self.errors: dict[str, list[str]] = {}
        self.is_empty = not any(cells.values())
        self._cells = cells
        self.row = CatalogueRow(
            sku=self._cell("sku", _text(limits.CODE)) or "",
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
        text = self._cells.get(name, "")
        if not text:
            return None
        try:
            return read(text)
        except ValidationError as error:
            self.errors[name] = error.messages
            return None


def _text(longest: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        PlainText()(text)
        if len(text) > longest:
            message = f"{text[:20]}… has {len(text)} characters: at most {longest} are kept."
            raise ValidationError(message)
        return text

    return read


def _or_nothing(read: Callable[[str], Any], nothing: Any) -> Callable[[str], Any]:
    return lambda text: nothing if text == NOTHING else read(text)


def _path(text: str) -> tuple[str, ...]:
    return tuple(_text(limits.NAME)(part.strip()) for part in text.split(WITHIN) if part.strip())


def _codes(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_text(limits.CODE)(code) for code in text.split()))


def _yes_or_no(text: str) -> bool:
    if text.lower() not in YES | NO:
        message = f"Write yes or no, not {text[:20]}."
        raise ValidationError(message)
    return text.lower() in YES
