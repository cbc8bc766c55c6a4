"""A million events in one tenant, and a thousand tenants. `python -m benchmarks.scale`"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks.stack import TENANT, stack, wait_for, worker

EVENT_SQL = """
INSERT INTO public.events_event (tenant_id, position, event_id, type, version, category, stream, stream_version,
    occurred_at, recorded_at, correlation_id, causation_id, actor, traceparent, data)
SELECT t.tenant, floor.position + n, gen_random_uuid(), 'bench.sold', 1, 'DOMAIN', 'bench:' || gen_random_uuid(), 1,
    now(), now(), gen_random_uuid(), NULL, '', '', jsonb_build_object('sale_id', gen_random_uuid(), 'amount', n)
FROM unnest(%s::text[]) AS t (tenant)
CROSS JOIN LATERAL (
    SELECT coalesce(max(position), 0) AS position FROM public.events_event e WHERE e.tenant_id = t.tenant
) AS floor, generate_series(1, %s) AS n
"""


@dataclass
class Row:
    """One line of the table."""

    what: str
    events: int
    seconds: float
    sweep_behind_ms: float
    sweep_idle_ms: float
    worker_mib: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="in the one tenant")
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--each", type=int, default=1000, help="events in each of the many tenants")
    arguments = parser.parse_args()
    with stack():
        rows = [one_tenant(arguments.events), many_tenants(arguments.tenants, arguments.each)]
        print(
            f"{'batch subscriber, prefork 2':<36} {'events/s':>9} {'sweep late':>13} {'sweep idle':>11} {'worker':>9}"
        )
        for row in rows:
            print(
                f"{row.what:<36} {row.events / row.seconds:>9.0f} {row.sweep_behind_ms:>10.1f} ms"
                f" {row.sweep_idle_ms:>8.1f} ms {row.worker_mib:>5.0f} MiB"
            )


def one_tenant(events: int) -> Row:
    return _drained(f"{events} events in one tenant", [TENANT], events)


def many_tenants(count: int, each: int) -> Row:
    names = [f"bench_{number:04}" for number in range(count)]
    create_tenants(names)
    return _drained(f"{each} events in each of {count} tenants", names, each)


def create_tenants(names: list[str]) -> None:
    """Make tenants that have a schema, and in it nothing but the table that the benchmark writes to."""
    from django.db import connection

    from benchmarks.declarations import TABLES
    from kernel.tenancy import in_public_schema
    from tenants.models import Tenant

    with in_public_schema(), connection.cursor() as cursor:
        known = set(Tenant.objects.values_list("schema_name", flat=True))
        missing = [name for name in names if name not in known]
        Tenant.objects.bulk_create(Tenant(schema_name=name, name=name, status="ACTIVE") for name in missing)
        for name in missing:
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {name}")
            cursor.execute(f"SET search_path = {name}")
            cursor.execute(TABLES)
        cursor.execute("SET search_path = public")


def write_log(names: list[str], each: int) -> None:
    """Write the log of many tenants at once, as if it had been published."""
    from django.db import connection

    from kernel.tenancy import in_public_schema

    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for at in range(0, len(names), 50):
            cursor.execute(EVENT_SQL, [names[at : at + 50], each])
        cursor.execute("ANALYZE events_event")
        cursor.execute("RESET statement_timeout")


def _drained(what: str, names: list[str], each: int) -> Row:
    import redis
    from django.conf import settings
    from django.db import connection

    from benchmarks.declarations import TABLES
    from benchmarks.worker import app
    from events.maintenance import sweeper
    from events.subscriptions.bindings import bind
    from events.subscriptions.declarations import declared
    from events.subscriptions.registry import forget_subscriber
    from kernel.tenancy import find_any_tenant, in_public_schema, in_tenant

    for name in ("bench.ordinary", "bench.timed"):
        forget_subscriber(name)
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    with in_tenant(find_any_tenant(TENANT)), connection.cursor() as cursor:
        cursor.execute(TABLES)
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_subscription WHERE subscriber LIKE 'bench.%%'")
    with in_public_schema():
        for name in names:
            bind(name, declared(platform=False))
    write_log(names, each)

    def left() -> int:
        with in_public_schema(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM events_subscription WHERE subscriber = 'bench.batch' AND cursor < start + %s"
                " AND tenant_id = ANY(%s)",
                [each, names],
            )
            return int(cursor.fetchone()[0])

    behind = timed_sweeps(partial(sweeper.sweep, insist=True))
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    memory = 0.0
    with worker():
        wait_for(lambda: bool(app.control.ping(timeout=1)), 60)
        began = time.monotonic()
        sweeper.sweep()
        swept = time.monotonic()
        while left():
            memory = max(memory, _largest_child())
            if time.monotonic() - swept > 2:
                sweeper.sweep()
                swept = time.monotonic()
            time.sleep(0.1)
        seconds = time.monotonic() - began
    idle = timed_sweeps(partial(sweeper.sweep, insist=True))
    return Row(what, len(names) * each, seconds, behind, idle, memory)


def timed_sweeps(sweep: Callable[[], int], rounds: int = 5) -> float:
    times = []
    for _ in range(rounds):
        began = time.monotonic()
        sweep()
        times.append((time.monotonic() - began) * 1000)
    return statistics.median(times)


def _largest_child() -> float:
    """Return the resident memory of the largest pool process, in MiB."""
    import psutil

    children = [p for p in psutil.Process(os.getpid()).children(recursive=True) if "worker" in " ".join(p.cmdline())]
    return max((process.memory_info().rss / 2**20 for process in children), default=0.0)


if __name__ == "__main__":
    main()
