"""Spending: how many of a process's threads each tenant has held on average lately."""

from collections.abc import Callable
from math import exp
from time import monotonic

LATELY_SECONDS = 3.0
"""What was spent so long ago counts for a third."""
FORGOTTEN_SECONDS = 10 * LATELY_SECONDS


class Spending:
    """:param clock: seconds, monotonic."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.clock = clock
        self._spent: dict[str, tuple[float, float]] = {}
        """Of each tenant: thread seconds that still count, and when that was written."""

    def add(self, tenant: str, seconds: float) -> None:
        """Note that a request of a tenant has held a thread for so long."""
        now = self.clock()
        spent = self._still(tenant, now) + seconds
        self._spent.pop(tenant, None)
        self._spent[tenant] = spent, now
        self._forget(now)

    def threads(self, tenant: str) -> float:
        """Return how many threads a tenant has held on average lately."""
        return self._still(tenant, self.clock()) / LATELY_SECONDS

    def _still(self, tenant: str, now: float) -> float:
        spent, at = self._spent.get(tenant, (0.0, now))
        return spent * exp((at - now) / LATELY_SECONDS)

    def _forget(self, now: float) -> None:
        oldest = next(iter(self._spent))
        if self._spent[oldest][1] < now - FORGOTTEN_SECONDS:
            del self._spent[oldest]
