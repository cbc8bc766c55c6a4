"""Events applied per second from a backlog, against what people write. `python -m benchmarks.subscribers`"""

import argparse
import time
from collections.abc import Callable

from benchmarks.stack import TENANT, stack, wait_for, worker


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=2000, help="tasks of the two that are compared with")
    parser.add_argument("--events", type=int, default=40_000, help="events of the backlog")
    arguments = parser.parse_args()
    with stack():
        report(measure(arguments.tasks, arguments.events))


def measure(tasks: int, events: int) -> dict[str, float]:  # noqa: C901 - one run, from top to bottom
    import redis
    from django.conf import settings
    from django.db import connection

    from benchmarks.declarations import QUEUE, TABLES, Effect, Sold
    from benchmarks.worker import app, nothing, one_by_one
    from events.log.log import head
    from events.models import Subscription
    from events.operations.tenant_records import subscribe_tenant
    from events.publishing.publish import publish
    from events.publishing.unit_of_work import unit_of_work
    from events.subscriptions.doorbells import BACKLOG, doorbells
    from events.subscriptions.registry import find_subscriber
    from kernel.ids import new_id
    from kernel.tenancy import find_any_tenant, in_tenant

    broker = redis.Redis.from_url(settings.REDIS_URL)
    broker.flushdb()
    rates: dict[str, float] = {}

    def idle() -> bool:
        return broker.llen(QUEUE) == 0 and broker.hlen("unacked") == 0

    def timed(name: str, count: int, begin: Callable[[], None], done: Callable[[], bool]) -> None:
        """Time from the moment the worker may consume, with everything waiting for it.

        Of a queue that it went on consuming it would first wait for the next message, up to a second.
        """
        for queue in (QUEUE, BACKLOG):
            app.control.cancel_consumer(queue, reply=True, timeout=5)
        begin()
        began = time.monotonic()
        for queue in (QUEUE, BACKLOG):
            app.control.add_consumer(queue)
        wait_for(done)
        rates[name] = count / (time.monotonic() - began)

    def send_nothing() -> None:
        with app.producer_pool.acquire(block=True) as producer, producer.batch():
            for _ in range(tasks):
                nothing.apply_async(producer=producer)

    def send_one_by_one() -> None:
        with app.producer_pool.acquire(block=True) as producer, producer.batch():
            for number in range(tasks):
                keywords = {"tenant": TENANT, "event_id": str(new_id()), "amount": number}
                one_by_one.apply_async(kwargs=keywords, producer=producer)

    def publish_backlog() -> None:
        for _ in range(events // 100):
            with unit_of_work():
                for number in range(100):
                    publish(Sold(sale_id=new_id(), amount=number))

    with in_tenant(find_any_tenant(TENANT)):
        with connection.cursor() as cursor:
            cursor.execute(TABLES)
            cursor.execute("TRUNCATE bench_effect, bench_processed")
        Subscription.objects.filter(subscriber__startswith="bench.").delete()
        subscribe_tenant()
        doorbells.breaker.failed()
        publish_backlog()
        doorbells.breaker.worked()
        broker.flushdb()
        newest = head(TENANT)
        with worker():
            wait_for(lambda: bool(app.control.ping(timeout=1)), 60)
            timed("(a) plain Celery, no-op task", tasks, send_nothing, idle)
            timed("(b) one ORM task per event, processed row", tasks, send_one_by_one, idle)
            assert Effect.objects.count() == tasks
            for name, title in (("bench.ordinary", "ordinary subscriber"), ("bench.batch", "batch subscriber")):
                subscriber = find_subscriber(name)

                def ring(subscriber: object = subscriber) -> None:
                    doorbells.ring_again(TENANT, subscriber)  # type: ignore[arg-type]

                def caught_up(name: str = name) -> bool:
                    return Subscription.objects.get(subscriber=name).cursor >= newest

                timed(title, events, ring, caught_up)
            assert Effect.objects.count() == tasks + 2 * events
    return rates


def report(rates: dict[str, float]) -> None:
    base = rates["(b) one ORM task per event, processed row"]
    print(f"{'events applied per second, prefork 2, one run':<46} {'per second':>10} {'x (b)':>7}")
    for name, rate in rates.items():
        print(f"{name:<46} {rate:>10.0f} {rate / base:>7.1f}")


if __name__ == "__main__":
    main()
