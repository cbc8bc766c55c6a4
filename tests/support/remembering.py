"""Requests of a process that remembers shops: the version of a shop, and a second process's memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from pos.memory import shop
from pos.memory.memory import Memory
from tests.support import make
from tests.support.terminal import Terminal


def version() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(shop.READING)
        found = cursor.fetchone()
        return found[0] if found else None


@contextmanager
def process_with(memory: Memory) -> Iterator[None]:
    """Let this process be another one, with its own memory."""
    before, shop.process_memory = shop.process_memory, memory
    try:
        yield
    finally:
        shop.process_memory = before


def sell(till: Terminal, *, by: dict[str, Any] | None = None, amount: int = 9000) -> Any:
    """Ring up one of the goods, paid in cash with more than enough."""
    line = {"quantity": "1", **(by or {"sku": "MUG"})}
    return till.post("/orders", make.order_body(lines=[line], tenders=[{"type": "cash", "amount": {"amount": amount}}]))


def selects_of(till: Terminal, **how: Any) -> list[str]:
    """Return what an order reads of the tables that are remembered."""
    with CaptureQueriesContext(connection) as captured:
        assert sell(till, **how).status_code == 201
    sent = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
    return [statement for statement in sent if any(f'FROM "{table}"' in statement for table in shop.TABLES)]
