"""The receipt as text, for a printer of 42 or 48 columns or a mail. Nothing leaves its line, nor do wide characters."""

from collections.abc import Iterator

from wcwidth import center, clip, ljust, width, wrap

from pos.receipts.layout import rows_of
from pos.receipts.reports import Printed
from pos.receipts.rows import Row, Style

COLUMNS = 42
WIDE_COLUMNS = 48


def receipt_text(snapshot: Printed, *, columns: int = COLUMNS, copy: int = 0) -> str:
    """Write a receipt. :param copy: the number of the copy, which is marked; 0 for the first print."""
    rows = rows_of(snapshot, copy=copy)
    return "\n".join(line for row in rows for line in _lines(row, columns)) + "\n"


def _lines(row: Row, columns: int) -> Iterator[str]:
    if row.style is Style.RULE:
        yield "-" * columns
    elif row.style is Style.CENTRED:
        for line in wrap(row.left, columns):
            yield center(line, columns).rstrip()
    else:
        room = columns - width(row.right)
        left = clip(row.left, 0, room - bool(row.right))
        yield f"{ljust(left, room)}{row.right}".rstrip()
