"""Look-ups and lists of a large shop: time and blocks of each. `python -m benchmarks.lookups`

The rows are written by SQL, once: a later run finds them. Requests go through the API in this process, one after the
other, without a web server; blocks are those of all statements of one request, as PostgreSQL counts them.
"""

import argparse
import random
import re
import time
from collections.abc import Callable
from typing import Any

from benchmarks.latency import quantile
from benchmarks.stack import stack
from demo.filling import fill

SHOP = "large"
Asked = tuple[str, dict[str, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", type=int, default=100_000)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=200, help="each look-up, with different rows")
    options = parser.parse_args()
    with stack():
        for name, milliseconds, blocks, statements in measured(options):
            p50, p99 = quantile(milliseconds, 0.5), quantile(milliseconds, 0.99)
            print(f"{name:<40} {p50:>8.2f} {p99:>8.2f} {blocks:>8} {statements:>4}")


def measured(options: argparse.Namespace) -> list[tuple[str, list[float], int, int]]:
    from django.db import connection
    from rest_framework.test import APIClient

    from kernel.tenancy import find_any_tenant, in_tenant

    _open_shop()
    with in_tenant(find_any_tenant(SHOP)):
        _fill(options)
        token = _paired()
        client = APIClient(headers={"Host": f"{SHOP}.localhost", "Authorization": f"Bearer {token}"})

        def ask(asked: Asked) -> None:
            answer = client.get(f"/api/v1{asked[0]}", asked[1])
            assert answer.status_code == 200, answer.content

        print(f"{'of ' + str(options.times):<40} {'p50 ms':>8} {'p99 ms':>8} {'blocks':>8} {'stm.':>4}")
        found = []
        for name, lookup in _lookups(client).items():
            times = [_timed(ask, lookup()) for _ in range(options.times)]
            counted = Counted()
            with connection.execute_wrapper(counted):
                ask(lookup())
            found.append((name, times, counted.blocks, counted.statements))
    return found


def _timed(ask: Callable[[Asked], None], asked: Asked) -> float:
    began = time.perf_counter()
    ask(asked)
    return time.perf_counter() - began


class Counted:
    """Counts the blocks that the SELECTs of this connection touch (`connection.execute_wrapper`)."""

    def __init__(self) -> None:
        self.blocks = self.statements = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        self.statements += 1
        if sql.lstrip().startswith(("SELECT", "WITH")):
            with context["connection"].connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", params)
                plan = "\n".join(line for (line,) in cursor.fetchall())
            touched = re.search(r"Buffers: (.*)", plan.split("Planning")[0])
            self.blocks += sum(map(int, re.findall(r"(?:hit|read)=(\d+)", touched[1]))) if touched else 0
        return execute(sql, params, many, context)


def _lookups(client: Any) -> dict[str, Callable[[], Asked]]:
    """Return what is asked, with other rows each time."""
    from django.db import connection

    def column(statement: str) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return [str(value) for (value,) in cursor.fetchall()]

    def some(path: str, name: str, values: list[str]) -> Callable[[], Asked]:
        return lambda: (path, {name: random.choice(values)})

    barcodes = column("SELECT code FROM pos_barcode TABLESAMPLE SYSTEM (5) LIMIT 2000")
    variants = column("SELECT id FROM pos_variant TABLESAMPLE SYSTEM (5) WHERE active LIMIT 2000")
    orders = column("SELECT id FROM pos_order TABLESAMPLE SYSTEM (1) LIMIT 2000")
    numbers = [barcode[-6:].lstrip("0") for barcode in barcodes]
    (default,) = client.get("/api/v1/price-lists").json()["results"]
    entries = f"/price-lists/{default['id']}/entries"
    page = client.get("/api/v1/orders").json()["next"].split("?", 1)[1]
    return {
        "barcode": some("/variants", "barcode", barcodes),
        "SKU": some("/variants", "sku", [f"SKU-{int(number):07}" for number in numbers]),
        "text: a number in the title": some("/variants", "q", numbers),
        "text: two words of many titles": some("/variants", "q", ["blue mug", "Large Lamp", "green kettle"]),
        "text: one word of very many titles": some("/variants", "q", ["shirt", "LAMP", "mug"]),
        "text: two characters": some("/variants", "q", ["mu", "la", "ke"]),
        "text: nothing": some("/variants", "q", ["mugs", "xyz", "zq"]),
        "a product": lambda: (f"/variants/{random.choice(variants)}", {}),
        "the products, 100": lambda: ("/variants", {}),
        "the stock, 100": lambda: ("/stock", {}),
        "the level of a variant": some("/stock", "variant_id", variants),
        "the ledger, 100": lambda: ("/stock-movements", {}),
        "the ledger of a variant": some("/stock-movements", "variant_id", variants),
        "what a price list has, 100": lambda: (entries, {}),
        "the prices of a variant": some(entries, "variant_id", variants),
        "a receipt": some("/receipts", "number", numbers),
        "the receipts, 100": lambda: ("/receipts", {}),
        "an order": lambda: (f"/orders/{random.choice(orders)}", {}),
        "the orders, 100": lambda: ("/orders", {}),
        "the orders, the second page": lambda: (f"/orders?{page}", {}),
        "the payments of an order": some("/payments", "order_id", orders),
        "the cards of an order": some("/payment-intents", "order_id", orders),
    }


def _open_shop() -> None:
    from benchmarks.stack import manage
    from kernel.tenancy import find_any_tenant, in_tenant
    from pos.furnishing import furnish_shop

    if SHOP not in manage("tenant", "list"):
        manage("tenant", "create", SHOP, "--currency", "EUR")
    with in_tenant(find_any_tenant(SHOP)):
        furnish_shop(name=SHOP, currency="EUR", timezone="UTC")


def _fill(options: argparse.Namespace) -> None:
    from django.db import connection, transaction

    from pos.models import Order

    if not Order.objects.exists():
        print(f"writing {options.variants} variants and {options.orders} orders (some minutes)", flush=True)
        with transaction.atomic(), connection.cursor() as cursor:
            fill(cursor, variants=options.variants, orders=options.orders)


def _paired() -> str:
    from pos.registers.services import pair_device

    return pair_device(register_code="R1", name="benchmark")[1]


if __name__ == "__main__":
    main()
