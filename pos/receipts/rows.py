"""The rows of what is printed, whatever it is printed on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum

from kernel.text import printable, printable_lines
from pos.receipts.snapshot import Place, Seller, When


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


def pair(left: str, right: str, style: Style = Style.PLAIN) -> Row:
    return Row(left=printable(left), right=printable(right), style=style)


def centred(text: str) -> Iterator[Row]:
    for line in printable_lines(text).splitlines():
        yield Row(left=printable(line).strip(), style=Style.CENTRED)


def sender(seller: Seller, place: Place) -> Iterator[Row]:
    """Yield who sold, and where."""
    if seller.legal_name != place.name:
        yield from centred(seller.legal_name)
    yield from centred(place.name)
    yield from centred(seller.address)
    if place.address != seller.address:
        yield from centred(place.address)
    if seller.vat_number:
        yield from centred(f"VAT {seller.vat_number}")


def moment(when: When) -> str:
    """Write when it was, by the clock of the location, with its zone: `2026-11-23 23:30 CET (UTC+01:00)`."""
    local, abbreviation = datetime.fromisoformat(when.local), when.abbreviation
    named = f"UTC{local.isoformat()[-6:]}"
    if abbreviation.isalpha():
        named = abbreviation if abbreviation == "UTC" else f"{abbreviation} ({named})"
    return f"{local:%Y-%m-%d %H:%M} {named}"


def percent(rate: str) -> str:
    """Write a rate, which is a share: `19 %`."""
    text = f"{Decimal(rate) * 100:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"
