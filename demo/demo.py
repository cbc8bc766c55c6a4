"""Two shops that sell, from nothing to READY."""

import os
import secrets
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import redis

from config.place import var
from demo import proofs
from demo.credentials import SHOPS, Credentials, host_of, print_credentials
from demo.crew import Crew
from demo.day import Day
from demo.goods import GOODS, TAX_RATE
from demo.people import CASHIER, MANAGER
from demo.serving import Listener, flower_is_ours, web_is_ours
from demo.stack import programs
from demo.stack.broker import NoBroker
from demo.stack.processes import Supervisor
from demo.stack.services import Services
from demo.steps import DemoFailed, console, manage, step, told, wait_until
from demo.till import Till
from kernel.ids import new_id
from kernel.money import formatted

ANSWER_SECONDS = 5
FRESH = timedelta(days=5)
"""How old the last closed shift may be: reports show seven days where nobody asks for others."""


class Demo:
    def __init__(self) -> None:
        self.services = Services()
        self.credentials = Credentials.load()
        self.instance = os.environ["INSTANCE"] = secrets.token_hex(8)
        password = self.credentials.flower
        self.web = Listener("web", "WEB_PORT", 8000, programs.web, lambda port: web_is_ours(port, self.instance))
        self.flower = Listener(
            "flower",
            "FLOWER_PORT",
            5555,
            lambda port: programs.flower(port, "admin", password),
            lambda port: flower_is_ours(port, password),
        )
        self.supervisor = Supervisor(
            [
                self.web.program,
                programs.worker(),
                *programs.calling_workers(),
                programs.backlog_worker(),
                programs.beat(),
                self.flower.program,
            ]
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web.port}"

    def start(self) -> None:
        step("PostgreSQL and broker", self._start_servers)
        step("database schema", lambda: manage("migrate_schemas", "--verbosity", "0"))
        step("subscriptions of this release", lambda: manage("subscribe"))
        for name, title in SHOPS.items():
            step(f"shop {title}", lambda name=name, title=title: self._create_shop(name, title))  # type: ignore[misc]
        step("admin of the platform", lambda: self._hire(""))
        step("web, workers, beat, Flower", self._start_programs)
        crews = {name: Crew(shop=name, url=self.url, credentials=self.credentials) for name in SHOPS}
        for crew in crews.values():
            title = SHOPS[crew.shop]
            step(f"terminals and people of {title}", crew.ensure)
            step(f"catalogue and stock of {title}", lambda crew=crew: _stock(crew))  # type: ignore[misc]
            told(f"a day of {title}", lambda crew=crew: _spend_day(crew))  # type: ignore[misc]
        corner, books = crews["corner_shop"], crews["book_store"]
        order = step("one order through the API", lambda: _sell(corner))
        step("its events, applied by every subscriber", lambda: _follow(corner.shop, str(order["id"])))
        step("the wall between the shops", lambda: proofs.prove_wall(corner, books, str(order["id"])))
        told("a canary, applied by every subscriber", lambda: proofs.release_canary(corner.shop))
        for crew in crews.values():
            title = SHOPS[crew.shop]
            told(f"Z and reports of {title}", lambda crew=crew: proofs.prove_day(crew))  # type: ignore[misc]
            told(f"the till of {title}", lambda crew=crew: proofs.prove_till(crew))  # type: ignore[misc]
        step("Flower asks for a password", lambda: proofs.prove_flower(self.flower.port))
        step("the stack says that it is ready", lambda: proofs.prove_readiness(self.url))
        console.print("\n[bold green]READY[/]")
        print_credentials(self.credentials)

    def revive(self) -> None:
        """Start again what has exited, and say so."""
        exited = self.services.exited()
        for name in exited:
            console.print(f"[yellow]{name} had exited and is started again")
        if exited:
            before = dict(self.services.urls)
            self._start_services()
            if self.services.urls != before:
                self.supervisor.restart()
                self._prove_listeners()
        revived = self.supervisor.revive()
        for name in revived:
            console.print(f"[yellow]{name} had exited and was started again; its log: {var() / 'log' / name}.log")
        if {"web", "flower"} & set(revived):
            self._prove_listeners()

    def stop(self) -> None:
        console.print("stopping …")
        self.supervisor.stop()
        self.services.stop()

    def _start_servers(self) -> None:
        """Start what is embedded, and connect to both, for what the environment names may be away."""
        self._start_services()
        for server, ask in (("DATABASE_URL", _ask_database), ("REDIS_URL", _ask_broker)):
            try:
                ask(self.services.urls[server])
            except (psycopg.Error, redis.RedisError, ValueError, OSError) as error:
                reason = next(iter(str(error).splitlines()), type(error).__name__)
                message = f"the server that {server} names does not take us: {reason}"
                raise DemoFailed(
                    message, hint=f"correct {server}, or leave it out: an embedded server runs then"
                ) from error

    def _start_services(self) -> None:
        try:
            os.environ.update(self.services.start())
        except (NoBroker, subprocess.CalledProcessError, psycopg.Error, OSError) as error:
            message = f"the servers do not start: {error}"
            raise DemoFailed(
                message, hint=f"tail -50 {var() / 'postgres' / 'log'} {var() / 'broker' / 'log'}"
            ) from error

    def _create_shop(self, name: str, title: str) -> None:
        match _status_of(name):
            case "ACTIVE":
                pass
            case "":
                values = ["--title", title, "--currency", "EUR", "--owner-email", f"owner@{host_of(name)}"]
                manage("tenant", "create", name, *values)
            case "PROVISIONING":
                manage("tenant", "resume", name)
            case "SUSPENDED":
                message = f"the demo's shop {name} was suspended"
                raise DemoFailed(message, hint=f".venv/bin/python manage.py tenant reactivate {name}")
            case status:
                message = f"the demo's shop {name} is {status.lower()}, and names are not given again"
                raise DemoFailed(message, hint=f"TILLFLOW_VAR={var()}-2 make demo")
        self._hire(name)

    def _hire(self, shop: str) -> None:
        tenant = ["--tenant", shop] if shop else []
        manage("owner", "admin", *tenant, OWNER_PASSWORD=self.credentials.owner)

    def _start_programs(self) -> None:
        for left_over in (var() / "metrics").glob("*.db"):
            left_over.unlink()
        self.supervisor.start()
        self._prove_listeners()

    def _prove_listeners(self) -> None:
        """Make sure that web and Flower are those of this demo, and keep where they listen."""
        for listener in (self.web, self.flower):
            if listener.prove(self.supervisor):
                console.print(f"      {listener.name} took port {listener.port}: another program had taken the other")
        self.credentials.web_port, self.credentials.flower_port = self.web.port, self.flower.port
        self.credentials.save()
        self.services.announce(TILLFLOW_URL=self.url)


