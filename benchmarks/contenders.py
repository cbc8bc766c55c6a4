"""The contenders: this project, the least that Django and DRF need, and django-oscar. Each brings its processes."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from benchmarks.stack import manage, wait_for
from config.place import ROOT, var
from demo.stack.postgres import ROLE, EmbeddedPostgres
from demo.stack.processes import Program

SKUS = ("BENCH-1", "BENCH-2", "BENCH-3")
PRICE = 1000
OSCAR = "django-oscar==4.2.1"
INSTALL_SECONDS = 600


class Unprepared(Exception):
    """A contender could not be made ready."""


@dataclass(kw_only=True)
class Contender:
    """:param programs: its processes, by the part of the table that their CPU is counted in.

    :param path: where orders are sent to. :param order: makes the body of a new one, and its further headers.
    :param applied: counts the orders of which all effects have happened.
    """

    name: str
    database: str
    programs: dict[str, list[Program]]
    port: int
    path: str
    order: Callable[[], tuple[dict[str, Any], dict[str, str]]]
    headers: dict[str, str] = field(default_factory=dict)
    applied: Callable[[], int] | None = None


def postgres() -> EmbeddedPostgres:
    return EmbeddedPostgres(var() / "postgres")


def gunicorn(name: str, port: int, python: Path, threads: int) -> Program:
    command = [str(python), "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    command += ["--workers", "2", "--threads", str(threads), "--keep-alive", "60", "--log-level", "error"]
    return Program(name=name, command=[*command, f"benchmarks.{name}.wsgi"], environment=_environment(name))


def minimal(port: int, threads: int) -> Contender:
    _create("minimal")
    _run([sys.executable, "-m", "django", "migrate", "--run-syncdb", "--verbosity", "0"], _environment("minimal"))
    web = gunicorn("minimal", port, Path(sys.executable), threads)

    def order() -> tuple[dict[str, Any], dict[str, str]]:
        lines = [{"sku": sku, "quantity": "1", "unit_price": PRICE} for sku in SKUS]
        return {"id": str(uuid4()), "occurred_at": _now(), "lines": lines}, {}

    return Contender(
        name="minimal DRF", database="bench_minimal", programs={"web": [web]}, port=port, path="/orders", order=order
    )


def oscar(port: int, threads: int) -> Contender:
    """Place orders with django-oscar, in an environment that is made when it is missing."""
    folder = var() / "oscar"
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        print(f"installing {OSCAR} into {folder.relative_to(ROOT)} (a minute the first time)", flush=True)
        _run([sys.executable, "-m", "venv", str(folder)], {})
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", OSCAR, *_shared()]
        _run(pip, {}, seconds=INSTALL_SECONDS)
        (folder / "installed").touch()
    _create("oscar")
    _run([str(python), "-m", "benchmarks.oscar.prepare", *SKUS], _environment("oscar"))
    web = gunicorn("oscar", port, python, threads)

    def order() -> tuple[dict[str, Any], dict[str, str]]:
        return {"lines": [{"sku": sku, "quantity": 1} for sku in SKUS]}, {}

    return Contender(
        name="django-oscar", database="bench_oscar", programs={"web": [web]}, port=port, path="/orders", order=order
    )


def tillflow(port: int, threads: int) -> Contender:
    from demo.stack import programs

    shop = "orders"
    if shop not in manage("tenant", "list"):
        manage("tenant", "create", shop, "--currency", "EUR")
    web = programs.web(port)
    web.environment |= {"WEB_THREADS": str(threads), "DEVICE_THROTTLE": "1000000/min"}
    workers = [programs.worker(), *programs.calling_workers(), programs.backlog_worker(), programs.beat()]
    for program in (web, *workers):
        program.environment["PGAPPNAME"] = "web" if program is web else "workers"

    def order() -> tuple[dict[str, Any], dict[str, str]]:
        order_id = str(_new_id())
        lines = [{"sku": sku, "quantity": "1"} for sku in SKUS]
        cash = {"type": "cash", "amount": {"amount": PRICE * len(SKUS)}}
        body = {"id": order_id, "occurred_at": _now(), "lines": lines, "tenders": [cash]}
        return body, {"Idempotency-Key": order_id}

    return Contender(
        name="tillflow",
        database="tillflow",
        programs={"web": [web], "workers": workers},
        port=port,
        path="/api/v1/orders",
        headers={"Host": f"{shop}.localhost"},
        order=order,
        applied=lambda: _applied(shop),
    )


def open_shop(contender: Contender) -> None:
    """Pair a terminal with the running shop, as soon as its workers have furnished it; open a shift, put goods."""
    from demo.till import Till

    shop, tokens = contender.headers["Host"].removesuffix(".localhost"), []

    def paired() -> bool:
        with suppress(subprocess.CalledProcessError):
            tokens.append(manage("device", "pair", "--tenant", shop).strip())
        return bool(tokens)

    wait_for(paired, 60)
    till = Till(url=f"http://127.0.0.1:{contender.port}", host=contender.headers["Host"], token=tokens[0])
    till.ensure_shift()
    for sku in SKUS:
        till.post("/products", {"sku": sku, "name": sku, "price": {"amount": PRICE}, "tax_name": "Zero"})
    contender.headers["Authorization"] = f"Bearer {tokens[0]}"


def _applied(shop: str) -> int:
    """Count the orders whose goods have left the stock and whose payment is recorded."""
    with psycopg.connect(postgres().url("postgres", "tillflow"), autocommit=True) as database:
        row = database.execute(
            f"SELECT (SELECT count(*) FROM {shop}.inventory_stockmovement WHERE kind = 'ORDER') / {len(SKUS)},"
            f" (SELECT count(*) FROM {shop}.payments_payment)"
        ).fetchone()
    return int(min(row or (0, 0)))


def _environment(name: str) -> dict[str, str]:
    return {
        "BENCH_HOST": str(postgres().socket_directory),
        "BENCH_DATABASE": f"bench_{name}",
        "BENCH_USER": ROLE,
        "DJANGO_SETTINGS_MODULE": f"benchmarks.{name}.settings",
        "PGAPPNAME": "web",
        "PYTHONPATH": str(ROOT),
    }


def _shared() -> list[str]:
    """Return the web server and the driver that all contenders have, in our versions."""
    return re.findall(r"^(?:gunicorn|psycopg)\S*==\S+$", (ROOT / "requirements.txt").read_text(), flags=re.MULTILINE)


def _create(name: str) -> None:
    database = f"bench_{name}"
    with psycopg.connect(postgres().url("postgres", "postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            connection.execute(f"CREATE DATABASE {database} OWNER {ROLE}")


def _run(command: list[str], environment: dict[str, str], seconds: float = 200) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
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
        message = f"{' '.join(command[1:4])} … failed: {' '.join(lines[-2:])}"
        raise Unprepared(message)


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _new_id() -> object:
    from kernel.ids import new_id

    return new_id()


def dumps(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()
