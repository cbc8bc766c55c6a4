"""The retailer's file as what a terminal would send: orders, returns, stock adjustments, and what cannot be used."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from demo.reading import FileUnusable, iter_rows
from kernel.limits import LARGEST_QUANTITY
from kernel.moments import MomentInvalid, past_moment

__all__ = ["FileUnusable", "Invoice", "Rejected", "Retail", "Row", "iter_documents", "read_retail"]

GOODS = re.compile(r"^\d{5}[A-Z]{0,2}$")
AMERICAN = ("%m/%d/%Y %H:%M", "%m/%d/%y %H:%M", "%m/%d/%Y %H:%M:%S")
LARGEST_PRICE = Decimal(10**10)


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


def read_retail(path: Path, limit: int | None = None, *, now: datetime | None = None) -> Retail:
    """Read the file, gzip or plain.

    :param limit: how many invoices. :param now: nothing can have happened later; the clock's, where it is left out.

    :raises FileUnusable: when it cannot be opened, or its columns are others.
    """
    latest = now or datetime.now(UTC)
    invoices: dict[str, Invoice] = {}
    rejected: list[Rejected] = []
    rows = 0
    for number, raw in iter_rows(path):
        if raw is not None and limit is not None and raw["InvoiceNo"] not in invoices and len(invoices) >= limit:
            continue
        rows += 1
        try:
            _take(number, raw, invoices, latest)
        except _Unusable as unusable:
            rejected.append(Rejected(number=number, reason=str(unusable)))
    return Retail(invoices=list(invoices.values()), rejected=rejected, rows=rows)


class _Unusable(Exception):
    """A row that cannot be sent; its text says why."""


def _take(number: int, raw: dict[str, str] | None, invoices: dict[str, Invoice], now: datetime) -> None:
    if raw is None:
        raise _Unusable("not as many columns as the heading")
    quantity = _number(raw["Quantity"], "quantity", highest=LARGEST_QUANTITY)
    price = _number(raw["UnitPrice"], "price", highest=LARGEST_PRICE) * 100
    at = _moment(raw["InvoiceDate"], now)
    invoice = invoices.setdefault(raw["InvoiceNo"], Invoice(number=raw["InvoiceNo"], at=at))
    reason = _unusable(raw, quantity, price, is_return=invoice.is_return)
    if reason:
        raise _Unusable(reason)
    invoice.rows.append(
        Row(
            number=number,
            code=raw["StockCode"].strip().upper(),
            description=raw["Description"].strip(),
            quantity=quantity,
            price=int(price),
        )
    )


def _number(text: str, what: str, *, highest: Decimal) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        message = f"the {what} {text!r} is not a number"
        raise _Unusable(message)
    if abs(number) > highest:
        message = f"the {what} {text!r} is too large"
        raise _Unusable(message)
    return number


def _moment(text: str, now: datetime) -> datetime:
    """Read a date as ISO 8601 has it, or as American spreadsheets write it, `12/1/2010 8:26`; in UTC."""
    moment = _iso(text) or _american(text)
    if moment is None:
        message = f"the date {text!r} is neither ISO 8601 nor month/day/year hour:minute"
        raise _Unusable(message)
    try:
        return past_moment(moment if moment.tzinfo else moment.replace(tzinfo=UTC), now=now)
    except MomentInvalid as invalid:
        message = f"the date {text!r}: {invalid}"
        raise _Unusable(message) from None


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def _american(text: str) -> datetime | None:
    for form in AMERICAN:
        try:
            return datetime.strptime(text.strip(), form)  # noqa: DTZ007 - the file is in UTC
        except ValueError:
            continue
    return None


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
    if quantity != round(quantity, 3):
        return "a quantity with more than three decimals"
    if is_return and quantity > 0:
        return "a positive quantity on a return"
    if not is_return and quantity < 0 and not GOODS.match(code):
        return f"a stock adjustment of {code}, which is no product"
    return ""


def iter_documents(retail: Retail) -> Iterator[Invoice]:
    """Give the invoices that have anything to send, in the order of the file."""
    return (invoice for invoice in retail.invoices if invoice.rows)
