"""Pace: how many events a subscriber handles in a given time, as this process has measured it."""

from collections import defaultdict
from dataclasses import dataclass

FIRST = 4
GROWTH = 4
SHORTEST_SECONDS = 0.02
"""For how long a batch is taken at least: the rest of a run is not spent on the fixed costs of small ones."""
FIXED_SECONDS = 0.002
"""What a transaction takes with any number of events."""

BUDGET_SECONDS = 0.2
"""What a drain may take among others, before it goes on in the backlog."""
BACKLOG_BUDGET_SECONDS = 1.0


@dataclass
class Pace:
    """Starts with four events, and takes at most `GROWTH` times as many as it has seen at once.

    :param seconds: what an event takes. It rises with the slowest batch at once, and falls by halves.
    """

    seconds: float | None = None
    largest: int = 0

    def size(self, seconds: float, most: int) -> int:
        """Return how many events fit into so many seconds, or into a short batch: at least one."""
        if self.seconds is None:
            return min(FIRST, most)
        fitting = int(max(seconds, SHORTEST_SECONDS) / self.seconds) if self.seconds > 0 else most
        return max(1, min(fitting, self.largest * GROWTH, most))

    def note(self, events: int, seconds: float) -> None:
        """Learn from a batch that took so many seconds, whether it failed or not."""
        if events < 1:
            return
        latest = max(0.0, seconds - FIXED_SECONDS) / events
        self.seconds = latest if self.seconds is None or latest > self.seconds else (self.seconds + latest) / 2
        self.largest = max(self.largest, events)


_paces: defaultdict[str, Pace] = defaultdict(Pace)


def pace_of(subscriber: str) -> Pace:
    """Return what this process knows of a subscriber."""
    return _paces[subscriber]


def budget_of(*, behind: bool) -> float:
    """Return the seconds of a run: in the backlog, where it holds up nobody, it may take more."""
    return BACKLOG_BUDGET_SECONDS if behind else BUDGET_SECONDS
