"""A neighbour's sales, alone and while another shop attacks. `python -m benchmarks.walls [--seconds 60]`

Attackers come from other addresses of the loopback network, in a separate process that gives way to all others: real
ones would not use this machine's processors. In the row of the slow headers they and the neighbour come through the
shipped proxy; in all others nobody does.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.latency import quantile
from benchmarks.stack import manage, stack, wait_for

QUIET, NOISY = "wall_quiet", "wall_noisy"
PACE = 5
ENDPOINT_SECONDS = 9
Attack = Callable[["Attacker"], None]
UNVERIFIED = ssl.create_default_context()
UNVERIFIED.check_hostname, UNVERIFIED.verify_mode = False, ssl.CERT_NONE


class Attacker:
    """One client of the noisy shop, at an address that is not the neighbour's."""

    def __init__(self, number: int, port: int, token: str, endpoint: str) -> None:
        self.port, self.token, self.endpoint = port, token, endpoint
        self.source = (f"127.0.0.{number + 2}", 0)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> None:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60, source_address=self.source)
        head = {"Host": host(NOISY), "Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        client.request(method, path, body, {**head, "Idempotency-Key": os.urandom(8).hex(), **headers})
        client.getresponse().read()
        client.close()


def post_products(attacker: Attacker) -> None:
    codes = [os.urandom(6).hex() for _ in range(6000)]
    product = {"sku": os.urandom(4).hex(), "name": "X", "price": {"amount": 1}, "tax_name": "Zero", "barcodes": codes}
    attacker.ask("POST", "/api/v1/products", json.dumps(product))


def put_largest_product(attacker: Attacker) -> None:
    codes = [os.urandom(6).hex() for _ in range(100)]
    product = {"sku": os.urandom(4).hex(), "name": "X", "price": {"amount": 1}, "tax_name": "Zero", "barcodes": codes}
    attacker.ask("POST", "/api/v1/products", json.dumps(product))


def test_endpoint(attacker: Attacker) -> None:
    attacker.ask("POST", f"/api/v1/webhook-endpoints/{attacker.endpoint}/test")


def sign_in(attacker: Attacker) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    attacker.ask("POST", "/admin/login/", "username=admin&password=wrong", **form)


def read_schema(attacker: Attacker) -> None:
    attacker.ask("GET", "/api/schema")


def follow_feed(attacker: Attacker) -> None:
    attacker.ask("GET", "/api/v1/events/stream")


def send_headers_slowly(attacker: Attacker) -> None:
    plain = socket.create_connection(("127.0.0.1", attacker.port), 60, attacker.source)
    with UNVERIFIED.wrap_socket(plain, server_hostname=host(NOISY)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        for _ in range(20):
            connection.sendall(b"X-Slow: 1\r\n")
            time.sleep(1)


THROUGH_PROXY = "16 x slow headers, through the proxy"
ATTACKS: dict[str, tuple[int, Attack]] = {
    "16 x POST /products, 6,000 barcodes": (16, post_products),
    "16 x POST /products, 100 barcodes": (16, put_largest_product),
    "24 x test of a slow endpoint": (24, test_endpoint),
    "16 x sign-in with a wrong password": (16, sign_in),
    "16 x /api/schema": (16, read_schema),
    "8 x live feed": (8, follow_feed),
    THROUGH_PROXY: (16, send_headers_slowly),
}


def attack(name: str, port: int, token: str, endpoint: str, seconds: float) -> None:
    """Run one attack for so long, then end with the process."""
    os.nice(19)
    count, act = ATTACKS[name]
    end = time.monotonic() + seconds

    def run(attacker: Attacker) -> None:
        while time.monotonic() < end:
            with suppress(OSError, http.client.HTTPException):
                act(attacker)

    for number in range(count):
        threading.Thread(target=run, args=[Attacker(number, port, token, endpoint)], daemon=True).start()
    time.sleep(seconds)


def host(shop: str) -> str:
    return f"{shop.replace('_', '-')}.localhost"


class SlowEndpoint(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        time.sleep(ENDPOINT_SECONDS)
        with suppress(OSError):
            self.send_response(204)
            self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Write nothing of what was asked."""


def sell(till: Any, seconds: float, tenders: list[dict[str, Any]], *, paid: bool = False) -> list[float]:
    """Sell at a steady pace; return the seconds until each order was answered, or was paid."""
    taken, begin = [], time.monotonic()
    for number in range(int(PACE * seconds)):
        time.sleep(max(0.0, begin + number / PACE - time.monotonic()))
        if time.monotonic() > begin + seconds:
            break
        started = time.monotonic()
        order = till.sell([{"sku": "MUG", "quantity": "1"}], tenders)
        if paid:
            wait_for(lambda order=order: till.order(order["id"])["status"] == "COMPLETED", 60)  # type: ignore[misc]
        taken.append(time.monotonic() - started)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for each attack, and alone")
    seconds = parser.parse_args().seconds
    with stack():
        print(f"{'a neighbour sells ' + str(PACE) + ' times a second, ms':<48}{'p50':>9}{'p95':>9}{'p95 x':>7}")
        measure(seconds)


def measure(seconds: float) -> None:
    from config.stack import programs
    from config.stack.broker import free_port
    from config.stack.processes import Supervisor
    from proof.till import Till

    port = free_port()
    url = f"http://127.0.0.1:{port}"
    shops = [programs.web(port), programs.worker(), *programs.calling_workers(), programs.beat()]
    for program in shops:
        program.environment["WEBHOOKS_MAY_BE_LOCAL"] = "true"
    supervisor = Supervisor(shops)
    slow = ThreadingHTTPServer(("127.0.0.1", 0), SlowEndpoint)
    slow.daemon_threads = True
    threading.Thread(target=slow.serve_forever, daemon=True).start()
    known = manage("tenant", "list")
    for shop in (QUIET, NOISY):
        if shop not in known:
            manage("tenant", "create", shop, "--currency", "EUR")
    key = manage(
        "apikey", "issue", f"wall {os.urandom(4).hex()}", "--tenant", NOISY, "--scopes", "webhooks:write,events:read"
    ).strip()
    supervisor.start()
    try:
        tokens = {shop: _pair(shop) for shop in (QUIET, NOISY)}
        till = Till(url=url, host=host(QUIET), token=tokens[QUIET])
        wait_for(lambda: _answers(till), 60)
        till.ensure_shift()
        till.post("/products", {"sku": "MUG", "name": "Mug", "price": {"amount": 500}, "tax_name": "Zero"})
        integrator = Till(url=url, host=host(NOISY), token=key)
        for old in integrator.get("/webhook-endpoints"):
            integrator.session.delete(f"{url}/api/v1/webhook-endpoints/{old['id']}", timeout=10)
        made = [
            integrator.post("/webhook-endpoints", {"url": f"http://127.0.0.1:{slow.server_port}/"}).json()
            for _ in range(8)
        ]
        cash = [{"type": "cash", "amount": {"amount": 500}}]
        card = [{"type": "gateway", "amount": {"amount": 500}, "card_token": "tok_approve"}]
        sell(till, 2, cash)
        alone = sell(till, seconds, cash)
        show("alone", alone, alone)
        for name, (_, act) in ATTACKS.items():
            if name == THROUGH_PROXY:
                continue
            token = key if act in {test_endpoint, follow_feed} else tokens[NOISY]
            show(name, during(name, port, token, made[0]["id"], lambda: sell(till, seconds, cash), seconds), alone)
        through_proxy(port, tokens, cash, seconds)
        paid = sell(till, seconds, card, paid=True)
        show("cards paid, alone", paid, paid)
        for endpoint in made:
            integrator.post(f"/webhook-endpoints/{endpoint['id']}/test", {})
        show("cards paid, 8 slow endpoints of another shop", sell(till, seconds, card, paid=True), paid)
    finally:
        supervisor.stop()
        slow.shutdown()


def through_proxy(port: int, tokens: dict[str, str], cash: list[dict[str, Any]], seconds: float) -> None:
    """Sell through the shipped proxy, alone and while clients send their headers slowly."""
    import requests
    import urllib3

    from proof.till import Till
    from tests.config.proxying import NGINX, proxying

    if NGINX is None:
        print(f"  {THROUGH_PROXY:<46}  nginx is not installed")
        return
    urllib3.disable_warnings()
    with tempfile.TemporaryDirectory() as folder, proxying(Path(folder), web=port, changes={}) as proxy:
        session = requests.Session()
        session.trust_env = session.verify = False
        till = Till(url=f"https://127.0.0.1:{proxy.port}", host=host(QUIET), token=tokens[QUIET], session=session)
        sell(till, 2, cash)
        alone = sell(till, seconds, cash)
        show("through the proxy, alone", alone, alone)
        attacked = during(THROUGH_PROXY, proxy.port, tokens[NOISY], "", lambda: sell(till, seconds, cash), seconds)
        show(THROUGH_PROXY, attacked, alone)


def during(
    name: str, port: int, token: str, endpoint: str, work: Callable[[], list[float]], seconds: float
) -> list[float]:
    process = multiprocessing.get_context("spawn").Process(
        target=attack, args=[name, port, token, endpoint, seconds + 2], daemon=True
    )
    process.start()
    try:
        time.sleep(1)
        return work()
    finally:
        process.terminate()
        process.join()


def show(name: str, taken: list[float], alone: list[float]) -> None:
    middle, late = (quantile(taken, share) for share in (0.5, 0.95))
    print(f"  {name:<46}{middle:>9.1f}{late:>9.1f}{late / quantile(alone, 0.95):>7.1f}", flush=True)


def _pair(shop: str) -> str:
    """Pair a terminal as soon as the shop has been furnished."""
    made: list[str] = []

    def paired() -> bool:
        with suppress(subprocess.CalledProcessError):
            made.append(manage("device", "pair", "--tenant", shop).strip())
        return bool(made)

    wait_for(paired, 60)
    return made[0]


def _answers(till: Any) -> bool:
    with suppress(Exception):
        till.get("/variants")
        return True
    return False


if __name__ == "__main__":
    main()
