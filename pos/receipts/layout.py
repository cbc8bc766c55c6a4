"""What a receipt shows, row by row, whatever it is printed on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum

from kernel.money import formatted, in_major_units
from kernel.text import printable, printable_lines
from pos.receipts.models import Receipt
from pos.receipts.snapshot import Line, Snapshot, Tax


class Style(Enum):
    CENTRED = "centred"
    PLAIN = "plain"
    STRONG = "strong"
    RULE = "rule"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row, without control characters. :param right: stands at the right end, and is never cut."""

    left: str = ""
    right: str = ""
    style: Style = Style.PLAIN


RULE = Row(style=Style.RULE)


def rows_of(snapshot: Snapshot, *, copy: int = 0) -> Iterator[Row]:
    """Yield the rows of a receipt. :param copy: the number of the copy, which is marked; 0 for the first print."""
    yield from _head(snapshot, copy)
    yield RULE
    for line in snapshot.lines:
        yield from _line(line, snapshot.currency)
    yield RULE
    yield from _totals(snapshot)
    for tender in snapshot.tenders:
        yield _pair(tender.name, formatted(tender.amount, snapshot.currency))
        if tender.reference:
            yield _pair(f"  {tender.reference}", "")
    if snapshot.change_total:
        yield _pair("Change", formatted(snapshot.change_total, snapshot.currency))
    if snapshot.seller.footer:
        yield RULE
        yield from _centred(snapshot.seller.footer)


def title_of(snapshot: Snapshot) -> str:
    return f"{'Return' if snapshot.kind == Receipt.Kind.RETURN else 'Receipt'} {snapshot.receipt}"


def _head(snapshot: Snapshot, copy: int) -> Iterator[Row]:
    seller, place = snapshot.seller, snapshot.location
    if seller.legal_name != place.name:
        yield from _centred(seller.legal_name)
    yield from _centred(place.name)
    yield from _centred(seller.address)
    if place.address != seller.address:
        yield from _centred(place.address)
    if seller.vat_number:
        yield from _centred(f"VAT {seller.vat_number}")
    yield from _centred(seller.header)
    if snapshot.training:
        yield from _centred("*** TRAINING - NOT A RECEIPT ***")
    if copy:
        yield from _centred(f"*** COPY {copy} ***")
    yield from _centred(title_of(snapshot))
    if snapshot.of_receipt:
        yield from _centred(f"of {snapshot.of_receipt}")
    yield from _centred(_moment(snapshot))
    yield from _centred(snapshot.register.name)


def _line(line: Line, currency: str) -> Iterator[Row]:
    yield _pair(line.description, "")
    priced = line.quantity
    if line.unit_price is not None:
        priced = f"{priced} x {in_major_units(Decimal(line.unit_price), currency)}"
    yield _pair(f"  {priced}", in_major_units(line.total, currency))
    for discount in line.discounts:
        yield _pair(f"    {discount.name} {in_major_units(-discount.amount, currency)}", "")


def _totals(snapshot: Snapshot) -> Iterator[Row]:
    currency = snapshot.currency
    for discount in snapshot.discounts:
        yield _pair(f"{discount.name} {in_major_units(-discount.amount, currency)}", "")
    if snapshot.rounding_adjustment:
        yield _pair("Rounding", formatted(snapshot.rounding_adjustment, currency))
    yield _pair("TOTAL", formatted(snapshot.total, currency), Style.STRONG)
    yield _pair("of which tax", formatted(snapshot.tax_total, currency))
    for tax in snapshot.taxes:
        named = f"{tax.name} {_rate(tax)}" if tax.name else "tax"
        yield _pair(f"  {named} of {in_major_units(tax.base, currency)}", in_major_units(tax.amount, currency))


def _moment(snapshot: Snapshot) -> str:
    """Write when it was, by the clock of the location, with its zone: `2026-11-23 23:30 CET (UTC+01:00)`."""
    local, abbreviation = datetime.fromisoformat(snapshot.when.local), snapshot.when.abbreviation
    named = f"UTC{local.isoformat()[-6:]}"
    if abbreviation.isalpha():
        named = abbreviation if abbreviation == "UTC" else f"{abbreviation} ({named})"
    return f"{local:%Y-%m-%d %H:%M} {named}"


def _rate(tax: Tax) -> str:
    percent = f"{Decimal(tax.rate) * 100:f}"
    return f"{percent.rstrip('0').rstrip('.') if '.' in percent else percent} %"


def _centred(text: str) -> Iterator[Row]:
    for line in printable_lines(text).splitlines():
        yield Row(left=printable(line).strip(), style=Style.CENTRED)


def _pair(left: str, right: str, style: Style = Style.PLAIN) -> Row:
    return Row(left=printable(left), right=printable(right), style=style)
