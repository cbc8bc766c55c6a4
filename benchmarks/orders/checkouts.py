"""A checkout of this project as a contender: this one, or an older one beside it, with separate servers.

Everything that is the project's is asked of the checkout itself, in its own environment: which programs it consists
of, its migrations, its shops and their terminals.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.orders.client import Connection
from benchmarks.orders.contenders import PRICE, SKUS, Contender, Refused, Terminal, Unprepared, run
from demo.stack.postgres import EmbeddedPostgres
from demo.stack.processes import Program
from kernel.ids import new_id

SERVER_SETTINGS = {"track_commit_timestamp": "on"}
PROGRAMS = """
import json, sys
from demo.stack import programs
web = programs.web(int(sys.argv[1]))
others = [programs.worker(), *programs.calling_workers(), programs.backlog_worker(), programs.beat()]
print(json.dumps([[each.name, each.command, each.environment] for each in (web, *others)]))
"""
TERMINALS = """
import json, sys, django
django.setup()
from kernel.tenancy import find_any_tenant, in_tenant
from pos.furnishing import furnish_shop
from pos.models import Location, Register
from pos.registers.services import pair_device
tokens = []
for shop in sys.argv[2:]:
    with in_tenant(find_any_tenant(shop)):
        furnish_shop(name=shop, currency="EUR", timezone="UTC")
        main = Location.objects.get(code="MAIN")
        for code in (f"R{number + 1}" for number in range(int(sys.argv[1]))):
            Register.objects.get_or_create(code=code, defaults={"name": code, "location": main})
            tokens.append([shop, pair_device(register_code=code, name="benchmark")[1]])
print(json.dumps(tokens))
"""


@dataclass
class Elsewhere(Program):
    """A program of another folder, with that folder's environment."""

    folder: Path = Path()

    def start(self) -> None:
        log = Path(self.environment["TILLFLOW_VAR"]) / "log" / f"{self.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                start_new_session=True,
            )  # fmt: skip


