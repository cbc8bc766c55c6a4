"""Living through seeds: one simulated day each."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from unittest.mock import patch

from events.subscriptions.parking import State
from tests.faults.simulation.protocol import Silence
from tests.faults.simulation.shop import Shop
from tests.faults.simulation.storm import Storm
from tests.faults.simulation.variants import PROTOCOL, Variant
from tests.faults.simulation.verdict import findings
from tests.faults.simulation.world import Killed

CALM_EVERY = 4
QUIET = {
    "events.subscriptions.doorbells": ["logger", "metrics"],
    "events.subscriptions.broker": ["logger"],
    "events.subscriptions.rounds": ["metrics"],
    "events.delivery.round": ["logger"],
}
"""What logs and counts, and has nobody to tell in this world."""


@dataclass
class Outcome:
    seeds: int = 0
    steps: int = 0
    events: int = 0
    effects: int = 0
    dead: int = 0
    findings: list[tuple[int, str]] = field(default_factory=list)

    def __iadd__(self, other: "Outcome") -> "Outcome":
        for name in ("seeds", "steps", "events", "effects", "dead", "findings"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


def live(seeds: Iterable[int], variant: Variant = PROTOCOL) -> Outcome:
    """Live one day for each seed; every fourth is calm. Stops at the first seed that breaks something."""
    return _until_broken(lived(seed, variant) for seed in seeds)


def brave(seeds: Iterable[int], variant: Variant = PROTOCOL) -> Outcome:
    """Live through one storm for each seed. Stops at the first seed that breaks something."""
    return _until_broken(_through(Storm(seed, variant)) for seed in seeds)


def lived(seed: int, variant: Variant = PROTOCOL) -> Outcome:
    return _through(Shop(seed, variant, calm=seed % CALM_EVERY == 0))


def _until_broken(days: Iterable[Outcome]) -> Outcome:
    outcome = Outcome()
    with ExitStack() as stack:
        for module, names in QUIET.items():
            stack.enter_context(patch.multiple(module, **dict.fromkeys(names, Silence())))
        stack.enter_context(patch("events.delivery.failures.described", str))
        stack.enter_context(patch("events.delivery.round.is_told_to_end", lambda death: isinstance(death, Killed)))
        for day in days:
            outcome += day
            if day.findings:
                break
    return outcome


def _through(shop: Shop) -> Outcome:
    shop.run()
    rows = shop.database.tenants.values()
    return Outcome(
        seeds=1,
        steps=shop.world.steps,
        events=sum(len(r.log) for r in rows),
        effects=sum(len(r.effects) for r in rows),
        dead=sum(p.state is State.DEAD for r in rows for p in r.parked.values()),
        findings=[(shop.seed, said) for said in findings(shop)],
    )
