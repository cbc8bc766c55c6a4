"""A stack of the harness's own under `var/faults/`: PostgreSQL, broker, web, two workers, beat; three shops, and guests.

Each shop has a webhook endpoint, whose receiver is the harness's own.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from random import choice

import psycopg
import redis
import requests

from config.place import ROOT
from config.queues import ORDINARY
from demo.stack import programs
from demo.stack.broker import EmbeddedBroker, free_port
from demo.stack.isolation import isolate_environment
from demo.stack.postgres import EmbeddedPostgres
from demo.stack.processes import Program, kill_tree
from tests.faults.acts import Acts
from tests.faults.arrivals import TYPES
from tests.faults.opening import INTEGRATOR, OPERATOR
from tests.faults.receiver import Receiver

SHOPS = ("alder", "birch", "cedar")
SKUS = ("BREAD", "MILK", "TEA", "SOAP", "LAMP")
OPENING_STOCK = 1_000_000
GRACE_SECONDS = 15
TABLES = """
CREATE TABLE IF NOT EXISTS {shop}.faults_effect (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscriber text NOT NULL, position bigint NOT NULL, stream text NOT NULL, event_id uuid NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE IF NOT EXISTS {shop}.faults_index (value text);
CREATE INDEX IF NOT EXISTS faults_index_value ON {shop}.faults_index (value);
"""


class Web:
    """A web program, and where it answers."""

    def __init__(self, name: str = "web") -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.program = programs.web(self.port)
        self.program.name = name


class Stack:
    """`generation` is that of the declaration that runs, `newest` that of any that ever ran.

    `months` is how many months of the past there have been, `past` how far each shop's log is of past months.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.marks = folder / "marks"
        self.marks.mkdir(exist_ok=True)
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder / "postgres")
        self.broker = EmbeddedBroker(folder / "broker")
        self.webs, self.beat = [Web()], programs.beat()
        self.workers = [programs.worker(name, queues=ORDINARY) for name in ("worker1", "worker2")]
        self.backlog = programs.backlog_worker()
        self.receiver = Receiver(folder / "webhooks.jsonl")
        self.acts = Acts(folder / "acts.jsonl")
        self.shops: list[str] = []
        self.guests: list[str] = []
        self.tokens: dict[str, str] = {}
        self.operators: dict[str, str] = {}
        self.generation, self.renamed, self.newest = 0, 0, 0
        self.months = 0
        self.past: dict[str, int] = {}

    @property
    def programs(self) -> list[Program]:
        return [*(web.program for web in self.webs), self.beat, *self.workers, self.backlog]

    @property
    def url(self) -> str:
        return choice(self.webs).url

    @property
    def unreadable(self) -> tuple[str, ...]:
        """The subscribers whose events may wait: what a generation that was rolled back has published."""
        return ("faults.versions",) if self.generation < self.newest else ()

    @property
    def declaration(self) -> dict[str, str]:
        return {"FAULTS_GENERATION": str(self.generation), "FAULTS_RENAMED": str(self.renamed)}

    def start(self) -> None:
        self.receiver.start()
        isolate_environment(self.folder)
        os.environ["DATABASE_URL"] = self.postgres.start()
        os.environ["REDIS_URL"] = self.broker.start()
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.settings"
        os.environ["FAULTS_KILLS"] = str(self.marks)
        os.environ["LOG_LEVEL"] = "WARNING"
        os.environ["WEBHOOKS_MAY_BE_LOCAL"] = "true"
        self.manage("migrate_schemas", "--verbosity", "0")
        self.manage("subscribe")
        for program in self.programs:
            program.environment.update(self.declaration)
            program.start()
        self.await_web()
        self.open(*SHOPS)

    def open(self, *shops: str) -> None:
        """Create tenants, and all that they need to sell."""
        keys = json.loads(self._run("-m", "tests.faults.opening", *shops))
        with psycopg.connect(self.postgres.url("tillflow", "tillflow"), autocommit=True) as connection:
            for shop in shops:
                connection.execute(TABLES.format(shop=shop))
        for shop in shops:
            self.tokens[shop] = keys[shop]["terminal"]
            self.operators[shop] = keys[shop][OPERATOR]
            self._furnish(shop)
            self._hook(shop, keys[shop][INTEGRATOR])
            self.shops.append(shop)

    def stop(self) -> None:
        for program in self.programs:
            if program.process is not None:
                kill_tree(program.process.pid)
        self.receiver.stop()
        self.broker.stop()
        self.postgres.stop()

    def heal(self) -> None:
        """Start again whatever does not run; a supervisor would."""
        self.postgres.start()
        self.broker.start()
        for program in self.programs:
            if not program.runs():
                program.start()
        self.await_web()

    def terminate(self, program: Program) -> None:
        """Ask a program to stop, and wait until it has; one that does not in time is killed, as a supervisor would."""
        if program.process is None or not program.runs():
            return
        program.process.terminate()
        try:
            program.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            kill_tree(program.process.pid)
            program.process.wait()

    def await_web(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        for web in list(self.webs):
            while not self._answers(web):
                if time.monotonic() > deadline:
                    raise TimeoutError("the web processes do not answer")
                if not web.program.runs():
                    web.program.start()
                time.sleep(0.05)

    @staticmethod
    def _answers(web: Web) -> bool:
        try:
            return requests.get(f"{web.url}/readyz?exclude=broker&exclude=events", timeout=2).ok
        except requests.RequestException:
            return False

    def connect(self) -> psycopg.Connection:
        """Connect past row-level security, as the checker must: as the superuser of the embedded server."""
        return psycopg.connect(self.postgres.url("postgres", "tillflow"), autocommit=True)

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.broker.url(), socket_timeout=2)

    def manage(self, *arguments: str) -> str:
        """Run a command in the code of the released generation. :raises RuntimeError: when it fails."""
        return self._run("manage.py", *arguments)

    def _run(self, *arguments: str) -> str:
        command = [sys.executable, "-W", "ignore", *arguments]
        environment = {**os.environ, **self.declaration}
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            message = f"{' '.join(arguments)}: {done.stdout[-1000:]} {done.stderr[-3000:]}"
            raise RuntimeError(message)
        return done.stdout

    def _furnish(self, shop: str) -> None:
        self._post(shop, "/shifts", {"id": _uuid7(), "float_amount": {"amount": 10_000}})
        for number, sku in enumerate(SKUS):
            product = {"sku": sku, "name": sku.title(), "price": {"amount": 100 + 10 * number}}
            made = self._post(shop, "/products", {**product, "tax_name": "Standard, included", "barcodes": []})
            lines = [{"variant_id": made["id"], "quantity": str(OPENING_STOCK)}]
            self._post(shop, "/goods-receipts", {"id": _uuid7(), "lines": lines})

    def _hook(self, shop: str, key: str) -> None:
        """Have the receiver told of what happens in a shop from now on."""
        endpoint = {"url": self.receiver.url(shop), "types": list(TYPES)}
        self.receiver.secrets[shop] = str(self._post(shop, "/webhook-endpoints", endpoint, token=key)["secret"])

    def _post(self, shop: str, path: str, body: dict[str, object], *, token: str = "") -> dict[str, object]:
        deadline = time.monotonic() + 60
        headers = {"Host": f"{shop}.localhost", "Authorization": f"Bearer {token or self.tokens[shop]}"}
        while True:
            key = {"Idempotency-Key": _uuid7()}
            answer = requests.post(f"{self.url}/api/v1{path}", json=body, headers={**headers, **key}, timeout=10)
            if answer.ok:
                return dict(answer.json())
            if time.monotonic() > deadline:
                raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
            time.sleep(0.2)


def _uuid7() -> str:
    from uuid_utils import uuid7

    return str(uuid7())
