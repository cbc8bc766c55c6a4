"""What orders cost, by part: CPU of the processes, statements in the server's log, tasks of the workers, bytes kept."""

import re
import time
from collections import Counter

import psutil
import psycopg
from celery import Celery

from benchmarks.orders.contenders import Contender
from benchmarks.orders.effects import wait_until_applied
from benchmarks.orders.load import send

PARTS = ("web", "postgres", "broker", "workers")
SAMPLE = 20
IDLE_SECONDS = 5
LOG_PREFIX = "%d %a|"


def cpu(contender: Contender) -> dict[str, float]:
    """Return the seconds of CPU that each part has used until now, with its children."""
    pids: dict[str, list[int | None]] = {"postgres": [contender.postgres.pid()], "broker": [contender.broker_pid]}
    for part, programs in contender.programs.items():
        pids[part] = [program.process.pid for program in programs if program.process]
    return {part: sum(used(pid) for pid in pids.get(part, []) if pid) for part in PARTS}


def idle_cpu(contender: Contender) -> dict[str, float]:
    """Return the CPU that the two servers use each second while no orders come."""
    before = cpu(contender)
    time.sleep(IDLE_SECONDS)
    after = cpu(contender)
    return {part: (after[part] - before[part]) / IDLE_SECONDS for part in ("postgres", "broker")}


def used(pid: int) -> float:
    root = psutil.Process(pid)
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def tasks(contender: Contender) -> int:
    """Return how many tasks the workers have taken until now."""
    if not contender.has_effects:
        return 0
    stats = Celery(broker=contender.redis_url).control.inspect(timeout=2).stats() or {}
    return sum(sum(worker["total"].values()) for worker in stats.values())


def stored(contender: Contender) -> int:
    """Return the bytes of the contender's database: tables, indexes, and the space that is free in them."""
    with psycopg.connect(contender.postgres.url("postgres", "postgres"), autocommit=True) as database:
        row = database.execute("SELECT pg_database_size(%s)", [contender.database]).fetchone()
    assert row is not None
    return int(row[0])


def statements(contender: Contender, *, show: bool) -> dict[str, float]:
    """Count what the server's log shows of some orders that come one after the other, by part, for one order."""
    log = contender.postgres.directory / "log"
    _configure(contender, log_statement="all", log_line_prefix=LOG_PREFIX)
    try:
        begin = log.stat().st_size
        wait_until_applied(contender, send(contender, SAMPLE).taken)
        written = log.read_bytes()[begin:].decode(errors="replace")
    finally:
        _configure(contender, log_statement=None, log_line_prefix=None)
    entry = re.compile(rf"^{contender.database} (\w+)\|LOG:  statement: (.*(?:\n\t.*)*)", re.MULTILINE)
    sent = [(part, " ".join(text.split())) for part, text in entry.findall(written)]
    counts = Counter(part for part, _ in sent)
    if show:
        web = [text[:160] for part, text in sent if part == "web"]
        print(f"{contender.name}: the statements of its last order", *web[-(len(web) // SAMPLE) :], sep="\n  ")
    return {part: counts[part] / SAMPLE for part in ("web", "workers")}


def _configure(contender: Contender, **values: str | None) -> None:
    with psycopg.connect(contender.postgres.url("postgres", "postgres"), autocommit=True) as database:
        for name, value in values.items():
            database.execute(f"ALTER SYSTEM RESET {name}" if value is None else f"ALTER SYSTEM SET {name} = '{value}'")
        database.execute("SELECT pg_reload_conf()")
    time.sleep(0.5)
