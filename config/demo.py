"""`python -m config.demo [--check]`: two shops that sell, from nothing to READY, on one command."""

import argparse
import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import requests
from rich.console import Console

from config.stack import programs
from config.stack.broker import free_port, port_is_free
from config.stack.place import ROOT, var
from config.stack.processes import Supervisor
from config.stack.services import Services
from kernel.ids import new_id
from kernel.money import formatted
from proof.till import Till

SHOPS = {"corner_shop": "Corner Shop", "book_store": "Book Store"}
GOODS = (
    ("COFFEE", "Filter coffee 500 g", 749, "4006381333931", 40),
    ("TEA", "Assam tea 250 g", 525, "4006381333948", 25),
    ("MUG", "Stoneware mug", 1199, "4006381333955", 6),
)
TAX_RATE = "Standard, included"
PATIENCE_SECONDS = 60
T = TypeVar("T")
console = Console(highlight=False)


class DemoFailed(Exception):
    """A step of the demo did not work; `hint` is the one command that helps to find out why."""

    def __init__(self, message: str, hint: str = "make demo-check") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass
class Credentials:
    """Made once, kept in `var/demo.json`, printed again by `make credentials`; the ports are those of the last run."""

    owner: str
    flower: str
    tokens: dict[str, str]
    web_port: int = 8000
    flower_port: int = 5555

    @classmethod
    def file(cls) -> Path:
        return var() / "demo.json"

    @classmethod
    def load(cls) -> "Credentials":
        if cls.file().exists():
            return cls(**json.loads(cls.file().read_text()))
        return cls(owner=secrets.token_urlsafe(9), flower=secrets.token_urlsafe(9), tokens={})

    def save(self) -> None:
        self.file().write_text(json.dumps(asdict(self)))
        self.file().chmod(0o600)


