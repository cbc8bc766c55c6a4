"""Reports as CSV: amounts are minor units, and no text is a formula where a spreadsheet opens it."""

import csv
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from kernel.money import written as written_quantity

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def written(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Write rows with a line of names above them: UTF-8, RFC 4180.

    :param columns: their names in order, each with what it is; a `text` is never taken for a formula.
    """
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(columns)
    for row in rows:
        values = plain(row)
        lines.writerow([_text(values[name]) if kind == "text" else values[name] for name, kind in columns.items()])
    return out.getvalue().encode()


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Write the decimals of a row as the API does: in a text, without zeros that say nothing."""
    return {name: written_quantity(value) if isinstance(value, Decimal) else value for name, value in row.items()}


def _text(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
