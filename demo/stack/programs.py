"""Which programs a shop's stack consists of, and how each is started."""

import sys
from collections.abc import Sequence
from pathlib import Path

from config.place import var
from config.queues import BACKLOG, CARDS, ENDPOINTS, INSIDE, OPERATORS
from config.slots import slots_of
from demo.stack.processes import Program

TASK_COLUMNS = "--tasks_columns=name,kwargs,state,result,received,runtime,worker"
BIN = Path(sys.executable).parent


def counting() -> dict[str, str]:
    """Let the processes of this host add their counts up in one folder."""
    folder = var() / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    return {"PROMETHEUS_MULTIPROC_DIR": str(folder)}


def web(port: int, processes: int = 2) -> Program:
    return Program(
        name="web",
        command=[str(BIN / "gunicorn"), "--config", "config/gunicorn.py", "config.wsgi"],
        environment={"WEB_BIND": f"127.0.0.1:{port}", "WEB_PROCESSES": str(processes), **counting()},
    )


def worker(name: str = "worker", *, queues: Sequence[str] = INSIDE, concurrency: int = 2) -> Program:
    return _worker(name, queues, concurrency)


def calling_workers() -> list[Program]:
    """The workers of what waits for others' servers, a separate one for each kind. Their slots are mostly idle."""
    return [
        _worker("cards", CARDS, slots_of("cards")),
        _worker("mail", OPERATORS, slots_of("mail")),
        _worker("webhooks", ENDPOINTS, slots_of("webhooks")),
    ]


def backlog_worker(name: str = "backlog") -> Program:
    """The worker for long backlogs; it gives way to all the others."""
    return _worker(name, [BACKLOG], 1, nice=10)


def _worker(name: str, queues: Sequence[str], concurrency: int, nice: int = 0) -> Program:
    options = ["--hostname", f"{name}@%h", "--concurrency", str(concurrency), "--queues", ",".join(queues)]
    return Program(
        name=name,
        command=[*(["nice", "-n", str(nice)] if nice else []), *_celery("worker"), *options, "--loglevel", "WARNING"],
        environment={
            "REMAP_SIGTERM": "SIGQUIT",
            "C_FORCE_ROOT": "1",
            "WORKER_SOFT_SHUTDOWN_SECONDS": "3",
            **counting(),
        },
    )


def beat() -> Program:
    return Program(name="beat", command=[*_celery("beat"), "--loglevel", "WARNING"])


def flower(port: int, user: str, password: str) -> Program:
    return Program(
        name="flower",
        command=[
            *_celery("flower"),
            "--address=127.0.0.1",
            f"--port={port}",
            "--max_tasks=10000",
            TASK_COLUMNS,
            "--loglevel=WARNING",
        ],
        environment={"FLOWER_BASIC_AUTH": f"{user}:{password}"},
    )


def _celery(action: str) -> list[str]:
    return [str(BIN / "celery"), "--app", "config.celery", action]
