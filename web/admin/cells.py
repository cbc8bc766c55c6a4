"""Cells of files that spreadsheets open: no text is a formula in them, and several texts fit into one."""

import re
from collections.abc import Iterable

from web.admin.texts import is_plain_decimal

_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""How a text begins that a spreadsheet computes, in wide letters as well; maybe with apostrophes before it."""
_SHORTENED = re.compile(r"[0-9][.,][0-9]+E\+[0-9]+", re.ASCII | re.IGNORECASE)


def as_cell(text: str) -> str:
    """Write a text so that no spreadsheet computes it: with an apostrophe before it. `from_cell` takes that away.

    >>> as_cell("=1+1"), as_cell("-"), as_cell("-1.5"), as_cell("Mug")
    ("'=1+1", "'-", '-1.5', 'Mug')
    """
    return f"'{text}" if _FORMULA.match(text) and not is_plain_decimal(text) else text


def from_cell(cell: str) -> str:
    """Read a text that `as_cell` has written, or a person.

    >>> from_cell("'=1+1"), from_cell("=1+1"), from_cell("'t Hart")
    ('=1+1', '=1+1', "'t Hart")
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def joined(texts: Iterable[str], sign: str, between: str) -> str:
    r"""Write several texts into one cell, with a backslash before each sign, and each backslash, that is in one.

    >>> joined(["Tea > Green", "Bags"], ">", " > ")
    'Tea \\> Green > Bags'
    """
    return between.join(text.replace("\\", "\\\\").replace(sign, f"\\{sign}") for text in texts)


def parted(cell: str, sign: str) -> list[str]:
    r"""Read the texts that `joined` has written. A backslash before anything else stands for itself.

    >>> parted("Tea \\> Green > Bags", ">")
    ['Tea > Green', 'Bags']
    """
    escaped = re.escape(sign)
    parts = re.findall(rf"(?:\\[\\{escaped}]|[^{escaped}])+", cell)
    return [text for part in parts if (text := re.sub(rf"\\([\\{escaped}])", r"\1", part.strip()))]


def is_shortened(cell: str) -> bool:
    """Say whether a spreadsheet has taken the digits of a code for a number, and rounded it: `4.00638E+12`."""
    return _SHORTENED.fullmatch(cell) is not None
