"""Complete orders through HTTP, beside a minimal DRF endpoint and django-oscar. `python -m benchmarks.orders`

Each contender takes orders of three lines from several connections, in turn, several rounds. All processes of all of
them run all the time; PostgreSQL is one server, and what it and the broker use while nobody sells is not counted for
contenders without workers. What a contender does after its answers (events, stock, payments) is waited for before the
next one's turn, and counts in its CPU.
"""

import argparse
import http.client
import os
import re
import signal
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil
import psycopg

from benchmarks.contenders import Contender, Unprepared, dumps, minimal, open_shop, oscar, postgres, tillflow
from benchmarks.latency import quantile
from benchmarks.stack import stack, wait_for

CONTENDERS = {"tillflow": tillflow, "minimal": minimal, "oscar": oscar}
PARTS = ("web", "postgres", "broker", "workers")
APPLY_SECONDS = 120
SAMPLE = 20
LOG_PREFIX = "%d %a|"
IDLE_SECONDS = 5


class Refused(Exception):
    """A contender did not take an order."""


@dataclass
class Round:
    """What one turn came to. :param seconds: of selling; `until_applied`, until all effects had happened as well."""

    taken: list[float]
    seconds: float
    until_applied: float
    cpu: dict[str, float]
    tasks: int


@dataclass
class Figures:
    rounds: list[Round] = field(default_factory=list)
    statements: dict[str, float] = field(default_factory=dict)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10, help="of selling, for each contender in each round")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contender")
    parser.add_argument("--connections", type=int, default=8, help="that send orders at the same time")
    parser.add_argument("--threads", type=int, default=16, help="of each of the two web processes of a contender")
    parser.add_argument("--only", default=",".join(CONTENDERS), help="some contenders, separated by commas")
    parser.add_argument("--show", action="store_true", help="print the statements of one order of each contender")
    options = parser.parse_args()
    for name, most in (("seconds", 300), ("rounds", 50), ("connections", 64), ("threads", 64)):
        if not 1 <= getattr(options, name) <= most:
            parser.error(f"--{name} is a number from 1 to {most}")
    if options.connections > options.threads // 2:
        parser.error("--connections is at most half of --threads: one shop's requests hold no more of a web process")
    only = [name for name in options.only.split(",") if name]
    if not only or set(only) - set(CONTENDERS):
        parser.error(f"--only names contenders, separated by commas: {', '.join(CONTENDERS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with stack():
        try:
            figures = measure(only, options)
        except (Unprepared, Refused) as error:
            parser.exit(1, f"{error}\n")
    show(figures, options)


def measure(only: list[str], options: argparse.Namespace) -> dict[str, Figures]:
    from demo.stack.broker import free_port
    from demo.stack.processes import Supervisor

    contenders = [CONTENDERS[name](free_port(), options.threads) for name in only]
    supervisor = Supervisor([each for c in contenders for part in c.programs.values() for each in part])
    figures = {contender.name: Figures() for contender in contenders}
    supervisor.start()
    try:
        for contender in contenders:
            wait_for(lambda contender=contender: _listens(contender), 60)  # type: ignore[misc]
            if contender.applied:
                open_shop(contender)
            sell(contender, options.connections, 2)
        for contender in contenders:
            figures[contender.name].statements = statements(contender, show=options.show)
        idle = _idle(contenders[0])
        for _ in range(options.rounds):
            for contender in contenders:
                figures[contender.name].rounds.append(turn(contender, options, idle))
    finally:
        supervisor.stop()
    return figures


def _idle(contender: Contender) -> dict[str, float]:
    """Return the CPU that the two servers use each second while no orders come."""
    before = _cpu(contender)
    time.sleep(IDLE_SECONDS)
    after = _cpu(contender)
    return {part: (after[part] - before[part]) / IDLE_SECONDS for part in ("postgres", "broker")}


def turn(contender: Contender, options: argparse.Namespace, idle: dict[str, float]) -> Round:
    tasks, cpu = _tasks(contender), _cpu(contender)
    began = time.monotonic()
    with effects(contender):
        taken = sell(contender, options.connections, options.seconds)
        seconds = time.monotonic() - began
    until_applied = time.monotonic() - began
    used = {part: after - cpu[part] for part, after in _cpu(contender).items()}
    if contender.applied is None:
        for part, each_second in idle.items():
            used[part] = max(0.0, used[part] - each_second * until_applied)
    return Round(taken, seconds, until_applied, used, _tasks(contender) - tasks)


@contextmanager
def effects(contender: Contender) -> Iterator[None]:
    """Wait until everything has happened that the orders of the block cause."""
    if contender.applied is None:
        yield
        return
    before = contender.applied()
    wanted: list[int] = []
    sent = contender.order

    def counted() -> Any:
        wanted.append(1)
        return sent()

    contender.order = counted
    try:
        yield
    finally:
        contender.order = sent
    wait_for(lambda: contender.applied() >= before + len(wanted), APPLY_SECONDS)  # type: ignore[misc]


def sell(contender: Contender, connections: int, seconds: float) -> list[float]:
    """Send orders from so many connections for so long; return the seconds until each was answered."""
    end = time.monotonic() + seconds
    taken: list[float] = []
    failures: list[str] = []

    def run() -> None:
        try:
            taken.extend(_orders(contender, lambda: time.monotonic() < end))
        except (OSError, http.client.HTTPException, Refused) as error:
            failures.append(f"{contender.name}: {error!r}")

    threads = [threading.Thread(target=run) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise Refused(failures[0])
    return taken


def _orders(contender: Contender, goes_on: Callable[[], bool]) -> Iterator[float]:
    client = http.client.HTTPConnection("127.0.0.1", contender.port, timeout=30)
    try:
        while goes_on():
            body, more = contender.order()
            headers = {"Content-Type": "application/json", **contender.headers, **more}
            began = time.monotonic()
            client.request("POST", contender.path, dumps(body), headers)
            response = client.getresponse()
            answer = response.read()
            yield time.monotonic() - began
            if response.status != 201:
                message = f"an order was answered {response.status}: {answer[:300].decode(errors='replace')}"
                raise Refused(message)
    finally:
        client.close()


def statements(contender: Contender, *, show: bool) -> dict[str, float]:
    """Count what the server's log shows of some orders that come one after the other, by part, for one order."""
    log = postgres().directory / "log"
    left = iter(range(SAMPLE))
    _configure(log_statement="all", log_line_prefix=LOG_PREFIX)
    try:
        begin = log.stat().st_size
        with effects(contender):
            list(_orders(contender, lambda: next(left, None) is not None))
        written = log.read_bytes()[begin:].decode(errors="replace")
    finally:
        _configure(log_statement=None, log_line_prefix=None)
    entry = re.compile(rf"^{contender.database} (\w+)\|LOG:  statement: (.*(?:\n\t.*)*)", re.MULTILINE)
    sent = [(part, " ".join(text.split())) for part, text in entry.findall(written)]
    counts = Counter(part for part, _ in sent)
    if show:
        web = [text[:160] for part, text in sent if part == "web"]
        print(f"{contender.name}: the statements of its last order", *web[-(len(web) // SAMPLE) :], sep="\n  ")
    return {part: counts[part] / SAMPLE for part in ("web", "workers")}


def _configure(**values: str | None) -> None:
    with psycopg.connect(postgres().url("postgres", "postgres"), autocommit=True) as database:
        for name, value in values.items():
            database.execute(f"ALTER SYSTEM RESET {name}" if value is None else f"ALTER SYSTEM SET {name} = '{value}'")
        database.execute("SELECT pg_reload_conf()")
    time.sleep(0.5)


def _cpu(contender: Contender) -> dict[str, float]:
    """Return the seconds of CPU that each part has used until now, with its children."""
    from config.place import var

    pids = {"postgres": [postgres().pid()], "broker": [int((var() / "broker" / "pid").read_text())]}
    for part, programs in contender.programs.items():
        pids[part] = [program.process.pid for program in programs if program.process]
    return {part: sum(_used(pid) for pid in pids.get(part, []) if pid) for part in PARTS}


def _used(pid: int) -> float:
    root = psutil.Process(pid)
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _tasks(contender: Contender) -> int:
    """Return how many tasks the workers have taken until now."""
    if contender.applied is None:
        return 0
    from config.celery import app

    stats = app.control.inspect(timeout=2).stats() or {}
    return sum(sum(worker["total"].values()) for worker in stats.values())


def _listens(contender: Contender) -> bool:
    client = http.client.HTTPConnection("127.0.0.1", contender.port, timeout=10)
    try:
        client.request("GET", "/nowhere", headers=contender.headers)
        client.getresponse().read()
    except OSError:
        return False
    finally:
        client.close()
    return True


def show(figures: dict[str, Figures], options: argparse.Namespace) -> None:
    print(
        f"orders of three lines, {options.connections} connections, {options.rounds} interleaved rounds of"
        f" {options.seconds:g} s, {os.cpu_count()} processors; medians of the rounds"
    )
    heads = ["orders/s", "applied/s", "p50 ms", "p95 ms", "p99 ms", *(f"{part} ms" for part in PARTS)]
    heads += ["CPU ms", "statements", "tasks"]
    print("| | " + " | ".join(heads) + " |")
    print("| --- |" + " ---: |" * len(heads))
    for name, each in figures.items():
        print(f"| {name} | {' | '.join(_cells(each))} |")
    print("statements: of the web processes + of the workers, of one order that comes alone. CPU: per order.")


def _cells(figures: Figures) -> list[str]:
    def middle(of: Callable[[Round], float]) -> float:
        return statistics.median(of(each) for each in figures.rounds)

    cpu = [middle(lambda each, part=part: each.cpu[part] * 1000 / len(each.taken)) for part in PARTS]  # type: ignore[misc]
    return [
        f"{middle(lambda each: len(each.taken) / each.seconds):.0f}",
        f"{middle(lambda each: len(each.taken) / each.until_applied):.0f}",
        *(f"{middle(lambda each, share=share: quantile(each.taken, share)):.1f}" for share in (0.5, 0.95, 0.99)),  # type: ignore[misc]
        *(f"{milliseconds:.1f}" for milliseconds in (*cpu, sum(cpu))),
        " + ".join(f"{count:.0f}" for count in figures.statements.values() if count),
        f"{middle(lambda each: each.tasks / len(each.taken)):.1f}",
    ]


if __name__ == "__main__":
    main()
