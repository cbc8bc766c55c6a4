"""A month of a million events, archived, compared and dropped. `python -m benchmarks.retention [--events N]`

Runs under the role's own statement_timeout, with bindings as `manage.py subscribe` makes them. An event is published
every 50 ms meanwhile, and must not wait for it: what is refused is counted.
"""

import argparse
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from benchmarks.stack import TENANT, manage, stack

MONTH = datetime(2020, 1, 1, tzinfo=UTC)
PIECE = 100_000
SHOPS = 20
# Orders of ten events each; every event is applied by one subscriber.
EVENT_SQL = """
WITH new AS (
    SELECT t.tenant, n, %(start)s::timestamptz + make_interval(secs => n * 0.1) AS recorded_at
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n, unnest(%(tenants)s::text[]) AS t (tenant)
), processed AS (
    INSERT INTO public.events_processedevent (tenant_id, subscriber, position, recorded_at, processed_at)
    SELECT tenant, 'bench.apply', n, recorded_at, recorded_at FROM new
)
INSERT INTO public.events_event (tenant_id, position, event_id, type, version, category, stream, stream_version,
    occurred_at, recorded_at, correlation_id, causation_id, actor, traceparent, data)
SELECT tenant, n, gen_random_uuid(), 'bench.sold', 1, 'DOMAIN', 'bench:' || n / 10, 1 + n %% 10, recorded_at,
    recorded_at, gen_random_uuid(), NULL, 'user:ada', '',
    jsonb_build_object('sale_id', gen_random_uuid(), 'amount', n, 'note', repeat('x', 200))
FROM new
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="in the month, of twenty shops")
    parser.add_argument("--analyze", action="store_true", help="let the month have statistics")
    arguments = parser.parse_args()
    with stack():
        _fill(arguments.events, analyze=arguments.analyze)
        _measure(arguments.events)


def _fill(events: int, *, analyze: bool) -> None:
    from django.db import connection

    from benchmarks.scale import create_tenants
    from events.maintenance.sweeper import make_partitions
    from kernel.tenancy import in_public_schema

    names = [f"bench_{number:04}" for number in range(SHOPS)]
    create_tenants(names)
    manage("subscribe")
    make_partitions(start=MONTH, months_ahead=0)
    each, piece = events // SHOPS, PIECE // SHOPS
    with in_public_schema(), connection.cursor() as cursor:
        for first in range(1, each + 1, piece):
            asked = {"start": MONTH, "first": first, "last": min(first + piece - 1, each), "tenants": names}
            cursor.execute(EVENT_SQL, asked)
        if analyze:
            cursor.execute("ANALYZE events_event; ANALYZE events_processedevent")


def _measure(events: int) -> None:
    from django.conf import settings
    from django.db import connection

    from config.place import var
    from events.maintenance.retention import retain
    from kernel.tenancy import in_public_schema

    settings.ARCHIVE_DIR = str(var() / "archive")
    longest = _Longest()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with in_public_schema(), _publishing() as publisher, connection.execute_wrapper(longest):
        began = time.monotonic()
        (month,) = retain(before=datetime(2020, 2, 1, tzinfo=UTC))
        seconds = time.monotonic() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    became = "dropped" if month.dropped else f"kept: {month.kept_because}"
    print(f"{month.month}: {month.events} of {events} events, {became} after {seconds:.0f} s")
    print(
        f"statements {longest.count}, the longest {longest.seconds * 1000:.0f} ms: {' '.join(longest.sql.split())[:90]}"
    )
    print(f"memory of this process {before / 1024:.0f} MiB before, {memory / 1024:.0f} MiB at most")
    print(f"longest of a look for what keeps the month {longest.looking * 1000:.0f} ms")
    print(
        f"meanwhile {len(publisher.waits)} events were published, the slowest in {max(publisher.waits) * 1000:.0f} ms;"
        f" {len(publisher.refused)} refused {set(publisher.refused) or ''}"
    )


class _Longest:
    """Counts statements, and keeps the one that took longest, and how long the longest look for obstacles took."""

    def __init__(self) -> None:
        self.count, self.seconds, self.sql, self.looking = 0, 0.0, "", 0.0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        began = time.monotonic()
        try:
            return execute(sql, params, many, context)
        finally:
            took = time.monotonic() - began
            self.count += 1
            if " AS newest" in sql:
                self.looking = max(self.looking, took)
            if took > self.seconds:
                self.seconds, self.sql = took, sql


class _Publisher(threading.Thread):
    """Publishes an event every 50 ms. `waits` (seconds) are those of what was published, `refused` the errors."""

    def __init__(self) -> None:
        super().__init__()
        self.stop = threading.Event()
        self.waits = [0.0]
        self.refused: list[str] = []

    def run(self) -> None:
        from django.db import OperationalError, connections

        from events.publishing.publish import publish
        from events.publishing.unit_of_work import unit_of_work
        from kernel.ids import new_id
        from kernel.tenancy import find_any_tenant, in_tenant
        from tenants.events import TenantSuspended

        with in_tenant(find_any_tenant(TENANT)):
            while not self.stop.wait(0.05):
                began = time.monotonic()
                try:
                    with unit_of_work():
                        publish(TenantSuspended(tenant_uuid=new_id(), tenant_name="bench"))
                except OperationalError as error:
                    self.refused.append(str(error).splitlines()[0])
                else:
                    self.waits.append(time.monotonic() - began)
        connections.close_all()


@contextmanager
def _publishing() -> Iterator[_Publisher]:
    publisher = _Publisher()
    publisher.start()
    try:
        yield publisher
    finally:
        publisher.stop.set()
        publisher.join()


if __name__ == "__main__":
    main()