@dataclass
class Checkout:
    """:param folder: of the checkout, with its `.venv` in it. Its servers live under `var/orders` there."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def var(self) -> Path:
        return self.folder / "var" / "orders"

    @property
    def postgres(self) -> EmbeddedPostgres:
        return EmbeddedPostgres(self.var / "postgres")

    def broker_pid(self) -> int:
        return int((self.var / "broker" / "pid").read_text())

    @property
    def redis_url(self) -> str:
        return self.environment["REDIS_URL"]

    def python(self, *arguments: str) -> str:
        command = [str(self.folder / ".venv" / "bin" / "python"), "-W", "ignore", *arguments]
        return run(command, self.environment, folder=self.folder)

    @contextmanager
    def servers(self) -> Iterator[None]:
        """:raises Unprepared: when the folder holds no checkout of this project, or its servers do not start."""
        if not (self.folder / "manage.py").exists() or not (self.folder / ".venv").exists():
            message = f"{self.folder} has no manage.py or no .venv: name a checkout, and make .venv/installed in it"
            raise Unprepared(message)
        self.environment = {
            **os.environ,
            "TILLFLOW_VAR": str(self.var),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "ERROR",
        }
        try:
            self._stack("up")
            if self._configure():
                self._stack("down")
                self._stack("up")
            self.python("manage.py", "migrate_schemas", "--verbosity", "0")
            self.python("manage.py", "subscribe")
            yield
        finally:
            self._stack("down")

    def _stack(self, action: str) -> None:
        """Start or stop the servers: those of the folder, which are not given by URL, and whose URLs are then ours."""
        for name in ("DATABASE_URL", "REDIS_URL"):
            self.environment.pop(name, None)
        announced = self.python("-m", "demo.stack", action).splitlines()
        self.environment |= dict(line.split("=", 1) for line in announced if "=" in line)

    def _configure(self) -> bool:
        """Let the server note when each transaction was committed; return whether it has to be started again."""
        with psycopg.connect(self.postgres.url("postgres", "postgres"), autocommit=True) as database:
            changed = False
            for name, value in SERVER_SETTINGS.items():
                row = database.execute(f"SHOW {name}").fetchone()
                if row != (value,):
                    database.execute(f"ALTER SYSTEM SET {name} = '{value}'")
                    changed = True
        return changed


def tillflow(name: str, checkout: Checkout, port: int, *, shops: int, workers: bool, threads: int | None) -> Contender:
    """Bring a checkout whose servers run; `open_shops` follows when its web processes listen."""
    names = [f"orders{number or ''}" for number in range(shops)]
    known = checkout.python("manage.py", "tenant", "list")
    for shop in names:
        if shop not in {line.split()[0] for line in known.splitlines() if line.split()}:
            checkout.python("manage.py", "tenant", "create", shop, "--currency", "EUR")
    described = json.loads(checkout.python("-c", PROGRAMS, str(port)).splitlines()[-1])
    programs = [
        Elsewhere(name=f"{each}", command=command, environment=checkout.environment | more, folder=checkout.folder)
        for each, command, more in described
    ]
    for program in programs:
        program.environment |= {"PGAPPNAME": "web" if program is programs[0] else "workers"}
    programs[0].environment |= {"DEVICE_THROTTLE": "1000000/min"}
    if threads:
        programs[0].environment |= {"WEB_THREADS": str(threads)}

    def order() -> tuple[str, dict[str, Any], dict[str, str]]:
        order_id = str(new_id())
        lines = [{"sku": sku, "quantity": "1"} for sku in SKUS]
        cash = {"type": "cash", "amount": {"amount": PRICE * len(SKUS)}}
        body = {"id": order_id, "occurred_at": datetime.now(UTC).isoformat(), "lines": lines, "tenders": [cash]}
        return order_id, body, {"Idempotency-Key": order_id}

    return Contender(
        name=name,
        postgres=checkout.postgres,
        broker_pid=checkout.broker_pid(),
        database="tillflow",
        programs={"web": programs[:1], "workers": programs[1:] if workers else []},
        port=port,
        path="/api/v1/orders",
        order=order,
        terminals=[Terminal(headers={"Host": f"{shop}.localhost"}, shop=shop) for shop in names],
        redis_url=checkout.redis_url,
        has_effects=workers,
    )


def open_shops(contender: Contender, checkout: Checkout, registers: int) -> None:
    """Pair a terminal with each register of the shops, open its shift, and put the goods into the catalogue."""
    shops = [terminal.shop for terminal in contender.terminals]
    tokens = json.loads(checkout.python("-c", TERMINALS, str(registers), *shops).splitlines()[-1])
    contender.terminals = [
        Terminal(headers={"Host": f"{shop}.localhost", "Authorization": f"Bearer {token}"}, shop=shop)
        for shop, token in tokens
    ]
    connection = Connection(contender.port)
    seen: set[str] = set()
    for terminal in contender.terminals:
        _post(connection, terminal, "/shifts", {"id": str(new_id()), "float_amount": {"amount": 0}}, {201, 409})
        for sku in SKUS if terminal.shop not in seen else ():
            goods = {"sku": sku, "name": sku, "price": {"amount": PRICE}, "tax_name": "Zero"}
            _post(connection, terminal, "/products", goods, {200, 201})
        seen.add(terminal.shop)
    connection.close()


def _post(connection: Connection, terminal: Terminal, path: str, body: dict[str, Any], expected: set[int]) -> None:
    headers = {**terminal.headers, "Idempotency-Key": str(new_id())}
    answer = connection.post(f"/api/v1{path}", headers, json.dumps(body).encode())
    if answer.status not in expected:
        message = f"{path} was answered {answer.status}: {answer.body[:300].decode(errors='replace')}"
        raise Refused(message)
