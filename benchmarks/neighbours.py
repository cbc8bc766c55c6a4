"""A quiet tenant's delays, alone and beside neighbours with a backlog. `python -m benchmarks.neighbours`"""

import argparse
import time
from typing import Any

from benchmarks.latency import quantile
from benchmarks.scale import create_tenants, write_log
from benchmarks.stack import checkpoint, stack, wait_for, worker


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--noise", type=int, default=200_000, help="events of backlog, of one tenant or of several")
    parser.add_argument("--noisy", type=int, default=4, help="how many tenants share it, where it is shared")
    parser.add_argument("--seconds", type=int, default=40, help="of the quiet tenant's sales")
    arguments = parser.parse_args()
    with stack():
        delays = neighbours(arguments.noise, arguments.noisy, arguments.seconds)
        print("a quiet tenant, 20 events/s, commit to applied, ms")
        for name, each in delays.items():
            quantiles = "  ".join(f"p{share * 100:.0f} {quantile(each, share):>7.1f}" for share in (0.5, 0.95, 0.99))
            times = quantile(each, 0.99) / quantile(delays["alone"], 0.99)
            print(f"  {name:<40} {quantiles}  p99 times {times:.2f}")


def neighbours(noise: int, noisy: int, seconds: int) -> dict[str, list[float]]:
    """Sell steadily in a quiet tenant: alone, beside one tenant with a backlog, beside several; return the delays."""
    import redis
    from django.conf import settings
    from django.db import connection

    from benchmarks.declarations import Sold
    from benchmarks.worker import app
    from events.log.log import head
    from events.operations.tenant_records import subscribe_tenant
    from events.publishing.publish import publish
    from events.publishing.unit_of_work import unit_of_work
    from events.subscriptions.doorbells import doorbells
    from events.subscriptions.registry import find_subscriber, forget_subscriber
    from kernel.ids import new_id
    from kernel.tenancy import find_any_tenant, in_public_schema, in_tenant

    for name in ("bench.batch", "bench.timed"):
        forget_subscriber(name)
    quiet, crowd = "bench_quiet", [f"bench_noisy_{number}" for number in range(noisy + 1)]
    create_tenants([quiet, *crowd])
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_subscription WHERE subscriber LIKE 'bench.%%'")

    def steadily() -> list[float]:
        with in_tenant(find_any_tenant(quiet)):
            first = head(quiet)
            begin = time.monotonic()
            for number in range(20 * seconds):
                time.sleep(max(0.0, begin + number / 20 - time.monotonic()))
                with unit_of_work():
                    publish(Sold(sale_id=new_id(), amount=1))
            newest = head(quiet)

            def measured() -> Any:
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SELECT extract(epoch FROM d.processed_at - e.recorded_at)::float FROM events_event e"
                        " JOIN events_processedevent d ON d.tenant_id = e.tenant_id AND d.position = e.position"
                        " AND d.subscriber = 'bench.ordinary' WHERE e.tenant_id = %s AND e.position > %s",
                        [quiet, first],
                    )
                    return [row[0] for row in cursor.fetchall()]

            wait_for(lambda: len(measured()) >= newest - first, 120)
            return list(measured())

    def behind(names: list[str]) -> int:
        with in_public_schema(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT sum(head - cursor) FROM events_subscription s CROSS JOIN LATERAL"
                " (SELECT max(position) AS head FROM events_event e WHERE e.tenant_id = s.tenant_id) AS log"
                " WHERE subscriber = 'bench.ordinary' AND tenant_id = ANY(%s)",
                [names],
            )
            return int(cursor.fetchone()[0])

    def beside(names: list[str]) -> list[float]:
        """Measure while others have a backlog, which must last; then wait until they have caught up."""
        write_log(names, noise // len(names))
        checkpoint()
        for name in names:
            doorbells.ring_again(name, find_subscriber("bench.ordinary"))
        delays = steadily()
        if not behind(names):
            message = f"the backlog of {names} did not last as long as the measurement"
            raise RuntimeError(message)
        wait_for(lambda: time.sleep(1) or not behind(names))
        return delays

    for name in (quiet, *crowd):
        with in_tenant(find_any_tenant(name)):
            subscribe_tenant()
    with worker(queues="bench"), worker(1, queues="backlog", niceness=10):
        wait_for(lambda: len(app.control.ping(timeout=1) or []) == 2, 60)
        steadily()
        return {
            "alone": steadily(),
            f"beside a backlog of {noise}": beside(crowd[:1]),
            f"beside {noisy} of {noise // noisy}": beside(crowd[1:]),
        }


if __name__ == "__main__":
    main()
