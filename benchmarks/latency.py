"""From commit to applied at a steady pace, and what publishing adds to a transaction. `python -m benchmarks.latency`"""

import argparse
import os
import signal
import statistics
import time

from benchmarks.stack import TENANT, stack, wait_for, worker


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pace", type=int, default=100, help="events per second")
    parser.add_argument("--seconds", type=int, default=20)
    arguments = parser.parse_args()
    with stack():
        delays = commit_to_applied(arguments.pace, arguments.seconds)
        print(f"commit to applied at {arguments.pace} events/s, {len(delays)} events, ms")
        print(f"  p50 {quantile(delays, 0.5):.1f}  p95 {quantile(delays, 0.95):.1f}  p99 {quantile(delays, 0.99):.1f}")
        print("what a unit of work with one event takes, ms")
        for name, milliseconds in publishing().items():
            print(f"  {name:<44} {milliseconds:>8.2f}")


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000


def commit_to_applied(pace: int, seconds: int) -> list[float]:
    import redis
    from django.conf import settings
    from django.db import connection, transaction

    from benchmarks.declarations import TABLES, Sold
    from benchmarks.worker import APPLIED, app
    from events.log.log import head
    from events.models import Subscription
    from events.operations.tenant_records import subscribe_tenant
    from events.publishing.publish import publish
    from events.publishing.unit_of_work import unit_of_work
    from events.subscriptions.registry import forget_subscriber
    from kernel.ids import new_id
    from kernel.tenancy import find_any_tenant, in_tenant

    broker = redis.Redis.from_url(settings.REDIS_URL)
    broker.flushdb()
    for name in ("bench.ordinary", "bench.batch"):
        forget_subscriber(name)
    committed: dict[str, float] = {}
    moments: list[float] = []
    with in_tenant(find_any_tenant(TENANT)):
        with connection.cursor() as cursor:
            cursor.execute(TABLES)
        subscribe_tenant()
        Subscription.objects.filter(subscriber="bench.timed").update(cursor=head(TENANT))
        with worker():
            wait_for(lambda: bool(app.control.ping(timeout=1)), 60)
            begin = time.monotonic() + 2
            for number in range(pace * (seconds + 1)):
                time.sleep(max(0.0, begin + number / pace - time.monotonic()))
                sale_id = new_id()
                with unit_of_work():
                    publish(Sold(sale_id=sale_id, amount=1))
                    transaction.on_commit(lambda: moments.append(time.time()))
                if number >= pace:
                    committed[str(sale_id)] = moments[-1]
            wait_for(lambda: set(committed) <= {key.decode() for key in broker.hkeys(APPLIED)}, 60)
    applied = {key.decode(): float(value) for key, value in broker.hgetall(APPLIED).items()}
    return [applied[sale_id] - at for sale_id, at in committed.items()]


def publishing() -> dict[str, float]:
    """Time units of work that publish one event with one subscriber: broker up, refusing, frozen."""
    from pathlib import Path

    from django.conf import settings

    from benchmarks.declarations import Sold
    from config.place import var
    from events.publishing.publish import publish
    from events.publishing.unit_of_work import unit_of_work
    from events.subscriptions.doorbells import doorbells
    from kernel.ids import new_id
    from kernel.tenancy import find_any_tenant, in_tenant

    def one() -> float:
        began = time.perf_counter()
        with unit_of_work():
            publish(Sold(sale_id=new_id(), amount=1))
        return (time.perf_counter() - began) * 1000

    def middle(count: int = 200) -> float:
        return statistics.median(one() for _ in range(count))

    broker = int(Path(var() / "broker" / "pid").read_text())
    url = settings.REDIS_URL
    figures: dict[str, float] = {}
    with in_tenant(find_any_tenant(TENANT)):
        figures["broker up, median of 200"] = middle()
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        doorbells.forget_connection()
        doorbells.breaker.worked()
        figures["broker refuses, the first"] = one()
        figures["broker refuses, median of the next 200"] = middle()
        settings.REDIS_URL = url
        doorbells.forget_connection()
        doorbells.breaker.worked()
        one()
        os.kill(broker, signal.SIGSTOP)
        try:
            figures["broker frozen, the first"] = one()
            figures["broker frozen, median of the next 200"] = middle()
        finally:
            os.kill(broker, signal.SIGCONT)
    return figures


if __name__ == "__main__":
    main()
