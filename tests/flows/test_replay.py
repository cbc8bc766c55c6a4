"""The retailer's invoices through real processes, some of which are killed on the way."""

import csv
import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from threading import Lock

import psutil
from django.core.management import call_command
from django.db import connection

from demo.replay import Replay, Tally
from demo.retail import Retail, read_retail
from demo.till import Till
from events.subscriptions.queries import lags
from kernel.limits import LARGEST_AMOUNT
from pos.models import Device, Location
from tenants.models import Tenant
from tests.support import make
from tests.support.processes import Stack, kill, running
from tests.support.waiting import wait_for

ROWS = 900
TOTALS = """
SELECT
    (SELECT sum(total) FROM pos_orderline), (SELECT sum(amount - change) FROM pos_tender),
    (SELECT sum((snapshot::jsonb ->> 'total')::bigint * CASE kind WHEN 'ORDER' THEN 1 ELSE -1 END) FROM pos_receipt),
    (SELECT sum(total) FROM pos_returnline), (SELECT sum(amount) FROM pos_refund),
    (SELECT sum(quantity) FROM pos_orderline WHERE stocked), (SELECT sum(quantity) FROM pos_returnline WHERE stocked),
    (SELECT sum(quantity) FROM inventory_stockmovement), (SELECT sum(on_hand) FROM inventory_stockitem),
    (SELECT -sum(quantity) FROM inventory_stockmovement WHERE kind = 'ADJUSTMENT'),
    (SELECT bool_and(l.tax_total = t.amount AND t.amount = round(l.total - l.total / (1 + t.rate)))
        FROM pos_orderline l JOIN pos_orderlinetax t ON t.line_id = l.id)
"""


def invoices(path: Path) -> Retail:
    """Make a file of the retailer's kind: orders, returns, services, write-offs."""
    chosen = random.Random(7)
    lines = ["InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"]
    for number in range(ROWS // 6):
        kind = chosen.choice(["order"] * 6 + ["return", "write-off"])
        invoice = f"{'C' if kind == 'return' else ''}{540000 + number}"
        sign = 1 if kind == "order" else -1
        for _ in range(6):
            code, price = chosen.randrange(20_000, 20_040), chosen.randrange(1, 2000) / 100
            price = 0 if kind == "write-off" else price
            quantity = sign * chosen.randrange(1, 12)
            lines.append(f"{invoice},{code},GOODS {code},{quantity},2010-12-01T08:26,{price},1,UK")
        if kind == "order" and number % 5 == 0:
            lines.append(f"{invoice},POST,POSTAGE,1,2010-12-01T08:26,18.00,1,UK")
    path.write_text("\n".join(lines) + "\n")
    return read_retail(path)


def all_is_applied() -> bool:
    return all(not (lag.behind or lag.retrying or lag.waiting) for lag in lags())


def verified() -> str:
    out = StringIO()
    call_command("verify", "--tenant", "north", stdout=out)
    return out.getvalue().splitlines()[-1]


def totals_of_file(path: Path) -> dict[str, int]:
    """Add the file up as its bookkeeper would, row by row, in minor units and pieces; what is a write-off has no price."""
    totals = dict.fromkeys(("orders", "returns", "sold", "back", "written off"), 0)
    for row in csv.DictReader(path.open()):
        quantity, cents = int(row["Quantity"]), round(float(row["UnitPrice"]) * 100)
        returned, goods = row["InvoiceNo"].startswith("C"), row["StockCode"].isdigit()
        if quantity < 0 and not returned:
            totals["written off"] -= quantity
            continue
        totals["returns" if returned else "orders"] += abs(quantity) * cents
        totals["back" if returned else "sold"] += abs(quantity) * goods
    return totals


def totals_of_shop() -> dict[str, int]:
    """Add the same up in SQL: what orders and returns come to, by their lines, receipts, taxes, tenders and goods."""
    with connection.cursor() as cursor:
        cursor.execute(TOTALS)
        ((orders, tendered, receipts, returns, refunded, sold, back, moved, on_hand, written_off, taxes),) = cursor
    assert orders == tendered == receipts + returns
    assert returns == refunded
    assert moved == on_hand == back - sold - written_off
    assert taxes
    numbers = {"orders": orders, "returns": returns, "sold": sold, "back": back, "written off": written_off}
    return {name: int(number) for name, number in numbers.items()}


def replayed(stack: Stack, token: str, retail: Retail, faults: dict[int, object]) -> Tally:
    """Send everything, and do a fault when so many documents are through, one fault at a time."""
    done = 0
    one_fault = Lock()

    def advance(_count: int) -> None:
        nonlocal done
        with one_fault:
            done += 1
            if done in faults:
                faults[done]()  # type: ignore[operator]

    till = Till(url=stack.url, host="north.localhost", token=token)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(Replay(till, threads=3).run, retail, advance).result()


def test_nothing_is_lost_or_repeated_when_worker_child_broker_and_web_are_killed(
    committed: Tenant, tmp_path: Path
) -> None:
    retail = invoices(tmp_path / "retail.csv")
    _, token = make.device()
    Location.objects.update(unlinked_return_limit=LARGEST_AMOUNT)
    connection.close()

    with running(tmp_path) as stack:

        def kill_worker() -> None:
            kill(stack.worker)
            stack.worker.start()

        def kill_pool_child() -> None:
            assert stack.worker.process is not None
            children = psutil.Process(stack.worker.process.pid).children()
            if children:
                os.kill(children[0].pid, signal.SIGKILL)

        def kill_broker() -> None:
            pid = stack.broker.pid()
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: stack.broker.pid() is None, seconds=5)
            stack.broker.start()

        def kill_web() -> None:
            kill(stack.web)
            stack.web.start()

        faults = {60: kill_worker, 80: kill_pool_child, 100: kill_broker, 125: kill_web, 150: kill_worker}
        tally = replayed(stack, token, retail, faults)
        wait_for(all_is_applied, seconds=90)
        first = verified()
        assert totals_of_shop() == totals_of_file(tmp_path / "retail.csv")
        again = StringIO()
        path = str(tmp_path / "retail.csv")
        call_command("replay_orders", path, "--tenant", "north", "--url", stack.url, "--token", token, stdout=again)
        call_command("replay_orders", path, "--tenant", "north", "--url", stack.url, "--limit", "1", stdout=StringIO())
        wait_for(all_is_applied, seconds=30)

        assert Device.objects.get(name="Replay").status == Device.Status.REVOKED
        assert tally.refused == []
        assert (tally.products, tally.orders + tally.returns + tally.adjustments) == (40, ROWS // 6)
        assert first.endswith("broken=0")
        assert f"replayed={tally.sent()} refused=0" in again.getvalue()
        assert verified() == first
