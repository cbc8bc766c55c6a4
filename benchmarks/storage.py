"""Bytes that a complete order keeps, by table, index and column. `python -m benchmarks.storage [--orders N]`

One shop takes orders of three lines and cash through the REST API, in this process; its subscribers apply everything
in between. Then all is vacuumed, and the sizes of the relations are compared with those before. Another checkout is
measured with `cd THERE; PYTHONPATH=. python HERE/benchmarks/storage.py`.
"""

import argparse
import importlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from benchmarks.stack import stack

SHOP = "storage"
SKUS = ("BENCH-1", "BENCH-2", "BENCH-3")
PRICE = 1000
TAX = "tax_name" if importlib.util.find_spec("pos.orders") else "tax_rate"
WARM = 200
ROUND = 50
SIZES = """
WITH kept AS (
    SELECT c.oid, c.reltoastrelid, coalesce(parent.relname, c.relname) AS name
    FROM pg_class c
    LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class parent ON parent.oid = i.inhparent
    WHERE c.relkind = 'r' AND c.relnamespace IN ('public'::regnamespace, %s::regnamespace)
)
SELECT name, 'heap', pg_relation_size(oid) FROM kept
UNION ALL
SELECT name, 'toast', pg_total_relation_size(reltoastrelid) FROM kept WHERE reltoastrelid <> 0
UNION ALL
SELECT kept.name, coalesce(whole.relname, part.relname), pg_relation_size(part.oid)
FROM kept JOIN pg_index x ON x.indrelid = kept.oid JOIN pg_class part ON part.oid = x.indexrelid
LEFT JOIN pg_inherits i ON i.inhrelid = part.oid LEFT JOIN pg_class whole ON whole.oid = i.inhparent
"""
Sizes = dict[str, dict[str, int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=2000, help="that are measured")
    parser.add_argument("--ended", action="store_true", help="as the month is kept after its end: with new indexes")
    parser.add_argument("--columns", action="store_true", help="print the columns of what an order keeps, too")
    options = parser.parse_args()
    if not 1 <= options.orders <= 1_000_000:
        parser.error("--orders is a number from 1 to 1,000,000")
    os.environ["DEVICE_THROTTLE"] = "1000000/min"
    with stack():
        post = open_shop()
        sell(post, WARM)
        before, rows_before = sizes(ended=options.ended), rows()
        sell(post, options.orders)
        after, rows_after = sizes(ended=options.ended), rows()
        show(
            before, after, {name: (rows_after[name] - rows_before.get(name, 0)) for name in rows_after}, options.orders
        )
        if options.columns:
            show_columns(options.orders)


def open_shop() -> Callable[[str, dict[str, Any]], None]:
    """Furnish a shop with three products and an open shift; return what sends a request of its terminal."""
    from rest_framework.test import APIClient

    if SHOP not in manage("tenant", "list"):
        manage("tenant", "create", SHOP, "--currency", "EUR")
    settle("public")
    settle(SHOP)
    client = APIClient()
    token = manage("device", "pair", "--tenant", SHOP).strip()

    def post(path: str, body: dict[str, Any]) -> None:
        headers = {"Host": f"{SHOP}.localhost", "Authorization": f"Bearer {token}"}
        headers["Idempotency-Key"] = body.get("id") or _id()
        answer = client.post(f"/api/v1{path}", body, format="json", headers=headers)
        if answer.status_code >= 300 and answer.json().get("code") != "shift-already-open":
            message = f"{path} was answered {answer.status_code}: {answer.content[:300]!r}"
            raise RuntimeError(message)

    post("/shifts", {"id": _id(), "float_amount": {"amount": 10_000}})
    for sku in SKUS:
        post("/products", {"sku": sku, "name": sku, "price": {"amount": PRICE}, TAX: "Zero"})
    settle(SHOP)
    return post


def sell(post: Callable[[str, dict[str, Any]], None], orders: int) -> None:
    for number in range(1, orders + 1):
        lines = [{"sku": sku, "quantity": "1"} for sku in SKUS]
        cash = {"type": "cash", "amount": {"amount": PRICE * len(SKUS)}}
        post("/orders", {"id": _id(), "occurred_at": _now(), "lines": lines, "tenders": [cash]})
        if number % ROUND == 0 or number == orders:
            settle(SHOP)


def settle(schema: str) -> None:
    """Let the subscribers of a shop, or of the platform, apply everything."""
    from kernel.tenancy import in_public_schema, in_tenant

    try:
        work = importlib.import_module("events.testing.work")
    except ImportError:
        work = importlib.import_module("tests.work")
    with in_public_schema() if schema == "public" else in_tenant(_tenant()):
        work.settle()


def sizes(*, ended: bool) -> Sizes:
    """Return the bytes of each table's parts, the months of a table together, after a vacuum."""
    from django.db import connection

    found: Sizes = {}
    with connection.cursor() as cursor:
        for table in ("events_event", "events_processedevent") if ended else ():
            cursor.execute("SELECT relid::regclass::text FROM pg_partition_tree(%s::regclass) WHERE isleaf", [table])
            for (partition,) in cursor.fetchall():
                cursor.execute(f"REINDEX TABLE {partition}")
        cursor.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', %s)", [SHOP])
        for schema, table in cursor.fetchall():
            cursor.execute(f'VACUUM (ANALYZE) "{schema}"."{table}"')
        cursor.execute(SIZES, [SHOP])
        for table, part, size in cursor.fetchall():
            parts = found.setdefault(table, {})
            parts[part] = parts.get(part, 0) + size
    return found


def rows() -> dict[str, int]:
    from django.db import connection

    from kernel.tenancy import in_tenant

    counted = {}
    with in_tenant(_tenant()), connection.cursor() as cursor:
        for table in _tables(cursor):
            cursor.execute(f"SELECT count(*) FROM {table}")
            counted[table] = cursor.fetchone()[0]
    return counted


def show(before: Sizes, after: Sizes, new: dict[str, int], orders: int) -> None:
    print("| table | rows | bytes | heap | toast | indexes |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    each = {
        table: {part: (size - before.get(table, {}).get(part, 0)) / orders for part, size in parts.items()}
        for table, parts in after.items()
    }
    totals = {table: sum(parts.values()) for table, parts in each.items()}
    for table, total in sorted(totals.items(), key=lambda item: -item[1]):
        parts = {part: size for part, size in each[table].items() if round(size)}
        if not parts:
            continue
        heap, toast = parts.pop("heap", 0), parts.pop("toast", 0)
        indexes = ", ".join(f"{name} {size:.0f}" for name, size in sorted(parts.items(), key=lambda item: -item[1]))
        print(f"| {table} | {new.get(table, 0) / orders:.2f} | {total:.0f} | {heap:.0f} | {toast:.0f} | {indexes} |")
    print(f"bytes per order: {sum(totals.values()):.0f} ({orders} orders of three lines and cash)")


def show_columns(orders: int) -> None:
    """Print what a row of each table takes, and an event of each type: the average of `pg_column_size`."""
    from django.db import connection

    from kernel.tenancy import in_tenant

    with in_tenant(_tenant()), connection.cursor() as cursor:
        for table in _tables(cursor):
            cursor.execute(f"SELECT count(*) FROM {table}")
            if cursor.fetchone()[0] < orders:
                continue
            cursor.execute(f"SELECT * FROM {table} LIMIT 0")
            columns = [column.name for column in cursor.description]
            sized = ", ".join(f'round(avg(pg_column_size("{name}")))' for name in columns)
            kind = "type" if table in {"events_event", "events_log"} else "''"
            cursor.execute(
                f"SELECT {kind}, count(*), round(avg(pg_column_size(t.*))), {sized} FROM {table} t"
                f" GROUP BY 1 HAVING count(*) >= {orders} ORDER BY 2"
            )
            for name, count, row, *parts in cursor.fetchall():
                listed = ", ".join(f"{column} {size}" for column, size in zip(columns, parts, strict=True) if size)
                print(f"{table} {name}: {count} rows of {row} bytes: {listed}")


def _tables(cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT relname FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid WHERE relkind IN ('r', 'p')"
        " AND inhrelid IS NULL AND (relnamespace = %s::regnamespace OR relname LIKE 'events_%%'"
        " AND relnamespace = 'public'::regnamespace) ORDER BY 1",
        [SHOP],
    )
    return [name for (name,) in cursor.fetchall()]


def manage(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def _tenant() -> Any:
    from tenants.models import Tenant

    return Tenant.objects.get(schema_name=SHOP)


def _id() -> str:
    from kernel.ids import new_id

    return str(new_id())


def _now() -> str:
    return datetime.now(UTC).isoformat()


if __name__ == "__main__":
    main()
