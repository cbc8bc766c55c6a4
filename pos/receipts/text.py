"""The receipt as text, for a printer of 42 or 48 columns or a mail. Nothing leaves its line, nor do wide characters."""

from collections.abc import Iterator

from wcwidth import center, ljust, width, wrap

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
        yield from _pair(row, columns)


def _pair(row: Row, columns: int) -> Iterator[str]:
    """Write a row whose left text goes on in further lines where it is too long: nothing of it is left out.

    What is on the right stands at the end of the last line, or below where there is no room for it.
    """
    room = columns - width(row.right)
    if width(row.left) <= room - bool(row.right):
        yield f"{ljust(row.left, room)}{row.right}".rstrip()
        return
    text = row.left.lstrip(" ")
    indent = row.left[: len(row.left) - len(text)]
    *lines, last = [indent + line for line in wrap(text, columns - len(indent)) or [""]]
    yield from lines
    if width(last) < room or not row.right:
        yield f"{ljust(last, room)}{row.right}".rstrip()
    else:
        yield last
        yield f"{' ' * room}{row.right}"
