"""The receipt as text, for a printer of 42 columns or a mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kernel.money import formatted, in_major_units, written
from kernel.text import printable

COLUMNS = 42


@dataclass(frozen=True, kw_only=True)
class ReceiptLine:
    """`unit_price` and `total` in minor units."""

    description: str
    quantity: Decimal
    unit_price: int | Decimal
    total: int


@dataclass(frozen=True, kw_only=True)
class ReceiptTender:
    """:param name: of the tender type. :param amount: what was handed over, in minor units."""

    name: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a receipt shows of a completed order; amounts in minor units of `currency`."""

    location: str
    number: str
    occurred_at: datetime
    currency: str
    total: int
    tax_total: int
    change_total: int
    lines: Sequence[ReceiptLine]
    tenders: Sequence[ReceiptTender]


def receipt_text(receipt: Receipt) -> str:
    """Write a receipt. No text in it leaves its line."""
    currency = receipt.currency
    parts = [
        receipt.location.center(COLUMNS).rstrip(),
        f"Receipt {receipt.number}".center(COLUMNS).rstrip(),
        f"{receipt.occurred_at:%Y-%m-%d %H:%M} UTC".center(COLUMNS).rstrip(),
        "-" * COLUMNS,
    ]
    for line in receipt.lines:
        parts.append(line.description[:COLUMNS])
        price = f"  {written(line.quantity)} x {in_major_units(line.unit_price, currency)}"
        parts.append(_columns(price, in_major_units(line.total, currency)))
    parts.append("-" * COLUMNS)
    parts.append(_columns("TOTAL", formatted(receipt.total, currency)))
    parts.append(_columns("of which tax", formatted(receipt.tax_total, currency)))
    parts += [_columns(tender.name, formatted(tender.amount, currency)) for tender in receipt.tenders]
    if receipt.change_total:
        parts.append(_columns("Change", formatted(receipt.change_total, currency)))
    return "\n".join(printable(part) for part in parts) + "\n"


def _columns(left: str, right: str) -> str:
    return left[: COLUMNS - len(right) - 1].ljust(COLUMNS - len(right)) + right
