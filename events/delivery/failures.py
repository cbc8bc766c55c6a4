"""Failures: how an event whose handler failed goes on; it is parked, tried again, and dead in the end."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeVar

from django.db import Error, InterfaceError, OperationalError

from events.delivery.blocking import Blocking
from events.delivery.dispatch import Dispatch
from events.delivery.seeing import Seen
from events.delivery.store import Store
from events.delivery.verdicts import is_hang, is_outage
from events.event import EventUnreadable
from events.log.envelope import AnyDelivery, Envelope
from events.log.horizon import EventArchived
from events.log.log import StoredEvent
from events.subscriptions.cursors import Isolation
from events.subscriptions.parking import Parked, State, described, summary
from events.subscriptions.registry import Subscriber

OUTAGES_BEFORE_FAILURE = 5
"""How often in a row a position fails as in an outage, while the database answers, before it fails like any other."""
OUTDATED_SECONDS = 5.0
"""After how long newer code is looked for again, for an event that this code cannot handle."""

T = TypeVar("T")


class Outcome(Enum):
    """The outcome of an attempt to set a failed event aside, or to try a parked one."""

    NOT_OURS = auto()
    """Another drain holds the lock, or there is nothing to do."""
    DONE = auto()
    SUSPECTED = auto()
    """The parked event may kill its worker: its start must be counted first."""
    DIED = auto()
    """The task's time limit ended the handler; the start is counted."""
    OUTDATED = auto()
    """Only newer code can handle the parked event; it is put off."""


