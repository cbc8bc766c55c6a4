"""The circuit breaker in front of the broker."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock


@dataclass
class CircuitBreaker:
    """After a failure, does not try again for a few seconds; so a broker that is away costs one timeout, not many."""

    open_seconds: float = 5.0
    clock: Callable[[], float] = time.monotonic
    _open_until: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def allows(self) -> bool:
        """Say whether to try. While open, one caller is let through when the time has come."""
        with self._lock:
            now = self.clock()
            if now < self._open_until:
                return False
            if self._open_until:
                self._open_until = now + self.open_seconds
            return True

    def failed(self) -> None:
        with self._lock:
            self._open_until = self.clock() + self.open_seconds

    def worked(self) -> None:
        self._open_until = 0.0
