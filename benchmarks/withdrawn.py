"""Orders under what was withdrawn before their request began: none may be. `python -m benchmarks.withdrawn`

Eight terminals sell one of the goods through the web processes as shipped. Meanwhile another process raises its price
and its tax, revokes devices and dismisses staff members, one of these every 20 ms. Each order is held against what was
committed before its request was sent: an older price, an older tax, a revoked device or a dismissed member is counted.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from benchmarks.orders.checkouts import Checkout, open_shops, tillflow
from benchmarks.orders.client import Connection
from benchmarks.orders.contenders import SKUS, Contender
from benchmarks.orders.load import RETRY_SECONDS
from benchmarks.stack import wait_for
from config.place import ROOT, var
from demo.stack.broker import free_port
from demo.stack.isolation import isolate_environment
from demo.stack.processes import Supervisor
from kernel.ids import new_id

TERMINALS = 8
CASH = 10_000


@dataclass
class Changes:
    """What was changed, and when: values rise, so the value of a moment is the last one before it."""

    times: dict[str, list[float]] = field(default_factory=lambda: {"price": [], "tax": []})
    values: dict[str, list[Any]] = field(default_factory=lambda: {"price": [], "tax": []})
    terminals: dict[int, dict[str, Any]] = field(default_factory=dict)
    gone: dict[str, float] = field(default_factory=dict)
    """By token: since when it may not sell, as its device is revoked or its person dismissed."""

    def read(self, line: str) -> None:
        change = json.loads(line)
        what, at = change["what"], change["at"]
        if what in self.times:
            self.times[what].append(at)
            self.values[what].append(change["value"])
            return
        number = change["terminal"]
        if what == "gone":
            self.gone[self.terminals[number]["token"]] = at
        self.terminals[number] = change

    def at(self, what: str, moment: float) -> Any:
        """Return the newest value that was committed before a moment, None where none was."""
        place = bisect_left(self.times[what], moment)
        return self.values[what][place - 1] if place else None


@dataclass(frozen=True, kw_only=True)
class Sale:
    began: float
    token: str
    status: int
    code: str = ""
    price: int = 0
    tax: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=10_000)
    options = parser.parse_args()
    isolate_environment(ROOT / "var" / "bench")
    var().mkdir(parents=True, exist_ok=True)
    checkout, changes = Checkout(ROOT), Changes()
    with checkout.servers():
        contender = tillflow("tillflow", checkout, free_port(), shops=1, workers=False, threads=None)
        supervisor = Supervisor(contender.programs["web"])
        try:
            supervisor.start()
            wait_for(lambda: _answers(contender), 90)
            open_shops(contender, checkout, TERMINALS)
            began = time.monotonic()
            sold, others = _sell_while_changing(contender, checkout, changes, options.orders)
            seconds = time.monotonic() - began
        finally:
            supervisor.stop()
    return _tell(sold, others, changes, seconds)


def _answers(contender: Contender) -> bool:
    try:
        return Connection(contender.port).post("/api/v1/orders", {"Host": "localhost"}, b"").status > 0
    except OSError:
        return False


def _sell_while_changing(
    contender: Contender, checkout: Checkout, changes: Changes, orders: int
) -> tuple[list[Sale], list[Sale]]:
    command = [str(ROOT / ".venv" / "bin" / "python"), "-m", "benchmarks.withdrawing"]
    arguments = [contender.terminals[0].shop, SKUS[0], str(TERMINALS)]
    pipe, where = subprocess.PIPE, {"cwd": ROOT, "env": checkout.environment}
    changer = subprocess.Popen([*command, *arguments], stdin=pipe, stdout=pipe, text=True, **where)
    assert changer.stdout is not None
    assert changer.stdin is not None
    reader = threading.Thread(target=lambda: [changes.read(line) for line in changer.stdout or ()], daemon=True)
    reader.start()
    try:
        wait_for(lambda: len(changes.terminals) == TERMINALS or changer.poll() is not None, 60)
        sales: list[Sale] = []
        others: list[Sale] = []
        threads = [
            threading.Thread(target=_sell, args=(contender, changes, number, orders, sales, others, changer))
            for number in range(TERMINALS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        changer.stdin.close()
        changer.wait(30)
        reader.join(30)
    return sales, others


def _sell(
    contender: Contender,
    changes: Changes,
    number: int,
    orders: int,
    sales: list[Sale],
    others: list[Sale],
    changer: subprocess.Popen[str],
) -> None:
    connection, host = Connection(contender.port), contender.terminals[0].headers["Host"]
    while len(sales) < orders and changer.poll() is None:
        terminal, order_id = changes.terminals[number], str(new_id())
        lines = [{"sku": SKUS[0], "quantity": "1"}]
        body = {
            "id": order_id,
            "occurred_at": _now(),
            "lines": lines,
            "tenders": [{"type": "cash", "amount": {"amount": CASH}}],
        }
        headers = {
            "Host": host, "Authorization": f"Bearer {terminal['token']}", "X-Staff-Session": terminal["session"],
            "Idempotency-Key": order_id,
        }  # fmt: skip
        began = time.time()
        answer = connection.post("/api/v1/orders", headers, json.dumps(body).encode())
        if answer.status == 503:
            time.sleep(RETRY_SECONDS)
            continue
        told = json.loads(answer.body)
        if answer.status == 201:
            (line,) = told["lines"]
            more = {"price": line["unit_price"]["amount"], "tax": line["tax_rate"]}
        else:
            more = {"code": told.get("code") or told.get("reason", "")}
        (sales if answer.status == 201 else others).append(
            Sale(began=began, token=terminal["token"], status=answer.status, **more)
        )
    connection.close()


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _tell(sold: list[Sale], others: list[Sale], changes: Changes, seconds: float) -> int:
    stale = Counter[str]()
    for sale in sold:
        stale["price"] += (changes.at("price", sale.began) or 0) > sale.price
        stale["tax"] += (changes.at("tax", sale.began) or "") > sale.tax
        stale["gone"] += changes.gone.get(sale.token, sale.began) < sale.began
    made = {what: len(times) for what, times in changes.times.items()}
    answers = dict(Counter(f"{sale.status} {sale.code}" for sale in others))
    prices = len({sale.price for sale in sold})
    print(f"{len(sold)} orders in {seconds:.0f} s, at {prices} prices; other answers: {answers}")
    print(
        f"changes meanwhile: {made['price']} of the price, {made['tax']} of the tax,"
        f" {len(changes.gone)} devices revoked or staff members dismissed"
    )
    print(
        f"sold under what was withdrawn before: price={stale['price']} tax={stale['tax']}"
        f" device-or-staff={stale['gone']}"
    )
    return 1 if sum(stale.values()) or not all(made.values()) or not changes.gone else 0


if __name__ == "__main__":
    sys.exit(main())
