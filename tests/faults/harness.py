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

from config.place import ROOT
from tests.faults import acts, arrivals, life, releases
from tests.faults.cashiers import Cashiers
from tests.faults.checker import Verdict, check, pending, untold
from tests.faults.clients import Clients
from tests.faults.evidence import Evidence, archived
from tests.faults.schedule import Round
from tests.faults.stack import SHOPS, Stack
from tests.faults.strikes import strike
from tests.faults.tampering import tried

CATALOGUE = ROOT / "docs" / "events.md"
KINDS = ("lost", "repeated", "reordered", "unaccounted", "leaked")
PATIENCE_SECONDS = 120


@dataclass
class Outcome:
    """What rounds came to: how much was sold, how many things are wrong by kind, how long each took to recover.

    :param months: how many months with events were archived and dropped.
    """

    orders: int = 0
    events: int = 0
    months: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    recovered: list[float] = field(default_factory=list)

    def __iadd__(self, other: "Outcome") -> "Outcome":
        self.orders += other.orders
        self.events += other.events
        self.months += other.months
        self.wrong += other.wrong
        self.recovered += other.recovered
        return self

    def last_line(self, seed: int) -> str:
        counts = " ".join(f"{kind}={self.wrong[kind]}" for kind in KINDS)
        p99 = sorted(self.recovered)[min(len(self.recovered) - 1, int(len(self.recovered) * 0.99))]
        return (
            f"faults: seed={seed} rounds={len(self.recovered)} orders={self.orders} events={self.events} "
            f"months_dropped={self.months} {counts} recovered_p99_s={p99:.2f}"
        )


def run(rounds: Sequence[Round], folder: Path) -> Outcome:
    """Play rounds on a stack of their own, and let the checker judge what is there after the last."""
    stack = Stack(folder)
    recovered: list[float] = []
    verdict = Verdict()
    began = time.monotonic()
    with started(stack):
        clients = Clients(stack, folder / "journal.jsonl")
        cashiers = Cashiers(stack, folder / "cashiers.jsonl")
        for planned in rounds:
            if planned.fault == "close a shop" and stack.shops[len(SHOPS) :]:
                verdict += judged_before_closing(stack, clients, cashiers)
            recovered.append(play(stack, clients, cashiers, planned, verdict))
            tell(f"{planned.number:>4} {planned.fault:<20} recovered in {recovered[-1]:6.2f} s")
        releases.finish(stack)
        await_settled(stack, verdict)
        await_untold(stack, verdict)
        with stack.connect() as connection:
            evidence = gathered(stack, clients, cashiers, connection, tuple(stack.shops))
            verdict += check(evidence)
            trial = tried(evidence)
        for damage in trial.unseen:
            verdict.wrong["blind"].append(f"the checker did not see what was done: {damage}")
    for act in evidence.done:
        if act.act == "retain":
            tell(f"     retention: {act.note}")
    for kind, sentences in verdict.wrong.items():
        for sentence in sentences[:20]:
            tell(f"{kind}: {sentence}")
    wrong = Counter({kind: len(sentences) for kind, sentences in verdict.wrong.items()})
    tell(
        f"{time.monotonic() - began:.0f} s, {len(evidence.arrived)} webhooks arrived, {len(evidence.done)} acts,"
        f" {len(evidence.archives.events)} events archived, {wrong.total()} findings,"
        f" {trial.done} kinds of damage done and looked for, {len(trial.impossible)} with nothing to do them to"
    )
    return Outcome(verdict.orders, verdict.events, len(evidence.archives.months), wrong, recovered)


def gathered(
    stack: Stack, clients: Clients, cashiers: Cashiers, connection: psycopg.Connection, shops: tuple[str, ...]
) -> Evidence:
    """Read what the checker goes by."""
    return Evidence(
        connection=connection,
        sold=clients.written(),
        counted=cashiers.written(),
        done=acts.written(stack.acts.journal),
        arrived=arrivals.written(stack.receiver.journal),
        archives=archived(connection, stack.folder / "archive"),
        catalogue=CATALOGUE,
        shops=shops,
        generation=stack.generation,
        renamed=stack.renamed,
    )


def judged_before_closing(stack: Stack, clients: Clients, cashiers: Cashiers) -> Verdict:
    """Judge a guest by what is there before its rows are gone."""
    verdict = Verdict()
    await_untold(stack, verdict)
    with stack.connect() as connection:
        verdict += check(gathered(stack, clients, cashiers, connection, (stack.shops[-1],)))
    return verdict


def report(rounds: Sequence[Round], folder: Path, answer: Connection) -> None:
    """Play rounds in a process of their own, and send what they came to."""
    interruptible()
    answer.send(run(rounds, folder))


def interruptible() -> None:
    """Let a SIGTERM unwind what was started, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def play(stack: Stack, clients: Clients, cashiers: Cashiers, planned: Round, verdict: Verdict) -> float:
    """Sell while the fault strikes, heal, and wait until everything is applied; return the seconds from healing on."""
    orders = [*clients.sell(planned.orders, planned.seed), *cashiers.work(planned.seed)]
    time.sleep(planned.after)
    try:
        strike(stack, planned)
    except RuntimeError as error:
        verdict.wrong["failed"].append(f"round {planned.number}, {planned.fault}: {error}")
    if planned.fault.startswith("kill"):
        time.sleep(planned.lasts)
    healed = time.monotonic()
    stack.heal()
    wait(orders)
    for order in orders:
        order.result()
    await_settled(stack, verdict)
    life.speed_up(stack)
    return time.monotonic() - healed


def await_settled(stack: Stack, verdict: Verdict) -> None:
    await_none(stack, verdict, lambda connection: pending(connection, tuple(stack.shops), stack.unreadable))


def await_untold(stack: Stack, verdict: Verdict) -> None:
    """Let the webhooks arrive, those too that wait for their next attempt: no round waits for them."""
    await_none(stack, verdict, lambda connection: untold(connection, tuple(stack.shops)))


def await_none(stack: Stack, verdict: Verdict, count: Callable[[psycopg.Connection], int]) -> None:
    deadline, left = time.monotonic() + PATIENCE_SECONDS, 0
    while time.monotonic() < deadline:
        stack.heal()
        try:
            with stack.connect() as connection:
                left = count(connection)
        except psycopg.OperationalError:
            continue
        if not left:
            return
        time.sleep(0.1)
    tell(f"not settled after {PATIENCE_SECONDS} s")
    verdict.wrong["unsettled"].append(f"{left} events or calls were left after {PATIENCE_SECONDS} s")


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
