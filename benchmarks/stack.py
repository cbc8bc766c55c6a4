"""A stack of the benchmarks' own under `var/bench`, and a tenant in it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from config.place import ROOT
from demo.stack.processes import kill_tree

TENANT = "bench"


@contextmanager
def stack() -> Iterator[None]:
    from demo.stack.isolation import isolate_environment
    from demo.stack.services import Services

    isolate_environment(ROOT / "var" / "bench")
    services = Services()
    os.environ.update(services.start())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["LOG_LEVEL"] = "ERROR"
    import django

    django.setup()
    try:
        manage("migrate_schemas", "--verbosity", "0")
        manage("subscribe")
        if TENANT not in manage("tenant", "list"):
            manage("tenant", "create", TENANT)
        yield
    finally:
        services.stop()


def checkpoint() -> None:
    """Let the database write out what was just loaded, so that this is not measured."""
    import psycopg

    from config.place import var
    from demo.stack.postgres import EmbeddedPostgres

    with psycopg.connect(EmbeddedPostgres(var() / "postgres").url("postgres", "tillflow"), autocommit=True) as database:
        database.execute("VACUUM ANALYZE events_event")
        database.execute("CHECKPOINT")


def manage(*arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


@contextmanager
def worker(
    concurrency: int = 2, *, queues: str = "bench,backlog", niceness: int = 0, module: str = "benchmarks.worker"
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run one prefork worker, which consumes the benchmarks' queue and, as in a shop, sends task events."""
    options = ["--concurrency", str(concurrency), "--queues", queues, "--hostname", f"{queues}@%h"]
    with _celery(module, "worker", *options, niceness=niceness) as process:
        yield process


@contextmanager
def beat() -> Iterator[None]:
    """Run what sweeps every two seconds."""

    with _celery("config.celery", "beat"):
        yield


@contextmanager
def _celery(module: str, *action: str, niceness: int = 0) -> Iterator["subprocess.Popen[bytes]"]:
    command = ["nice", "-n", str(niceness), str(Path(sys.executable).parent / "celery"), "--app", module, *action]
    environment = {**os.environ, "C_FORCE_ROOT": "1"}
    process = subprocess.Popen(
        [*command, "--loglevel", "ERROR"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            kill_tree(process.pid)
            process.wait()


def wait_for(condition: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.005)
