"""What an event costs as tenants, subscribers and processed rows grow. `python -m benchmarks.growth`

Ten tenants publish in turn, at a steady pace; all others are quiet. One worker with two slots and beat run as in a
shop, so what beat asks every two seconds for all tenants is in the cost of an event. Tenants have a schema with one
table: nothing that is measured here looks at the others. Subscriptions, bindings, log and processed rows are real.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.orders.parts import used
from benchmarks.scale import create_tenants
from benchmarks.stack import beat, stack, wait_for, worker

BUSY = 10
SETTLE_SECONDS = 3
PAST = """
INSERT INTO public.events_event (tenant_id, position, event_id, type, version, category, stream, stream_version,
    occurred_at, recorded_at, correlation_id, causation_id, actor, traceparent, data)
SELECT t.tenant, h.head + n, uuidv7(), 'bench.grown', 1, 'DOMAIN', 'bench:' || uuidv7(), 1, now(), now(), uuidv7(),
    NULL, '', '', jsonb_build_object('sale_id', uuidv7(), 'amount', n)
FROM unnest(%(tenants)s::text[]) AS t (tenant)
CROSS JOIN LATERAL (
    SELECT coalesce(max(position), 0) AS head FROM public.events_event e WHERE e.tenant_id = t.tenant
) AS h, generate_series(1, %(each)s) AS n ORDER BY 1, 2;
INSERT INTO public.events_processedevent (tenant_id, subscriber, position, recorded_at, processed_at)
SELECT e.tenant_id, s.subscriber, e.position, e.recorded_at, e.recorded_at
FROM unnest(%(subscribers)s::text[]) AS s (subscriber), public.events_event e
WHERE e.tenant_id = ANY(%(tenants)s) AND e.type = 'bench.grown' ORDER BY 1, 2, 3
ON CONFLICT DO NOTHING;
"""

BOUND = """
INSERT INTO events_subscription (tenant_id, subscriber, start, cursor, started_position, starts, updated_at)
SELECT t.tenant, s.subscriber, h.head, h.head, 0, 0, now()
FROM unnest(%(tenants)s::text[]) AS t (tenant)
CROSS JOIN LATERAL (
    SELECT coalesce(max(position), 0) AS head FROM public.events_event e WHERE e.tenant_id = t.tenant
) AS h
JOIN events_subscription s ON s.tenant_id = %(first)s;
INSERT INTO events_binding (tenant_id, subscriber, type, since, bound_at)
SELECT s.tenant_id, s.subscriber, b.type, s.start, now()
FROM events_subscription s JOIN events_binding b ON b.tenant_id = %(first)s AND b.subscriber = s.subscriber
WHERE s.tenant_id = ANY(%(tenants)s);
"""


@dataclass(kw_only=True)
class Row:
    """One line of the table; CPU in ms and blocks for each event, with all of its subscribers."""

    tenants: int
    subscribers: int
    processed: int
    events: int
    cpu: dict[str, float]
    blocks: float
    transactions: float
    asked: dict[str, tuple[float, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenants", default="10,100,1000")
    parser.add_argument("--subscribers", default="5,20")
    parser.add_argument("--processed", type=int, default=5_000_000, help="rows of the busy tenants in the last lines")
    parser.add_argument("--pace", type=int, default=100, help="events a second")
    parser.add_argument("--seconds", type=int, default=15)
    options = parser.parse_args()
    tenants, subscribers = ([int(n) for n in each.split(",")] for each in (options.tenants, options.subscribers))
    with stack():
        try:
            rows = [measured(t, s, 0, options) for s in subscribers for t in tenants]
            if options.processed:
                past(options.processed, max(subscribers))
                for count in subscribers:
                    rows += [measured(t, count, options.processed, options) for t in (tenants[0], tenants[-1])]
            show(rows, options)
        finally:
            _forget_tenants()


def measured(tenants: int, subscribers: int, processed: int, options: argparse.Namespace) -> Row:
    """Publish for some seconds, and wait until all is applied; count what that has cost all processes."""
    names = _tenants(tenants, subscribers)
    asked = {name: _asked(ask) for name, ask in _questions().items()}
    os.environ["BENCH_SUBSCRIBERS"] = str(subscribers)
    before = _database()
    with worker(module="benchmarks.growing", queues="bench,backlog,platform") as workers, beat():
        from benchmarks.growing import app

        wait_for(lambda: bool(app.control.ping(timeout=1)), 90)
        time.sleep(SETTLE_SECONDS)
        parts = {"postgres": _postgres_pid(), "workers": workers.pid}
        cpu = {part: used(pid) for part, pid in parts.items()}
        events = _publish(names[:BUSY], options.pace, options.seconds)
        wait_for(lambda: not _pending(names[:BUSY]), 120)
        cpu = {part: (used(pid) - cpu[part]) * 1000 / events for part, pid in parts.items()}
    after = _database()
    blocks, transactions = ((a - b) / events for a, b in zip(after, before, strict=True))
    return Row(
        tenants=tenants, subscribers=subscribers, processed=processed, events=events, cpu=cpu, blocks=blocks,
        transactions=transactions, asked=asked,
    )  # fmt: skip


def past(rows: int, subscribers: int) -> None:
    """Write so many processed rows of the busy tenants, with their events."""
    from django.db import connection

    from benchmarks.growing import PREFIX
    from kernel.tenancy import in_public_schema

    print(f"writing {rows} processed rows (some minutes)", flush=True)
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        names = [f"{PREFIX}{number}" for number in range(subscribers)]
        each = rows // subscribers // BUSY
        cursor.execute(PAST, {"tenants": _names(BUSY), "subscribers": names, "each": each})
        cursor.execute("RESET statement_timeout")
        cursor.execute("ANALYZE events_event, events_processedevent")


def _names(tenants: int) -> list[str]:
    return [f"bench_{number:04}" for number in range(tenants)]


def _tenants(count: int, subscribers: int) -> list[str]:
    """Let there be so many tenants, each bound to so many subscribers of the event and to all that a shop has."""
    from django.db import connection

    from benchmarks.growing import PREFIX, subscribe
    from events.subscriptions.bindings import bind
    from events.subscriptions.declarations import declared
    from events.subscriptions.registry import all_subscribers, forget_subscriber
    from kernel.tenancy import in_public_schema

    for each in all_subscribers():
        if each.name.startswith(PREFIX):
            forget_subscriber(each.name)
    subscribe(subscribers)
    names = _names(count)
    _forget_tenants()
    create_tenants(names)
    with in_public_schema(), connection.cursor() as cursor:
        bind(names[0], declared(platform=False))
        cursor.execute(BOUND, {"first": names[0], "tenants": names[1:]})
        cursor.execute("VACUUM ANALYZE events_subscription, events_binding, events_event, tenants_tenant")
    return names


def _forget_tenants() -> None:
    """Leave the schemas and the log, but nothing that the next start would migrate or a sweep would look at."""
    from django.db import connection

    from kernel.tenancy import in_public_schema

    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_binding WHERE tenant_id LIKE 'bench%%'")
        cursor.execute("DELETE FROM events_subscription WHERE tenant_id LIKE 'bench%%'")
        cursor.execute("DELETE FROM tenants_tenant WHERE schema_name ~ '^bench_[0-9]{4}$'")


def _publish(names: list[str], pace: int, seconds: int) -> int:
    from benchmarks.growing import Grown
    from events.publishing.publish import publish
    from events.publishing.unit_of_work import unit_of_work
    from kernel.ids import new_id
    from kernel.tenancy import find_any_tenant, in_tenant

    tenants = [find_any_tenant(name) for name in names]
    begin = time.monotonic()
    for number in range(pace * seconds):
        time.sleep(max(0.0, begin + number / pace - time.monotonic()))
        with in_tenant(tenants[number % len(tenants)]), unit_of_work():
            publish(Grown(sale_id=new_id(), amount=number))
    return pace * seconds


def _pending(names: list[str]) -> bool:
    from django.db import connection

    from benchmarks.growing import PREFIX
    from kernel.tenancy import in_public_schema

    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (
                SELECT 1 FROM events_subscription s WHERE tenant_id = ANY(%s) AND starts_with(subscriber, %s)
                    AND cursor < (SELECT max(position) FROM events_event e WHERE e.tenant_id = s.tenant_id)
            )
            """,
            [names, PREFIX],
        )
        return bool(cursor.fetchone()[0])


