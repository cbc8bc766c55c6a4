"""One event that fails, in every way there is: when it is dead, and who felt it. `python -m benchmarks.failures`"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event, Thread
from uuid import UUID

import psutil

from benchmarks.latency import quantile
from benchmarks.stack import TENANT, beat, stack, wait_for, worker

PACE = 20
SLOTS = 2
MODULE = "benchmarks.failing"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one way to fail came to. Times in seconds, from the commit of the failing event on.

    :param dead_after: until it was a dead letter, None when it never was.
    :param others_after: until the first later event of another stream was applied by the same subscriber.
    :param others_p95: commit to applied of the later events, by the same subscriber.
    :param alone: commit to applied by another subscriber, p95 in ms, before; `meanwhile`, from the commit on.
    :param died: processes of the worker's pool that are gone.
    """

    way: str
    bound: float
    dead_after: float | None
    others_after: float
    others_p95: float
    alone: float
    meanwhile: float
    died: int

    @property
    def holds(self) -> bool:
        dead = self.dead_after is not None and self.dead_after <= self.bound
        return dead and self.meanwhile <= 2 * self.alone

    def line(self) -> str:
        dead = f"{self.dead_after:.2f}" if self.dead_after is not None else "never"
        times = self.meanwhile / self.alone
        return (
            f"{self.way:<36} {dead:>7} {self.bound:>6.0f} {self.others_after:>8.2f} {self.others_p95:>8.2f}"
            f" {self.alone:>8.1f} {self.meanwhile:>9.1f} {times:>6.2f} {self.died:>5}  {'' if self.holds else 'NO'}"
        )


HEADER = (
    f"{'an event that …':<36} {'dead, s':>7} {'bound':>6} {'others,s':>8} {'p95, s':>8} {'alone,ms':>8}"
    f" {'then, ms':>9} {'times':>6} {'died':>5}"
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=8, help="of sales before the failing event, and after it")
    parser.add_argument("--only", default="", help="some ways, separated by commas")
    arguments = parser.parse_args()
    only = set(filter(None, arguments.only.split(",")))
    rows = []
    with stack():
        from benchmarks.failing import WAYS

        if only - set(WAYS):
            parser.error(f"no event {' or '.join(sorted(only - set(WAYS)))}; the ways are: {', '.join(WAYS)}")
        print(HEADER)
        for way, (_, bound) in WAYS.items():
            if not only or way in only:
                rows.append(measured(way, bound, arguments.seconds))
                print(rows[-1].line(), flush=True)
    return 0 if all(row.holds for row in rows) else 1


def measured(way: str, bound: float, seconds: int) -> Row:
    """Sell steadily; then let one event fail, and sell on until it is dead, or for three times its bound."""
    import redis
    from django.conf import settings
    from django.db import connection

    from benchmarks.declarations import TABLES
    from benchmarks.failing import INDEX, NAME, app
    from events.log.log import head
    from events.models import ParkedEvent, Subscription
    from events.operations.tenant_records import subscribe_tenant
    from events.subscriptions.registry import forget_subscriber
    from kernel.tenancy import find_any_tenant, in_tenant

    for name in ("bench.batch", "bench.timed"):
        forget_subscriber(name)
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    with in_tenant(find_any_tenant(TENANT)):
        with connection.cursor() as cursor:
            cursor.execute(TABLES + INDEX)
        ParkedEvent.objects.filter(subscriber__startswith="bench.").delete()
        Subscription.objects.filter(subscriber__startswith="bench.").delete()
        subscribe_tenant()
        with (
            worker(SLOTS, queues="bench,events,platform", module=MODULE) as ordinary,
            worker(1, queues="backlog", niceness=10, module=MODULE) as backlog,
            beat(),
        ):
            wait_for(lambda: len(app.control.ping(timeout=1) or []) == 2, 60)
            with deaths(ordinary.pid, backlog.pid) as died:
                sell(2)
                first = head(TENANT)
                sell(seconds)
                before = head(TENANT)
                failed = fail(way)
                position, began = head(TENANT), time.monotonic()
                letter = ParkedEvent.objects.filter(subscriber=NAME, position=position, state="DEAD")
                while time.monotonic() < began + seconds or (
                    not letter.exists() and time.monotonic() < began + 3 * bound
                ):
                    sell(1)
                newest = head(TENANT)
                wait_for(lambda: len(delays("bench.ordinary", first, newest)) >= newest - first - 1, 120)
                if letter.exists():
                    wait_for(lambda: len(delays(NAME, position, newest)) >= newest - position, 120)
                gone = died()
        dead = letter.first()
        others = delays(NAME, position, newest)
        return Row(
            way=way,
            bound=bound,
            dead_after=(dead.updated_at - failed).total_seconds() if dead else None,
            others_after=first_applied_after(NAME, position) if others else float("inf"),
            others_p95=quantile(others, 0.95) / 1000 if others else float("inf"),
            alone=quantile(delays("bench.ordinary", first, before), 0.95),
            meanwhile=quantile(delays("bench.ordinary", position, newest), 0.95),
            died=gone,
        )


