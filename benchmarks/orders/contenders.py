"""The contenders beside this project: the least that Django and DRF need, and django-oscar."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from config.place import ROOT, var
from demo.stack.postgres import ROLE, EmbeddedPostgres
from demo.stack.processes import Program

SKUS = ("BENCH-1", "BENCH-2", "BENCH-3")
PRICE = 1000
OSCAR = "django-oscar==4.2.1"
INSTALL_SECONDS = 600
THREADS = 16


class Unprepared(Exception):
    """A contender could not be made ready."""


class Refused(Exception):
    """A contender did not take an order."""


@dataclass(frozen=True)
class Terminal:
    """Who sends orders. :param headers: of each of its requests. :param shop: whose it is, where there are shops."""

    headers: dict[str, str] = field(default_factory=dict)
    shop: str = ""


@dataclass(kw_only=True)
class Contender:
    """:param programs: its processes, by the part of the table that their CPU is counted in.

    :param path: where orders are sent to.
    :param order: makes the id and the body of a new one, and further headers of its request.
    :param redis_url: where its workers listen, if it has any.
    :param has_effects: whether something happens after an order is answered.
    """

    name: str
    postgres: EmbeddedPostgres
    broker_pid: int
    database: str
    programs: dict[str, list[Program]]
    port: int
    path: str
    order: Callable[[], tuple[str, dict[str, Any], dict[str, str]]]
    terminals: list[Terminal] = field(default_factory=lambda: [Terminal()])
    redis_url: str = ""
    has_effects: bool = False


@dataclass(frozen=True)
class Server:
    """The servers that contenders without servers of their own use."""

    postgres: EmbeddedPostgres
    broker_pid: int


def gunicorn(name: str, port: int, python: Path, server: Server) -> Program:
    command = [str(python), "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    command += ["--workers", "2", "--threads", str(THREADS), "--keep-alive", "60", "--log-level", "error"]
    return Program(name=name, command=[*command, f"benchmarks.{name}.wsgi"], environment=_environment(name, server))


def minimal(server: Server, port: int) -> Contender:
    _create("minimal", server)
    run(
        [sys.executable, "-m", "django", "migrate", "--run-syncdb", "--verbosity", "0"], _environment("minimal", server)
    )
    web = gunicorn("minimal", port, Path(sys.executable), server)

    def order() -> tuple[str, dict[str, Any], dict[str, str]]:
        lines = [{"sku": sku, "quantity": "1", "unit_price": PRICE} for sku in SKUS]
        order_id = str(uuid4())
        return order_id, {"id": order_id, "occurred_at": datetime.now(UTC).isoformat(), "lines": lines}, {}

    return Contender(
        name="minimal DRF", postgres=server.postgres, broker_pid=server.broker_pid, database="bench_minimal",
        programs={"web": [web]}, port=port, path="/orders", order=order,
    )  # fmt: skip


def oscar(server: Server, port: int) -> Contender:
    """Place orders with django-oscar, in an environment that is made when it is missing."""
    folder = var() / "oscar"
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        print(f"installing {OSCAR} into {folder.relative_to(ROOT)} (a minute the first time)", flush=True)
        run([sys.executable, "-m", "venv", str(folder)], {})
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", OSCAR, *_shared()]
        run(pip, {}, seconds=INSTALL_SECONDS)
        (folder / "installed").touch()
    _create("oscar", server)
    run([str(python), "-m", "benchmarks.oscar.prepare", *SKUS], _environment("oscar", server))
    web = gunicorn("oscar", port, python, server)

    def order() -> tuple[str, dict[str, Any], dict[str, str]]:
        return "", {"lines": [{"sku": sku, "quantity": 1} for sku in SKUS]}, {}

    return Contender(
        name="django-oscar", postgres=server.postgres, broker_pid=server.broker_pid, database="bench_oscar",
        programs={"web": [web]}, port=port, path="/orders", order=order,
    )  # fmt: skip


def _environment(name: str, server: Server) -> dict[str, str]:
    return {
        "BENCH_HOST": str(server.postgres.socket_directory),
        "BENCH_DATABASE": f"bench_{name}",
        "BENCH_USER": ROLE,
        "DJANGO_SETTINGS_MODULE": f"benchmarks.{name}.settings",
        "PGAPPNAME": "web",
        "PYTHONPATH": str(ROOT),
    }


def _shared() -> list[str]:
    """Return the web server and the driver that all contenders have, in our versions."""
    return re.findall(r"^(?:gunicorn|psycopg)\S*==\S+$", (ROOT / "requirements.txt").read_text(), flags=re.MULTILINE)


def _create(name: str, server: Server) -> None:
    database = f"bench_{name}"
    with psycopg.connect(server.postgres.url("postgres", "postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            connection.execute(f"CREATE DATABASE {database} OWNER {ROLE}")


def run(command: list[str], environment: dict[str, str], *, seconds: float = 300, folder: Path = ROOT) -> str:
    """Run a command to its end; return what it printed. :raises Unprepared: when it fails or takes too long."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        message = f"{' '.join(command[1:4])} … took more than {seconds:g} s"
        raise Unprepared(message) from None
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if any(map(str.isalpha, line))]
        message = f"{' '.join(command[1:5])} … failed: {' '.join(lines[-2:])}"
        raise Unprepared(message)
    return done.stdout
