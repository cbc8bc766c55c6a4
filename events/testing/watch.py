"""The watch over a handler while it is proved: what it swallows, where it goes, how long it takes, whether it ends."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType, TracebackType

from events.delivery.store import Store
from events.observability.instruments import WrongTenant
from events.observability.middleware import Reaction
from events.publishing.errors import TenantChangedInUnitOfWork, UnitRolledBack
from events.testing.crashes import Crash
from kernel.tenancy import WriteElsewhereRefused

UNITS_PER_EVENT = 10
UNITS_AT_LEAST = 100
LONGEST_RUN_SECONDS = 120
"""Of real time: after this, a handler that never returns is interrupted."""


class NotIdempotent(AssertionError):
    """A way to run the subscriber left other rows than running it once. The message lists them."""


class SwallowsErrors(NotIdempotent):
    """The handler returned, but an error that it had caught has undone its work in the database."""


class LeavesTenant(NotIdempotent):
    """The handler went to another schema and did not come back, or wrote there."""


class TooSlow(NotIdempotent):
    """An event takes longer than a drain may take."""


class EndsItsProcess(NotIdempotent):
    """The handler raised what is no `Exception`: a worker does not survive it."""


class NeverEnds(NotIdempotent):
    """The subscriber keeps its drain busy without an end."""


class HandlerFails(NotIdempotent):
    """No event could be applied: the handler fails with each of them."""


class Interrupted(BaseException):
    """What a handler that does not return is interrupted with, again each second. Not for it to catch."""


class Watch:
    """Middleware around a handler, the outermost, which notes what the handler may not do.

    :param clock: seconds, monotonic; what the handler's time is measured with.
    """

    def __init__(self, subscriber: str, clock: Callable[[], float]) -> None:
        self.subscriber, self.clock = subscriber, clock
        self.found: list[NotIdempotent] = []
        self.seconds: dict[int, float] = {}
        """The shortest time that each event took, by its position; of a list, each event's share."""
        self.failures: list[BaseException] = []

    def __call__(self, reaction: Reaction) -> AbstractContextManager[None]:
        return _Watched(self, reaction)

    def require_good(self) -> None:
        """:raises NotIdempotent: the first thing that was found."""
        if self.found:
            raise self.found[0] from self.found[0].__cause__

    def note(self, kind: type[NotIdempotent], message: str, error: BaseException) -> None:
        finding = kind(f"{self.subscriber} {message}")
        finding.__cause__ = error
        self.found.append(finding)


class _Watched:
    def __init__(self, watch: Watch, reaction: Reaction) -> None:
        self.watch, self.reaction = watch, reaction
        self.position = reaction.deliveries[0].envelope.position

    def __enter__(self) -> None:
        self.began = self.watch.clock()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._time()
        if error is None:
            return
        if isinstance(error, UnitRolledBack):
            self.watch.note(SwallowsErrors, f"swallows an error at position {self.position}: {error}", error)
        elif isinstance(error, (WrongTenant, TenantChangedInUnitOfWork, WriteElsewhereRefused)):
            self.watch.note(LeavesTenant, f"leaves its tenant at position {self.position}: {error}", error)
        elif isinstance(error, Interrupted):
            self.watch.note(NeverEnds, f"does not return at position {self.position}: {error}", error)
        elif not isinstance(error, (Exception, Crash)):
            message = f"raises {type(error).__name__} at position {self.position}: it would end its worker"
            self.watch.note(EndsItsProcess, message, error)
        elif isinstance(error, Exception):
            self.watch.failures.append(error)

    def _time(self) -> None:
        share = (self.watch.clock() - self.began) / len(self.reaction.deliveries)
        for delivery in self.reaction.deliveries:
            position = delivery.envelope.position
            self.watch.seconds[position] = min(share, self.watch.seconds.get(position, share))


class BoundedStore(Store):
    """The database, for so many units of work of the drain that every event could fail, wait and be tried again."""

    def __init__(self, subscriber: str, events: int) -> None:
        self.subscriber, self.left = subscriber, UNITS_AT_LEAST + UNITS_PER_EVENT * events

    def unit_of_work(self) -> AbstractContextManager[object]:
        self.left -= 1
        if self.left < 0:
            message = f"{self.subscriber} keeps its drain busy without an end: does it hear what it publishes?"
            raise NeverEnds(message)
        return super().unit_of_work()


@contextmanager
def interrupted() -> Iterator[None]:
    """Interrupt what has not ended after `LONGEST_RUN_SECONDS` of real time; in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        message = f"interrupted after {LONGEST_RUN_SECONDS:g} seconds"
        raise Interrupted(message)

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LONGEST_RUN_SECONDS, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
