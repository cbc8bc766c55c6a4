"""Send the retailer's invoices to a shop, as a terminal would. What was sent before changes nothing."""

import hashlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from threading import Lock
from typing import Any
from uuid import UUID

import requests

from demo.retail import Invoice, Retail, Row, iter_documents
from demo.till import ApiRefused, Till

TAX_RATE = "Standard, included"
PATIENCE_SECONDS = 60
RETRY_SECONDS = 0.5
REPLAYED = "Idempotency-Replayed"


@dataclass
class Tally:
    """What was sent; `replayed` of it had been taken before."""

    products: int = 0
    orders: int = 0
    returns: int = 0
    adjustments: int = 0
    replayed: int = 0
    refused: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def count(self, kind: str, response: requests.Response) -> None:
        with self.lock:
            setattr(self, kind, getattr(self, kind) + 1)
            self.replayed += response.headers.get(REPLAYED) == "true"

    def refuse(self, what: str, refused: ApiRefused) -> None:
        with self.lock:
            self.refused.append(f"{what}: {refused}")

    def sent(self) -> int:
        return self.products + self.orders + self.returns + self.adjustments


@dataclass
class Replay:
    """:param threads: how many requests are under way at once."""

    till: Till
    threads: int = 4
    tally: Tally = field(default_factory=Tally)

    def run(self, retail: Retail, advance: Callable[[int], None]) -> Tally:
        """Send everything; `advance` is called for each product and invoice that is done."""
        self.till.ensure_shift()
        self._all(self._put_product, sorted(retail.titles().items()), advance)
        self._all(self._send, iter_documents(retail), advance)
        return self.tally

    def _all(self, send: Callable[[Any], None], documents: Iterable[Any], advance: Callable[[int], None]) -> None:
        def one(document: Any) -> None:
            send(document)
            advance(1)

        with ThreadPoolExecutor(self.threads) as pool:
            for _ in pool.map(one, documents):
                pass

    def _put_product(self, item: tuple[str, tuple[str, int]]) -> None:
        code, (title, price) = item
        product = {"sku": code, "name": title, "price": {"amount": price}, "tax_name": TAX_RATE, "stocked": True}
        self._post("products", "/products", product, key=_name("product", code, title, str(price)).hex)

    def _send(self, invoice: Invoice) -> None:
        if invoice.is_return:
            self._send_return(invoice)
            return
        if invoice.sold:
            self._send_order(invoice)
        if invoice.adjusted:
            self._send_adjustment(invoice)

    def _send_order(self, invoice: Invoice) -> None:
        total = sum(int(row.quantity * row.price) for row in invoice.sold)
        order: dict[str, Any] = {
            "id": str(_name("order", invoice.number, at=invoice.at)),
            "occurred_at": invoice.at.isoformat(),
            "note": f"invoice {invoice.number}",
            "lines": [_line(row, row.quantity) for row in invoice.sold],
            "tenders": _tenders(invoice, total),
        }
        self._post("orders", "/orders", order, key=order["id"])

    def _send_return(self, invoice: Invoice) -> None:
        if not invoice.sold:
            return
        returned: dict[str, Any] = {
            "id": str(_name("return", invoice.number, at=invoice.at)),
            "occurred_at": invoice.at.isoformat(),
            "reason": f"invoice {invoice.number}",
            "lines": [_line(row, -row.quantity) for row in invoice.sold],
        }
        self._post("returns", "/returns", returned, key=returned["id"])

    def _send_adjustment(self, invoice: Invoice) -> None:
        adjustment: dict[str, Any] = {
            "id": str(_name("adjustment", invoice.number, at=invoice.at)),
            "occurred_at": invoice.at.isoformat(),
            "lines": [
                {
                    "variant_id": self._find_variant(row.code),
                    "quantity": str(row.quantity),
                    "reason": row.description[:200] or f"invoice {invoice.number}",
                }
                for row in invoice.adjusted
            ],
        }
        self._post("adjustments", "/stock-adjustments", adjustment, key=adjustment["id"])

    def _find_variant(self, code: str) -> str:
        found = _patiently(lambda: self.till.get("/variants", sku=code))
        variant_id: str = found["results"][0]["id"]
        return variant_id

    def _post(self, kind: str, path: str, body: dict[str, Any], *, key: str) -> None:
        def post() -> requests.Response:
            began = time.monotonic()
            response = self.till.post(path, body, key=key)
            self.tally.seconds.append(time.monotonic() - began)
            return response

        try:
            response = _patiently(post)
        except ApiRefused as refused:
            self.tally.refuse(f"{kind} {body.get('note') or body.get('reason') or body.get('sku') or key}", refused)
        else:
            self.tally.count(kind, response)


def _patiently(ask: Callable[[], Any]) -> Any:
    """Ask until there is an answer: a broken connection leaves open whether it was taken; a request's key settles it.

    :raises ApiRefused: when waiting does not help, or has not helped for a minute.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except (ApiRefused, requests.ConnectionError, requests.Timeout) as error:
            if time.monotonic() > deadline or (isinstance(error, ApiRefused) and not _passing(error)):
                raise
        time.sleep(RETRY_SECONDS)


def _passing(refused: ApiRefused) -> bool:
    """Say whether waiting helps: the stockroom hears of a new product a moment after the catalogue has it."""
    return refused.may_be_repeated or refused.code == "idempotency-in-progress"


def _line(row: Row, quantity: Decimal) -> dict[str, Any]:
    line: dict[str, Any] = {"quantity": str(quantity), "unit_price": {"amount": row.price}}
    if row.goods:
        return {**line, "sku": row.code}
    return {**line, "description": row.description or row.code, "tax_name": TAX_RATE}


def _tenders(invoice: Invoice, total: int) -> list[dict[str, Any]]:
    """Pay as customers do: even invoices by card; odd ones in cash, rounded up to the next five, with change."""
    if not total:
        return []
    if int(invoice.number[-1]) % 2 == 0:
        return [{"type": "card", "amount": {"amount": total}}]
    return [{"type": "cash", "amount": {"amount": -(-total // 500) * 500}}]


def _name(*parts: str, at: datetime | None = None) -> UUID:
    """Make the UUIDv7 of a document, the same at every run: its time, and a hash for what is random otherwise."""
    digest = hashlib.sha256("/".join(parts).encode()).digest()
    milliseconds = int(at.timestamp() * 1000) if at else 0
    value = (milliseconds << 80) | int.from_bytes(digest[:10])
    value = value & ~(0xF << 76) | (0x7 << 76)
    return UUID(int=value & ~(0x3 << 62) | (0x2 << 62))
