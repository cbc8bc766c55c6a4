"""Rounds of selling and striking, and the verdict at the end."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from pathlib import Path

import psycopg

from config.stack.place import ROOT
from tests.faults.checker import Verdict, bindings, check, pending
from tests.faults.clients import Clients
from tests.faults.schedule import Round, schedule
from tests.faults.stack import SHOPS, Stack
from tests.faults.strikes import strike
from tests.faults.tampering import DAMAGES, unseen

CATALOGUE = ROOT / "docs" / "events.md"
KINDS = ("lost", "repeated", "reordered", "unaccounted", "leaked")
PATIENCE_SECONDS = 120


def run(seed: int, rounds: int, folder: Path) -> int:
    """Run the rounds and print the last line; return how many things are wrong."""
    stack = Stack(folder)
    recovered: list[float] = []
    began = time.monotonic()
    with started(stack):
        clients = Clients(stack, folder / "journal.jsonl")
        for planned in schedule(seed, rounds):
            recovered.append(play(stack, clients, planned))
            _tell(f"{planned.number:>4} {planned.fault:<20} recovered in {recovered[-1]:6.2f} s")
        with stack.connect() as connection:
            verdict = check(connection, clients.journal, CATALOGUE, SHOPS)
            for damage in unseen(connection, clients.journal, CATALOGUE, SHOPS):
                verdict.wrong["blind"].append(f"the checker did not see what was done to the tables: {damage}")
    findings = sum(map(len, verdict.wrong.values()))
    _tell(f"{time.monotonic() - began:.0f} s, {findings} findings, {len(DAMAGES)} kinds of damage done and looked for")
    _tell(last_line(seed, rounds, verdict, recovered))
    return findings


def play(stack: Stack, clients: Clients, planned: Round) -> float:
    """Sell while the fault strikes, heal, and wait until everything is applied; return the seconds from healing on."""
    orders = clients.sell(planned.orders, planned.seed)
    time.sleep(planned.after)
    strike(stack, planned)
    if planned.fault.startswith("kill"):
        time.sleep(planned.lasts)
    healed = time.monotonic()
    stack.heal()
    wait(orders)
    for order in orders:
        order.result()
    await_settled(stack)
    return time.monotonic() - healed


def await_settled(stack: Stack) -> None:
    heard, deadline = bindings(CATALOGUE), time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        stack.heal()
        try:
            with stack.connect() as connection:
                if not pending(connection, heard, SHOPS):
                    return
        except psycopg.OperationalError:
            continue
        time.sleep(0.1)
    _tell(f"not settled after {PATIENCE_SECONDS} s: the checker will say what is missing")


def last_line(seed: int, rounds: int, verdict: Verdict, recovered: list[float]) -> str:
    for kind, said in verdict.wrong.items():
        for sentence in said[:20]:
            _tell(f"{kind}: {sentence}")
    counts = " ".join(f"{kind}={verdict.count(kind)}" for kind in KINDS)
    p99 = sorted(recovered)[min(len(recovered) - 1, int(len(recovered) * 0.99))]
    return (
        f"faults: seed={seed} rounds={rounds} orders={verdict.orders} events={verdict.events} {counts} "
        f"recovered_p99_s={p99:.2f}"
    )


@contextmanager
def started(stack: Stack) -> Iterator[None]:
    try:
        stack.start()
        yield
    finally:
        stack.stop()


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
