"""The receipt as text, for a printer of 42 columns or a mail."""

from collections.abc import Sequence

from kernel.money import formatted, written
from kernel.text import printable
from pos.orders.models import Order, OrderLine, Tender

COLUMNS = 42


def receipt_text(order: Order, lines: Sequence[OrderLine], tenders: Sequence[Tender]) -> str:
    """Write a completed order as its receipt. Reads nothing but what it is given; no text in it leaves its line."""
    location = order.register.location
    parts = [
        location.name.center(COLUMNS).rstrip(),
        f"Receipt {order.receipt}".center(COLUMNS).rstrip(),
        f"{order.occurred_at:%Y-%m-%d %H:%M} UTC".center(COLUMNS).rstrip(),
        "-" * COLUMNS,
    ]
    for line in lines:
        parts.append(line.description[:COLUMNS])
        price = f"  {written(line.quantity)} x {formatted(line.unit_price, '').strip()}"
        parts.append(_columns(price, formatted(line.total, "").strip()))
    parts.append("-" * COLUMNS)
    parts.append(_columns("TOTAL", formatted(order.total, order.currency)))
    parts.append(_columns("of which tax", formatted(order.tax_total, order.currency)))
    parts += [_columns(tender.type.name, formatted(tender.amount, order.currency)) for tender in tenders]
    if order.change_total:
        parts.append(_columns("Change", formatted(order.change_total, order.currency)))
    return "\n".join(printable(part) for part in parts) + "\n"


def _columns(left: str, right: str) -> str:
    return left[: COLUMNS - len(right) - 1].ljust(COLUMNS - len(right)) + right
