"""A stack of the harness's own under `var/faults/`: PostgreSQL, broker, web, two workers, beat; three shops.

Each shop has a webhook endpoint, whose receiver is the harness's own.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import redis
import requests

from config.queues import ORDINARY
from config.stack import programs
from config.stack.broker import EmbeddedBroker, free_port
from config.stack.isolation import isolate_environment
from config.stack.place import ROOT
from config.stack.postgres import EmbeddedPostgres
from config.stack.processes import Program, kill_tree
from tests.faults.arrivals import TYPES
from tests.faults.receiver import Receiver

SHOPS = ("alder", "birch", "cedar")
SKUS = ("BREAD", "MILK", "TEA", "SOAP", "LAMP")
OPENING_STOCK = 1_000_000
EFFECTS = """
CREATE TABLE IF NOT EXISTS {shop}.faults_effect (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscriber text NOT NULL, position bigint NOT NULL, stream text NOT NULL, event_id uuid NOT NULL
)
"""


class Stack:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "kills").mkdir(exist_ok=True)
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder / "postgres")
        self.broker = EmbeddedBroker(folder / "broker")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.web, self.beat = programs.web(self.port), programs.beat()
        self.workers = [programs.worker(name, queues=ORDINARY) for name in ("worker1", "worker2")]
        self.programs: list[Program] = [self.web, self.beat, *self.workers, programs.backlog_worker()]
        self.receiver = Receiver(folder / "webhooks.jsonl")
        self.tokens: dict[str, str] = {}

    def start(self) -> None:
        self.receiver.start()
        isolate_environment(self.folder)
        os.environ["DATABASE_URL"] = self.postgres.start()
        os.environ["REDIS_URL"] = self.broker.start()
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.settings"
        os.environ["FAULTS_KILLS"] = str(self.folder / "kills")
        os.environ["LOG_LEVEL"] = "WARNING"
        os.environ["WEBHOOKS_MAY_BE_LOCAL"] = "true"
        self.manage("migrate_schemas", "--verbosity", "0")
        for shop in SHOPS:
            self.manage("tenant", "create", shop)
            with psycopg.connect(self.postgres.url("tillflow", "tillflow"), autocommit=True) as connection:
                connection.execute(EFFECTS.format(shop=shop))
        for program in self.programs:
            program.start()
        self.await_web()
        for shop in SHOPS:
            self.tokens[shop] = self._pair(shop)
            self._furnish(shop)
            self._hook(shop)

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

    def await_web(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if requests.get(f"{self.url}/healthz", timeout=2).ok:
                    return
            except requests.RequestException:
                pass
            if not self.web.runs():
                self.web.start()
            time.sleep(0.05)
        raise TimeoutError("the web processes do not answer")

    def connect(self) -> psycopg.Connection:
        """Connect past row-level security, as the checker must: as the superuser of the embedded server."""
        return psycopg.connect(self.postgres.url("postgres", "tillflow"), autocommit=True)

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.broker.url(), socket_timeout=2)

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            message = f"manage.py {' '.join(arguments)}: {done.stderr[-3000:]}"
            raise RuntimeError(message)
        return done.stdout

    def _pair(self, shop: str) -> str:
        deadline = time.monotonic() + 60
        while True:
            try:
                return self.manage("device", "pair", "--tenant", shop).strip().splitlines()[-1]
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def _furnish(self, shop: str) -> None:
        self._post(shop, "/shifts", {"id": _uuid7(), "float_amount": {"amount": 10_000}})
        for number, sku in enumerate(SKUS):
            product = {"sku": sku, "name": sku.title(), "price": {"amount": 100 + 10 * number}}
            made = self._post(shop, "/products", {**product, "tax_rate": "Standard, included", "barcodes": []})
            lines = [{"variant_id": made["id"], "quantity": str(OPENING_STOCK)}]
            self._post(shop, "/goods-receipts", {"id": _uuid7(), "lines": lines})

    def _hook(self, shop: str) -> None:
        """Have the receiver told of what happens in a shop from now on."""
        key = self.manage("apikey", "issue", "faults", "--tenant", shop).strip()
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
                raise RuntimeError(json.dumps(answer.json()))
            time.sleep(0.2)


def _uuid7() -> str:
    from uuid_utils import uuid7

    return str(uuid7())