def sell(seconds: float) -> None:
    from benchmarks.declarations import Sold
    from events.publishing.publish import publish
    from events.publishing.unit_of_work import unit_of_work
    from kernel.ids import new_id

    begin = time.monotonic()
    for number in range(int(PACE * seconds)):
        time.sleep(max(0.0, begin + number / PACE - time.monotonic()))
        with unit_of_work():
            publish(Sold(sale_id=new_id(), amount=1))


def fail(way: str):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Publish the event that fails; return when it was recorded."""
    from benchmarks.failing import UNREADABLE, Failed
    from events.models import Event as StoredEvent
    from events.publishing.publish import publish
    from events.publishing.unit_of_work import unit_of_work
    from kernel.ids import new_id

    with unit_of_work() as unit:
        event_id: UUID = publish(Failed(sale_id=new_id(), way=way))
        if way == UNREADABLE:
            unit.events[-1] = replace(unit.events[-1], data='{"sale_id": "none"}')
    return StoredEvent.objects.get(event_id=event_id).recorded_at


_APPLIED = """
SELECT extract(epoch FROM d.processed_at - e.recorded_at)::float FROM events_event e
JOIN events_processedevent d ON d.tenant_id = e.tenant_id AND d.position = e.position AND d.subscriber = %s
WHERE e.tenant_id = %s AND e.position > %s AND e.position <= %s ORDER BY e.position
"""
_FIRST_AFTER = """
SELECT extract(epoch FROM min(d.processed_at) - (
    SELECT recorded_at FROM events_event WHERE tenant_id = %(tenant)s AND position = %(position)s
))::float
FROM events_processedevent d
WHERE d.tenant_id = %(tenant)s AND d.subscriber = %(subscriber)s AND d.position > %(position)s
"""


def delays(subscriber: str, after: int, until: int) -> list[float]:
    """Return the seconds from commit to applied of the events at some positions."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_APPLIED, [subscriber, TENANT, after, until])
        return [row[0] for row in cursor.fetchall()]


def first_applied_after(subscriber: str, position: int) -> float:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_FIRST_AFTER, {"tenant": TENANT, "position": position, "subscriber": subscriber})
        return float(cursor.fetchone()[0])


@contextmanager
def deaths(*pids: int) -> Iterator[Callable[[], int]]:
    """Count the children of some processes that are gone, from now on."""
    parents, over = [psutil.Process(pid) for pid in pids], Event()
    seen: set[int] = set()

    def look() -> set[int]:
        found = {child.pid for parent in parents for child in parent.children()}
        seen.update(found)
        return found

    def watch() -> None:
        while not over.wait(0.02):
            look()

    watching = Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield lambda: len(seen - look())
    finally:
        over.set()
        watching.join()


if __name__ == "__main__":
    raise SystemExit(main())
