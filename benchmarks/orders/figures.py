"""The table: one line for each contender and load, medians of the rounds; and the pairs of two checkouts."""

import statistics
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.latency import quantile
from benchmarks.orders.parts import PARTS

HEADS = (
    "load", "orders/s", "applied/s", "p50 ms", "p95 ms", "p99 ms", "applied p50", "applied p99",
    *(f"{part} ms" for part in PARTS), "CPU ms", "tasks", "busy",
)  # fmt: skip


@dataclass(kw_only=True)
class Round:
    """What one turn came to. :param seconds: of selling; `until_applied`, until all effects had happened as well.

    :param answered: seconds until each answer. :param applied: seconds from each answer until all effects.
    :param busy: answers 503, after which the order was sent again.
    """

    answered: list[float]
    applied: list[float]
    seconds: float
    until_applied: float
    cpu: dict[str, float]
    tasks: int
    busy: int

    @property
    def rate(self) -> float:
        return len(self.answered) / self.seconds

    def cpu_of(self, *parts: str) -> float:
        """Milliseconds for each order."""
        return sum(self.cpu[part] for part in parts) * 1000 / len(self.answered)


@dataclass
class Figures:
    """:param rounds: by load. :param statements: by part, of an order that comes alone. :param stored: bytes."""

    rounds: dict[str, list[Round]] = field(default_factory=lambda: defaultdict(list))
    statements: dict[str, float] = field(default_factory=dict)
    stored: float = 0


COLUMNS: dict[str, Callable[[Round], float]] = {
    "orders/s": lambda each: each.rate,
    "applied/s": lambda each: len(each.answered) / each.until_applied,
    "p50": lambda each: quantile(each.answered, 0.5),
    "p95": lambda each: quantile(each.answered, 0.95),
    "p99": lambda each: quantile(each.answered, 0.99),
    "applied p50": lambda each: quantile(each.applied, 0.5) if each.applied else 0,
    "applied p99": lambda each: quantile(each.applied, 0.99) if each.applied else 0,
    **{part: lambda each, part=part: each.cpu_of(part) for part in PARTS},  # type: ignore[misc]
    "CPU": lambda each: each.cpu_of(*PARTS),
    "tasks": lambda each: each.tasks / len(each.answered),
    "busy": lambda each: each.busy,
}
DIGITS = {"orders/s": 0, "applied/s": 0, "busy": 0, "tasks": 2}


def show(figures: dict[str, Figures]) -> None:
    print(f"| | {' | '.join(HEADS)} |")
    print("| --- | --- |" + " ---: |" * (len(HEADS) - 1))
    for name, each in figures.items():
        for load, rounds in each.rounds.items():
            cells = [f"{statistics.median(map(of, rounds)):.{DIGITS.get(c, 1)}f}" for c, of in COLUMNS.items()]
            print(f"| {name} | {load} | {' | '.join(cells)} |")
    print("CPU: for each order. applied: milliseconds from the answer to the COMMIT of the order's last effect.")
    for name, each in figures.items():
        counted = " + ".join(f"{count:.1f}" for count in each.statements.values())
        print(
            f"{name}: {counted} statements of web + workers for an order that comes alone, {each.stored:.0f} bytes kept"
        )


def show_pairs(figures: dict[str, Figures], ours: str, theirs: str) -> None:
    """Print the medians of what each round of ours came to, as a multiple of theirs beside it."""
    names = ("orders/s", "applied/s", "p50", "p99", "applied p50", "applied p99", "web", "postgres", "workers", "CPU")
    print(f"{ours} as a multiple of {theirs}: median (lowest to highest) of the pairs")
    for load, rounds in figures[ours].rounds.items():
        print(f"  {load}")
        for name in names:
            pairs = [
                COLUMNS[name](mine) / COLUMNS[name](other)
                for mine, other in zip(rounds, figures[theirs].rounds[load], strict=True)
                if COLUMNS[name](other)
            ]
            if pairs:
                print(f"    {name:<12} {statistics.median(pairs):6.2f} ({min(pairs):.2f} to {max(pairs):.2f})")
