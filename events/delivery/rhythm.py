"""The rhythm of a shop's rounds: between those of a busy one is a moment, so that each has more to do at once."""

from dataclasses import dataclass

BETWEEN_SECONDS = 0.05
"""The next round of a busy shop begins at the earliest so long after the one before began."""
BUSY_EVENTS = 4
"""A look that brought fewer events to each subscriber is no reason to wait: effects of effects are fast."""
BUSY_PER_SECOND = 140.0


@dataclass
class Rhythm:
    """:param put_off_by: when the round before looked, where it has put this one off; in seconds."""

    put_off_by: float | None
    looked: float = 0.0
    interval: float = BETWEEN_SECONDS
    """Seconds between this look and the one before."""

    def look(self, now: float) -> None:
        before = self.looked or self.put_off_by
        self.interval = max(now - before, 0.001) if before else BETWEEN_SECONDS
        self.looked = now

    def wait(self, events: int, now: float, *, spent: bool = False) -> float:
        """Return for how many seconds the next look is put off; 0 where it is not.

        :param events: the most that this look has brought to one subscriber.
        :param spent: whether the round has found news until its time was over: a pause shows what comes in a moment.
        """
        if not spent and events < max(BUSY_EVENTS, BUSY_PER_SECOND * self.interval):
            return 0.0
        return max(0.0, self.looked + BETWEEN_SECONDS - now)