class Demo:
    def __init__(self) -> None:
        self.services = Services()
        self.credentials = Credentials.load()
        self.credentials.web_port = _port("WEB_PORT", 8000)
        self.credentials.flower_port = _port("FLOWER_PORT", 5555)
        self.url = f"http://127.0.0.1:{self.credentials.web_port}"
        self.supervisor = Supervisor(
            [
                programs.web(self.credentials.web_port),
                programs.worker(),
                *programs.calling_workers(),
                programs.backlog_worker(),
                programs.beat(),
                programs.flower(self.credentials.flower_port, "admin", self.credentials.flower),
            ]
        )

    def start(self) -> None:
        _step("PostgreSQL and broker", self._start_services)
        _step("database schema", lambda: _manage("migrate_schemas", "--verbosity", "0"))
        _step("subscriptions of this release", lambda: _manage("subscribe"))
        for name, title in SHOPS.items():
            _step(f"shop {title}", lambda name=name, title=title: self._create_shop(name, title))  # type: ignore[misc]
        _step("admin of the platform", lambda: self._hire(""))
        _step("web, workers, beat, Flower", self._start_programs)
        for name, title in SHOPS.items():
            _step(f"catalogue and stock of {title}", lambda name=name: self._stock(self.till(name)))  # type: ignore[misc]
        order = _step("one order through the API", lambda: self._sell(self.till("corner_shop")))
        _step("its events, applied by every subscriber", lambda: self._follow(order))
        _step("the wall between the shops", lambda: self._prove_wall(order))
        _step("a canary, applied by every subscriber", self._release_canary)
        _step("Flower asks for a password", self._prove_flower)
        self._ready()

    def keep_running(self) -> None:
        while True:
            time.sleep(1)
            for name in self.supervisor.revive():
                console.print(f"[yellow]{name} had exited and was started again; its log: var/log/{name}.log")

    def stop(self) -> None:
        console.print("stopping …")
        self.supervisor.stop()
        self.services.stop()

    def till(self, shop: str) -> Till:
        return Till(url=self.url, host=host_of(shop), token=self.credentials.tokens[shop])

    def _start_services(self) -> None:
        for name, value in self.services.start().items():
            os.environ[name] = value

    def _create_shop(self, name: str, title: str) -> None:
        if name not in _manage("tenant", "list"):
            _manage(
                "tenant",
                "create",
                name,
                "--title",
                title,
                "--currency",
                "EUR",
                "--owner-email",
                f"owner@{host_of(name)}",
            )
        self._hire(name)

    def _hire(self, shop: str) -> None:
        tenant = ["--tenant", shop] if shop else []
        _manage("owner", "admin", *tenant, OWNER_PASSWORD=self.credentials.owner)

    def _start_programs(self) -> None:
        for left_over in (var() / "metrics").glob("*.db"):
            left_over.unlink()
        self.supervisor.start()
        _wait("the web processes", lambda: requests.get(f"{self.url}/healthz", timeout=5).ok, "web")
        _wait(
            "Flower",
            lambda: requests.get(f"http://127.0.0.1:{self.credentials.flower_port}/healthcheck", timeout=5).ok,
            "flower",
        )
        for name in SHOPS:
            if name not in self.credentials.tokens:
                self.credentials.tokens[name] = _wait("a register", lambda name=name: _pair(name), "worker")  # type: ignore[misc]
        self.credentials.save()

    def _stock(self, till: Till) -> None:
        till.ensure_shift()
        if till.get("/variants")["results"]:
            return
        for sku, name, price, barcode, quantity in GOODS:
            product = {
                "sku": sku,
                "name": name,
                "price": {"amount": price},
                "tax_name": TAX_RATE,
                "barcodes": [barcode],
            }
            variant = till.post("/products", product).json()
            received = {"id": str(new_id()), "lines": [{"variant_id": variant["id"], "quantity": str(quantity)}]}
            _wait(f"stock of {sku}", lambda received=received: till.post("/goods-receipts", received).ok, "worker")  # type: ignore[misc]

    def _sell(self, till: Till) -> dict[str, Any]:
        lines = [{"barcode": GOODS[0][3], "quantity": "2"}, {"sku": "MUG", "quantity": "1"}]
        tenders = [{"type": "gateway", "amount": {"amount": 1000}, "card_token": "tok_approve"}]
        tenders += [{"type": "cash", "amount": {"amount": 2000}}]
        order = till.sell(lines, tenders, customer_email="customer@example.test")
        done = _wait("the order to be paid", lambda: _completed(till, str(order["id"])), "cards")
        total, currency = done["total"]["amount"], done["total"]["currency"]
        console.print(f"      receipt {done['receipt']}: {formatted(total, currency)}, by card and in cash")
        return done

    def _follow(self, order: dict[str, Any]) -> None:
        paths = _wait("every subscriber", lambda: _applied_paths("corner_shop", str(order["id"])), "worker")
        for line in paths:
            console.print(f"      {line}")

    def _release_canary(self) -> None:
        lines = _manage("events", "canary", "--tenant", "corner_shop").splitlines()
        slowest = max(lines, key=lambda line: float(line.split()[1]))
        console.print(f"      {len(lines)} subscribers; the slowest: {' '.join(slowest.split())}")

    def _prove_wall(self, order: dict[str, Any]) -> None:
        stranger = requests.get(
            f"{self.url}/api/v1/orders/{order['id']}",
            headers={
                "Host": host_of("book_store"),
                "Authorization": f"Bearer {self.credentials.tokens['corner_shop']}",
            },
            timeout=10,
        )
        neighbour = requests.get(
            f"{self.url}/api/v1/orders/{order['id']}",
            headers={"Host": host_of("book_store"), "Authorization": f"Bearer {self.credentials.tokens['book_store']}"},
            timeout=10,
        )
        if (stranger.status_code, neighbour.status_code) != (403, 404):
            message = f"the other shop answered {stranger.status_code} and {neighbour.status_code}, not 403 and 404"
            raise DemoFailed(message)

    def _prove_flower(self) -> None:
        url = f"http://127.0.0.1:{self.credentials.flower_port}/api/workers"
        if requests.get(url, timeout=10).status_code != 401:
            raise DemoFailed("Flower answers without a password")
        login = base64.b64encode(f"admin:{self.credentials.flower}".encode()).decode()
        answered = requests.get(url, headers={"Authorization": f"Basic {login}"}, timeout=30)
        if not answered.ok:
            message = f"Flower answered {answered.status_code}"
            raise DemoFailed(message)

    def _ready(self) -> None:
        console.print("\n[bold green]READY[/]")
        print_credentials(self.credentials)


