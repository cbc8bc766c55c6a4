"""What events do to their handlers: nothing, mostly; others fail, end their worker, or take longer than a drain has."""

from dataclasses import dataclass, field
from random import Random

FOR_GOOD = 99
KINDS = [
    (0.080, ("fails", 2)),
    (0.120, ("fails", FOR_GOOD)),
    (0.145, ("kills", 1)),
    (0.160, ("kills", FOR_GOOD)),
    (0.168, ("exits", 1)),
    (0.172, ("exits", FOR_GOOD)),
    (0.176, ("hangs", 1)),
    (0.180, ("hangs", FOR_GOOD)),
    (0.195, ("an outage", 3)),
    (0.200, ("an outage", FOR_GOOD)),
]
"""Of how many events, and how often each does it."""
PACES = [0.0, 0.01, 0.03, 0.1]
NO_TROUBLE = ("", 0)

Key = tuple[str, str, int]
"""Subscriber, tenant, position."""


@dataclass
class Troubles:
    """:param calm: no event is in trouble."""

    seed: int
    calm: bool
    left: dict[Key, tuple[str, int]] = field(default_factory=dict)
    pace: float = field(init=False)
    """The longest time (s) that a handler takes for an event of this day."""

    def __post_init__(self) -> None:
        self.pace = Random(f"{self.seed} pace").choice(PACES)

    def of(self, name: str, tenant: str, position: int) -> tuple[str, int]:
        """Return what an event does to a subscriber, and how often from now on."""
        if self.calm:
            return NO_TROUBLE
        key = (name, tenant, position)
        if key not in self.left:
            thrown = Random(f"{self.seed}{key}").random()
            self.left[key] = next((kind for limit, kind in KINDS if thrown < limit), NO_TROUBLE)
        return self.left[key]

    def happened(self, name: str, tenant: str, position: int) -> None:
        """Count that it did it once."""
        kind, times = self.of(name, tenant, position)
        self.left[name, tenant, position] = (kind, times - 1)

    def last(self, name: str, tenant: str, position: int) -> bool:
        """Say whether it never ends of itself: an operator must decide."""
        return self.of(name, tenant, position)[1] > FOR_GOOD // 2