def _questions() -> dict[str, Callable[[], Any]]:
    """Return what is asked of all tenants at once, again and again."""
    from events.maintenance import sweeper
    from events.operations.accounts import check_accounts
    from events.operations.gauges import scraped
    from kernel.tenancy import in_public_schema

    def accounts() -> None:
        with in_public_schema():
            check_accounts()

    return {"sweep": sweeper.sweep, "/metrics": scraped, "accounts": accounts}


def _asked(ask: Callable[[], Any], times: int = 5) -> tuple[float, float]:
    """Return the median of its milliseconds, and the blocks that it touches."""
    ask()
    before, taken = _database(), []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken), (_database()[0] - before[0]) / times


def _database() -> tuple[int, int]:
    """Return the blocks that all sessions have touched until now, and their transactions."""
    from django.db import connection

    time.sleep(1.2)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT blks_hit + blks_read, xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        blocks, transactions = cursor.fetchone()
    return int(blocks), int(transactions)


def _postgres_pid() -> int:
    from config.place import var
    from demo.stack.postgres import EmbeddedPostgres

    pid = EmbeddedPostgres(var() / "postgres").pid()
    assert pid is not None
    return pid


def show(rows: list[Row], options: argparse.Namespace) -> None:
    questions = list(rows[0].asked)
    print(f"{options.pace} events a second of {BUSY} tenants for {options.seconds} s; cost of an event")
    heads = [
        "tenants",
        "subscribers",
        "processed rows",
        "CPU ms",
        "postgres ms",
        "workers ms",
        "blocks",
        "transactions",
    ]
    heads += [f"{name} {unit}" for name in questions for unit in ("ms", "blocks")]
    print(f"| {' | '.join(heads)} |")
    print("|" + " ---: |" * len(heads))
    for row in rows:
        cells = [row.tenants, row.subscribers, row.processed, f"{sum(row.cpu.values()):.2f}"]
        cells += [f"{row.cpu[part]:.2f}" for part in ("postgres", "workers")]
        cells += [f"{row.blocks:.0f}", f"{row.transactions:.2f}"]
        cells += [f"{number:.0f}" for name in questions for number in row.asked[name]]
        print(f"| {' | '.join(map(str, cells))} |")


if __name__ == "__main__":
    main()