def print_credentials(credentials: Credentials) -> None:
    web = f":{credentials.web_port}"
    rows = [("platform admin", f"http://localhost{web}/admin/", f"admin / {credentials.owner}")]
    for shop, title in SHOPS.items():
        base = f"http://{host_of(shop)}{web}"
        rows.append((f"{title} admin", f"{base}/admin/", f"admin / {credentials.owner}"))
        rows.append((f"{title} API", f"{base}/api/docs", f"Bearer {credentials.tokens.get(shop, '')}"))
    rows.append(("Flower", f"http://127.0.0.1:{credentials.flower_port}/", f"admin / {credentials.flower}"))
    rows.append(("metrics", f"http://localhost{web}/metrics", f"Bearer {_metrics_token()}"))
    for name, url, login in rows:
        console.print(f"  {name:<18} {url:<46} {login}", soft_wrap=True, markup=False)
    console.print("  Ctrl-C stops everything; [bold]make credentials[/] prints this again.\n")


def _metrics_token() -> str:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings

    token: str = settings.METRICS_TOKEN
    return token


def host_of(shop: str) -> str:
    return f"{shop.replace('_', '-')}.localhost"


def _completed(till: Till, order_id: str) -> dict[str, Any] | None:
    order = till.order(order_id)
    return order if order["status"] == "COMPLETED" else None


def _applied_paths(shop: str, order_id: str) -> list[str] | None:
    lines = _manage("trace", "--tenant", shop, "--stream", f"order:{order_id}").splitlines()
    return None if not lines or any("pending" in line for line in lines) else lines


def _pair(shop: str) -> str:
    return _manage("device", "pair", "--tenant", shop, "--name", "Demo terminal").strip()


def _manage(*arguments: str, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if result.returncode:
        message = f"manage.py {' '.join(arguments)}\n{result.stderr.strip()[-2000:]}"
        raise DemoFailed(message, hint=f".venv/bin/python manage.py {' '.join(arguments)}")
    return result.stdout


def _step(title: str, action: Callable[[], T]) -> T:
    began = time.monotonic()
    with console.status(title):
        result = action()
    console.print(f"  [green]✓[/] {title} [dim]{time.monotonic() - began:.1f} s[/]")
    return result


def _wait(what: str, ask: Callable[[], T | None], log: str) -> T:
    """Ask until there is an answer; what is refused or not yet there is asked for again."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    reason = "no answer"
    while time.monotonic() < deadline:
        try:
            answer = ask()
        except (requests.RequestException, DemoFailed, Exception) as error:
            reason = str(error)
        else:
            if answer:
                return answer
        time.sleep(0.2)
    lines = "\n".join((var() / "log" / f"{log}.log").read_text(errors="replace").splitlines()[-12:])
    message = f"waited {PATIENCE_SECONDS} s for {what}: {reason}\n--- the end of var/log/{log}.log\n{lines}"
    raise DemoFailed(message, hint=f"tail -50 var/log/{log}.log")


def _port(variable: str, preferred: int) -> int:
    if os.environ.get(variable):
        return int(os.environ[variable])
    return preferred if port_is_free(preferred) else free_port()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m config.demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="stop once it is ready; exit 0 when all worked")
    check = parser.parse_args().check
    console.print("[bold]Tillflow demo[/]")
    for stop_signal in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop_signal, signal.default_int_handler)
    demo = Demo()
    try:
        demo.start()
        if not check:
            demo.keep_running()
    except KeyboardInterrupt:
        console.print()
    except DemoFailed as failed:
        console.print(f"[bold red]failed:[/] {failed}", markup=True, soft_wrap=True)
        console.print(f"try: {failed.hint}")
        return 1
    finally:
        demo.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