def _stock(crew: Crew) -> None:
    manager = crew.signed_in(MANAGER)
    if manager.get("/variants")["results"]:
        return
    for good in GOODS[crew.shop]:
        product = {
            "sku": good.sku,
            "name": good.name,
            "price": {"amount": good.price},
            "tax_name": TAX_RATE,
            "barcodes": [good.barcode],
        }
        variant = manager.post("/products", product).json()
        received = {"id": str(new_id()), "lines": [{"variant_id": variant["id"], "quantity": str(good.stock)}]}
        wait_until(f"stock of {good.sku}", lambda body=received: manager.post("/goods-receipts", body).ok, "worker")  # type: ignore[misc]


def _spend_day(crew: Crew) -> str:
    """Sell for a day, if no shift was closed in the last days, and leave a shift open."""
    cashier, manager = crew.signed_in(CASHIER), crew.signed_in(MANAGER)
    last = next(iter(manager.get("/shifts", state="CLOSED", limit=1)["results"]), None)
    if last is None or datetime.fromisoformat(last["closed_at"]) < datetime.now(UTC) - FRESH:
        last = Day(cashier=cashier, manager=manager, manager_pin=crew.pin(MANAGER)).spend()
    manager.ensure_shift()
    return f"shift {last['number']} is closed"


def _sell(crew: Crew) -> dict[str, Any]:
    till = crew.signed_in(CASHIER)
    lines = [{"barcode": GOODS[crew.shop][0].barcode, "quantity": "2"}, {"sku": "MUG", "quantity": "1"}]
    tenders = [{"type": "gateway", "amount": {"amount": 1000}, "card_token": "tok_approve"}]
    tenders += [{"type": "cash", "amount": {"amount": 2000}}]
    order = till.sell(lines, tenders, customer_email="customer@example.test")
    done = wait_until("the order to be paid", lambda: _completed(till, str(order["id"])), "cards")
    total, currency = done["total"]["amount"], done["total"]["currency"]
    console.print(f"      receipt {done['receipt']}: {formatted(total, currency)}, by card and in cash")
    return done


def _follow(shop: str, order_id: str) -> None:
    for line in wait_until("every subscriber", lambda: _applied_paths(shop, order_id), "worker"):
        console.print(f"      {line}")


def _completed(till: Till, order_id: str) -> dict[str, Any] | None:
    order = till.order(order_id)
    return order if order["status"] == "COMPLETED" else None


def _applied_paths(shop: str, order_id: str) -> list[str] | None:
    lines = manage("trace", "--tenant", shop, "--stream", f"order:{order_id}").splitlines()
    return None if not lines or any("pending" in line for line in lines) else lines


def _status_of(shop: str) -> str:
    """Return the status of a tenant, in capitals; empty when there is none."""
    rows = (line.split() for line in manage("tenant", "list").splitlines())
    return next((status for name, status, *_ in rows if name == shop), "")


def _ask_database(url: str) -> None:
    psycopg.connect(url, connect_timeout=ANSWER_SECONDS).close()


def _ask_broker(url: str) -> None:
    with redis.Redis.from_url(url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS) as client:
        client.ping()