@dataclass
class Failures:
    """The failed and the parked events of one subscription."""

    subscriber: Subscriber
    tenant_id: str
    store: Store
    dispatch: Dispatch
    seen: Seen
    blocking: Blocking
    clock: Callable[[], float]
    due: list[float] = field(default_factory=list)
    """When each event is due again that this run has parked, by the clock."""

    def park(self, event: StoredEvent, error: BaseException) -> Outcome:
        """Put an event that failed alone aside, and let the cursor pass it.

        What failed may have been the drain, before a handler ran: an event that waits for an earlier one waits on. One
        whose type was unbound since it was read is not parked: nobody is to apply it any more.
        """
        with self.store.unit_of_work():
            held = self.store.lock(self.tenant_id, self.subscriber.name)
            if held is None:
                return Outcome.NOT_OURS
            if held.cursor >= event.envelope.position or not held.heard.hears(
                event.envelope.type, event.envelope.position
            ):
                return Outcome.DONE
            passing, waiting = self.blocking.part([event]) if held.blocked else ([event], [])
            state, delay = self._verdict(error, attempts=1) if passing else (State.WAITING, 0.0)
            if passing or waiting:
                self.store.park(self.subscriber.name, event.envelope, state, delay=delay, error=described(error))
            self.store.account(self.tenant_id, self.subscriber.name, [], reached=event.envelope.position)
        self.tell(event.envelope, state, delay, error, attempts=1)
        return Outcome.DONE

    def isolate(self, isolation: Isolation) -> Outcome:
        """Be careful with the events up to a position, in this run and in later ones."""
        with self.store.unit_of_work():
            held = self.store.lock(self.tenant_id, self.subscriber.name)
            if held is None:
                return Outcome.NOT_OURS
            if held.cursor < isolation.until:
                self.store.isolate(self.tenant_id, self.subscriber.name, isolation)
        return Outcome.DONE

    def raise_outage(self, error: Exception, position: int) -> None:
        """Raise what is an outage, unless the position has failed like that too often while the database answers.

        :raises OperationalError: or `InterfaceError`: for the task to be tried again.
        """
        if not is_outage(error, connected=self.store.is_connected()):
            return
        count = lambda: self.store.count_outage(self.tenant_id, self.subscriber.name, position)  # noqa: E731
        if (insist(self.store, count) or 0) >= OUTAGES_BEFORE_FAILURE:
            return
        if isinstance(error, (OperationalError, InterfaceError)):
            raise error
        message = f"an outage at position {position}: {summary(error)}"
        raise OperationalError(message) from error

    def retry(self, counted: Parked | None = None) -> tuple[Outcome, list[AnyDelivery]]:
        """Try the earliest parked event that is due, or the one whose start was counted, in its own transaction."""
        parked: Parked | None = None
        event: StoredEvent | None = None
        self.dispatch.begin()
        try:
            with self.store.unit_of_work():
                held = self.store.lock(self.tenant_id, self.subscriber.name)
                parked = self.store.next_due(self.tenant_id, self.subscriber.name, only=counted) if held else None
                if held is None or parked is None:
                    return Outcome.NOT_OURS, []
                if parked.starts and counted is None:
                    return Outcome.SUSPECTED, []
                try:
                    event = self.store.read_at(self.tenant_id, parked.position)
                except EventArchived as gone:
                    self.store.settle(parked, State.DEAD, error=described(gone))
                    return Outcome.DONE, []
                if not self.dispatch.can_handle(event.envelope):
                    self.store.put_off(parked, OUTDATED_SECONDS)
                    return Outcome.OUTDATED, []
                applied = self._apply_parked(event, parked, reached=held.cursor)
            return Outcome.DONE, applied
        except Exception as error:
            if event is None or parked is None:
                raise
            return self._after_failed_retry(event.envelope, parked, error, is_counted=counted is not None), []
        except BaseException:
            if parked is not None and counted is None and self.dispatch.handling:
                self._count_death(parked)
            raise

    def _apply_parked(self, event: StoredEvent, parked: Parked, *, reached: int) -> list[AnyDelivery]:
        fresh = self.store.account(self.tenant_id, self.subscriber.name, [event.envelope], reached=reached)
        deliveries = [self.dispatch.delivery(event, attempt=parked.attempts + 1)] if fresh else []
        self.dispatch.call(deliveries)
        self.store.remove(parked.id)
        self.store.release_next(self.tenant_id, self.subscriber.name, parked.stream)
        return deliveries

    def _after_failed_retry(self, envelope: Envelope, parked: Parked, error: Exception, *, is_counted: bool) -> Outcome:
        if is_hang(error):
            if not is_counted:
                self._count_death(parked)
            return Outcome.DIED
        self.raise_outage(error, parked.position)
        return self._settle(envelope, parked, error)

    def _settle(self, envelope: Envelope, parked: Parked, error: Exception) -> Outcome:
        attempts = parked.attempts + 1
        state, delay = self._verdict(error, attempts=attempts)
        with self.store.unit_of_work():
            if self.store.lock(self.tenant_id, self.subscriber.name) is None:
                return Outcome.NOT_OURS
            self.store.settle(parked, state, delay=delay, error=described(error))
        self.tell(envelope, state, delay, error, attempts=attempts)
        return Outcome.DONE

    def _count_death(self, parked: Parked) -> None:
        def count() -> None:
            if self.store.lock(self.tenant_id, self.subscriber.name) is not None:
                self.store.count_parked_start(parked)

        insist(self.store, count)

    def _verdict(self, error: BaseException, *, attempts: int) -> tuple[State, float]:
        if isinstance(error, (EventUnreadable, *self.subscriber.permanent)):
            return State.DEAD, 0.0
        if attempts >= self.subscriber.backoff.attempts:
            return State.DEAD, 0.0
        return State.RETRYING, self.subscriber.backoff.delay(attempts)

    def due_in(self, seconds: float) -> None:
        self.due.append(self.clock() + seconds)

    def tell(self, envelope: Envelope, state: State, delay: float, error: BaseException, *, attempts: int) -> None:
        self.seen.failed(envelope, state, error, attempts=attempts)
        if state is State.RETRYING:
            self.due_in(delay)


def insist(store: Store, work: Callable[[], T]) -> T | None:
    """Do something in a separate transaction, over a new connection where this one is cut; None where it failed.

    Where the COMMIT was not answered, PostgreSQL is asked whether it was made: nothing is counted twice.
    """
    for _ in range(2):
        transaction: str | None = None
        done: T | None = None
        with suppress(Error):
            with store.unit_of_work():
                done = work()
                transaction = store.transaction_id()
            return done
        with suppress(Error):
            if transaction is not None and store.may_be_committed(transaction):
                return done
    return None
