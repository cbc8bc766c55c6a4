"""A handler that ends its process, or holds it up, and notes each of its starts; and a worker's application with it."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from config.queues import ORDINARY
from demo.stack import programs
from events.subscribing import Delivery
from tenants.events import TenantSuspended
from tests.support.processes import database_url, kill
from tests.support.recording import write

NAME = "tests.misbehaves"
HANDLER_SECONDS = 2.0
STARTS = "MISBEHAVING_STARTS"
"""The variable that names the file in which starts are noted, as lines of the way and the process."""


def misbehave(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
    way = event.tenant_name
    write(way, delivery)
    with Path(os.environ[STARTS]).open("a") as starts:
        starts.write(f"{way} {os.getpid()}\n")
    if way == "exits":
        sys.exit(3)
    if way == "vanishes":
        os._exit(3)
    while way.startswith("hangs"):
        try:
            time.sleep(600)
        except Exception:
            if way == "hangs":
                raise


@contextmanager
def worker(directory: Path) -> Iterator[dict[str, Any]]:
    """Run a worker with that subscriber; what is yielded holds, in the end, the processes of each way's starts."""
    noted = directory / "starts"
    program = programs.worker("misbehaving", queues=ORDINARY, concurrency=1)
    program.command = [part.replace("config.celery", "tests.support.misbehaving_worker") for part in program.command]
    program.environment |= {
        "DATABASE_URL": database_url(),
        "HANDLER_SECONDS": str(HANDLER_SECONDS),
        STARTS: str(noted),
    }
    program.start()
    started: dict[str, Any] = {}
    try:
        yield started
        assert program.process is not None
        living = {child.pid for child in psutil.Process(program.process.pid).children()}
        for way, pid in (line.rsplit(" ", 1) for line in noted.read_text().splitlines()):
            started.setdefault(way, []).append(int(pid))
        started["dead"] = len({pid for way in started for pid in started[way]} - living)
    finally:
        kill(program)
