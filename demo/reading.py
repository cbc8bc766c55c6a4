"""A retailer's file as rows of text, however the spreadsheet has written it: encoding, separator, packed or not."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
OTHER_NAMES = {"Invoice": "InvoiceNo", "Price": "UnitPrice", "Customer ID": "CustomerID"}
"""What the second edition of the data set calls its columns."""

SEPARATORS = ",;\t"
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"


class FileUnusable(Exception):
    """The file cannot be read, or is not the retailer's."""


def iter_rows(path: Path) -> Iterator[tuple[int, dict[str, str] | None]]:
    """Give each row with its line number; None for one that has not as many columns as the heading.

    :raises FileUnusable: when the file cannot be opened, or its columns are others.
    """
    text = _text(_content(path))
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
        heading = [OTHER_NAMES.get(name.strip(), name.strip()) for name in next(reader, [])]
        if sorted(heading) != sorted(COLUMNS):
            message = f"{path} has the columns {heading}, not {list(COLUMNS)}"
            raise FileUnusable(message)
        for row in reader:
            if row:
                yield reader.line_num, dict(zip(heading, row, strict=True)) if len(row) == len(heading) else None
    except csv.Error as error:
        message = f"{path} cannot be read: {error}"
        raise FileUnusable(message) from error


def _separator(text: str) -> str:
    """Return what separates the names of the heading."""
    heading = text.partition("\n")[0]
    return max(SEPARATORS, key=heading.count)


def _text(content: bytes) -> str:
    """Decode what is UTF-16 or UTF-8, and take everything else for what spreadsheets of Western Europe write."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        if content.startswith(GZIP):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        message = f"{path} cannot be read: {error}"
        raise FileUnusable(message) from error
    if content.startswith(ZIP):
        message = f"{path} is a workbook or a ZIP archive: export it as CSV"
        raise FileUnusable(message)
    return content
