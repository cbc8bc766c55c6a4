"""The retailer's file as what a terminal would send: orders, returns, stock adjustments, and what cannot be used."""

import csv
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import IO

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
GOODS = re.compile(r"^\d{5}[A-Z]{0,2}$")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A usable row. `price` in minor units; `quantity` is negative for what went out of the books."""

    number: int
    code: str
    description: str
    quantity: Decimal
    price: int

    @property
    def goods(self) -> bool:
        """Whether the code is one of a product; others (postage, fees, discounts) are services."""
        return bool(GOODS.match(self.code))


@dataclass(frozen=True, kw_only=True)
class Rejected:
    number: int
    reason: str


@dataclass(kw_only=True)
class Invoice:
    number: str
    at: datetime
    rows: list[Row] = field(default_factory=list)

    @property
    def is_return(self) -> bool:
        return self.number.startswith("C")

    @property
    def sold(self) -> list[Row]:
        return [row for row in self.rows if (row.quantity > 0) != self.is_return]

    @property
    def adjusted(self) -> list[Row]:
        """Negative rows of an invoice that is no return: stock that was written off."""
        return [row for row in self.rows if row.quantity < 0 and not self.is_return]


@dataclass(kw_only=True)
class Retail:
    invoices: list[Invoice]
    rejected: list[Rejected]
    rows: int

    def titles(self) -> dict[str, tuple[str, int]]:
        """Return code → (title, price) of the goods: the last description that was given, the highest price."""
        found: dict[str, tuple[str, int]] = {}
        for invoice in self.invoices:
            for row in invoice.rows:
                if row.goods:
                    title, price = found.get(row.code, ("", 0))
                    found[row.code] = (row.description or title or row.code, max(price, row.price))
        return found


class FileUnusable(Exception):
    """The file cannot be read, or is not the retailer's."""


def read_retail(path: Path, limit: int | None = None) -> Retail:
    """Read the file, gzip or plain; `limit` counts invoices.

    :raises FileUnusable: when it cannot be opened, or its columns are others.
    """
    invoices: dict[str, Invoice] = {}
    rejected: list[Rejected] = []
    rows = 0
    try:
        with _opened(path) as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                message = f"{path} has the columns {reader.fieldnames}, not {list(COLUMNS)}"
                raise FileUnusable(message)
            for number, raw in enumerate(reader, start=2):
                if limit is not None and raw["InvoiceNo"] not in invoices and len(invoices) >= limit:
                    continue
                rows += 1
                _take(number, raw, invoices, rejected)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        message = f"{path} cannot be read: {error}"
        raise FileUnusable(message) from error
    return Retail(invoices=list(invoices.values()), rejected=rejected, rows=rows)


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _take(number: int, raw: dict[str, str], invoices: dict[str, Invoice], rejected: list[Rejected]) -> None:
    try:
        quantity, price = Decimal(raw["Quantity"]), Decimal(raw["UnitPrice"]) * 100
        at = datetime.fromisoformat(raw["InvoiceDate"] + "+00:00")
    except (InvalidOperation, ValueError, TypeError):
        rejected.append(Rejected(number=number, reason="quantity, price or date cannot be read"))
        return
    invoice = invoices.setdefault(raw["InvoiceNo"], Invoice(number=raw["InvoiceNo"], at=at))
    reason = _unusable(raw, quantity, price, is_return=invoice.is_return)
    if reason:
        rejected.append(Rejected(number=number, reason=reason))
        return
    invoice.rows.append(
        Row(
            number=number,
            code=raw["StockCode"].strip().upper(),
            description=raw["Description"].strip(),
            quantity=quantity,
            price=int(price),
        )
    )


def _unusable(  # noqa: PLR0911 - one return for each reason
    raw: dict[str, str], quantity: Decimal, price: Decimal, *, is_return: bool
) -> str:
    code = raw["StockCode"].strip().upper()
    if not raw["InvoiceNo"] or not code:
        return "no invoice number or no code"
    if quantity == 0:
        return "a quantity of nothing"
    if price < 0:
        return "a negative price"
    if price != int(price):
        return "a price with more than two decimals"
    if is_return and quantity > 0:
        return "a positive quantity on a return"
    if not is_return and quantity < 0 and not GOODS.match(code):
        return f"a stock adjustment of {code}, which is no product"
    return ""


def iter_documents(retail: Retail) -> Iterator[Invoice]:
    """Give the invoices that have anything to send, in the order of the file."""
    return (invoice for invoice in retail.invoices if invoice.rows)
