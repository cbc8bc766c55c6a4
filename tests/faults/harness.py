"""Rounds of selling and striking, and the verdict at the end."""

import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import psycopg

from config.stack.place import ROOT
from tests.faults import arrivals
from tests.faults.checker import bindings, check, pending, untold
from tests.faults.clients import Clients
from tests.faults.schedule import Round
from tests.faults.stack import SHOPS, Stack
from tests.faults.strikes import strike
from tests.faults.tampering import ARRIVAL_DAMAGES, DAMAGES, unseen

CATALOGUE = ROOT / "docs" / "events.md"
KINDS = ("lost", "repeated", "reordered", "unaccounted", "leaked")
PATIENCE_SECONDS = 120


@dataclass
class Outcome:
    """What rounds came to: how much was sold, how many things are wrong by kind, how long each took to recover."""

    orders: int = 0
    events: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    recovered: list[float] = field(default_factory=list)

    def __iadd__(self, other: "Outcome") -> "Outcome":
        self.orders += other.orders
        self.events += other.events
        self.wrong += other.wrong
        self.recovered += other.recovered
        return self

    def last_line(self, seed: int) -> str:
        counts = " ".join(f"{kind}={self.wrong[kind]}" for kind in KINDS)
        p99 = sorted(self.recovered)[min(len(self.recovered) - 1, int(len(self.recovered) * 0.99))]
        return (
            f"faults: seed={seed} rounds={len(self.recovered)} orders={self.orders} events={self.events} {counts} "
            f"recovered_p99_s={p99:.2f}"
        )


def run(rounds: Sequence[Round], folder: Path) -> Outcome:
    """Play rounds on a stack of their own, and let the checker judge what is there after the last."""
    stack = Stack(folder)
    recovered: list[float] = []
    began = time.monotonic()
    with started(stack):
        clients = Clients(stack, folder / "journal.jsonl")
        for planned in rounds:
            recovered.append(play(stack, clients, planned))
            tell(f"{planned.number:>4} {planned.fault:<20} recovered in {recovered[-1]:6.2f} s")
        await_untold(stack)
        arrived = arrivals.written(stack.receiver.journal)
        with stack.connect() as connection:
            verdict = check(connection, clients.journal, arrived, CATALOGUE, SHOPS)
            for damage in unseen(connection, clients.journal, arrived, CATALOGUE, SHOPS):
                verdict.wrong["blind"].append(f"the checker did not see what was done to the tables: {damage}")
    for kind, said in verdict.wrong.items():
        for sentence in said[:20]:
            tell(f"{kind}: {sentence}")
    wrong = Counter({kind: len(said) for kind, said in verdict.wrong.items()})
    damages = len(DAMAGES) + len(ARRIVAL_DAMAGES)
    tell(
        f"{time.monotonic() - began:.0f} s, {len(arrived)} webhooks arrived, {wrong.total()} findings,"
        f" {damages} kinds of damage done and looked for"
    )
    return Outcome(verdict.orders, verdict.events, wrong, recovered)


def report(rounds: Sequence[Round], folder: Path, answer: Connection) -> None:
    """Play rounds in a process of their own, and send what they came to."""
    interruptible()
    answer.send(run(rounds, folder))


def interruptible() -> None:
    """Let a SIGTERM unwind what was started, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


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
    heard = bindings(CATALOGUE)
    await_none(stack, lambda connection: pending(connection, heard, SHOPS))


def await_untold(stack: Stack) -> None:
    """Let the webhooks arrive, those too that wait for their next attempt: no round waits for them."""
    await_none(stack, untold)


def await_none(stack: Stack, count: Callable[[psycopg.Connection], int]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        stack.heal()
        try:
            with stack.connect() as connection:
                if not count(connection):
                    return
        except psycopg.OperationalError:
            continue
        time.sleep(0.1)
    tell(f"not settled after {PATIENCE_SECONDS} s: the checker will say what is missing")


@contextmanager
def started(stack: Stack) -> Iterator[None]:
    try:
        stack.start()
        yield
    finally:
        stack.stop()


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
