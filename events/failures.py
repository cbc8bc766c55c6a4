"""Failures: what becomes of an event whose handler failed; it is parked, tried again, and dead in the end."""

from dataclasses import dataclass
from enum import Enum, auto

import psycopg
import structlog
from django.db import InterfaceError, OperationalError

from events import instruments, metrics
from events.delivery import AnyDelivery, Envelope
from events.dispatch import Dispatch
from events.doorbells import Doorbells
from events.event import EventUnreadable
from events.log import StoredEvent
from events.parking import Parked, State, described
from events.store import Store
from events.subscriptions import Subscriber

logger = structlog.get_logger(__name__)


class Outcome(Enum):
    """What became of an attempt to set a failed event aside, or to try a parked one."""

    NOT_OURS = auto()
    """Another drain holds the lock, or there is nothing to do."""
    DONE = auto()


@dataclass
class Seen:
    """What is counted and written down of a subscriber's events."""

    subscriber: Subscriber

    def applied(self, deliveries: list[AnyDelivery]) -> None:
        instruments.applied(self.subscriber.name, deliveries)

    def failed(self, envelope: Envelope, state: State, error: BaseException, *, attempts: int) -> None:
        dead = state is State.DEAD
        (metrics.dead if dead else metrics.failed).labels(self.subscriber.name, envelope.type).inc()
        logger.warning(
            "event_dead" if dead else "event_failed",
            subscriber=self.subscriber.name,
            attempts=attempts,
            error=f"{type(error).__name__}: {error}",
            **instruments.named(envelope),
        )

    def repeated(self, positions: list[int]) -> None:
        logger.warning("already_processed", subscriber=self.subscriber.name, positions=positions)


@dataclass
class Failures:
    """The failed and the parked events of one subscription."""

    subscriber: Subscriber
    tenant_id: str
    store: Store
    doorbells: Doorbells
    dispatch: Dispatch
    seen: Seen

    def park(self, event: StoredEvent, error: BaseException) -> Outcome:
        """Put an event that failed alone aside, and let the cursor pass it."""
        with self.store.unit_of_work():
            held = self.store.lock(self.tenant_id, self.subscriber.name)
            if held is None:
                return Outcome.NOT_OURS
            if held.cursor >= event.envelope.position:
                return Outcome.DONE
            state, delay = self._verdict(error, attempts=1)
            self.store.park(self.subscriber.name, event.envelope, state, delay=delay, error=described(error))
            self.store.account(self.tenant_id, self.subscriber.name, [], reached=event.envelope.position)
        self._tell(event.envelope, state, delay, error, attempts=1)
        return Outcome.DONE

    def retry_due(self, only: Parked | None = None) -> list[AnyDelivery] | None:
        """Try the earliest parked event that is due, in a transaction of its own; None when there is none for us."""
        parked: Parked | None = None
        try:
            with self.store.unit_of_work():
                held = self.store.lock(self.tenant_id, self.subscriber.name)
                parked = self.store.next_due(self.tenant_id, self.subscriber.name, only=only) if held else None
                if held is None or parked is None:
                    return None
                event = self.store.read_at(self.tenant_id, parked.position)
                return self._apply_parked(event, parked, reached=held.cursor)
        except Exception as error:
            if is_infrastructure(error) or parked is None:
                raise
            return [] if self._settle(event.envelope, parked, error) else None

    def _apply_parked(self, event: StoredEvent, parked: Parked, *, reached: int) -> list[AnyDelivery]:
        fresh = self.store.account(self.tenant_id, self.subscriber.name, [event.envelope], reached=reached)
        deliveries = [self.dispatch.delivery(event, attempt=parked.attempts + 1)] if fresh else []
        self.dispatch.call(deliveries)
        self.store.remove(parked.id)
        self.store.release_next(self.tenant_id, self.subscriber.name, parked.stream)
        return deliveries

    def _settle(self, envelope: Envelope, parked: Parked, error: BaseException) -> bool:
        """Write the outcome; False when another has the lock, so that the attempt is as if it had not been made."""
        attempts = parked.attempts + 1
        state, delay = self._verdict(error, attempts=attempts)
        with self.store.unit_of_work():
            if self.store.lock(self.tenant_id, self.subscriber.name) is None:
                return False
            self.store.settle(parked, state, delay=delay, error=described(error))
        self._tell(envelope, state, delay, error, attempts=attempts)
        return True

    def _verdict(self, error: BaseException, *, attempts: int) -> tuple[State, float]:
        if isinstance(error, (EventUnreadable, *self.subscriber.permanent)):
            return State.DEAD, 0.0
        if attempts >= self.subscriber.backoff.attempts:
            return State.DEAD, 0.0
        return State.RETRYING, self.subscriber.backoff.delay(attempts)

    def _tell(self, envelope: Envelope, state: State, delay: float, error: BaseException, *, attempts: int) -> None:
        self.seen.failed(envelope, state, error, attempts=attempts)
        if state is State.RETRYING:
            self.doorbells.ring_again(self.tenant_id, self.subscriber, countdown=delay)


def is_infrastructure(error: BaseException) -> bool:
    """Say whether an error is not the event's fault: connection gone, serialization failure, deadlock, lock timeout.

    A statement that ran into its timeout is the event's own: it would again.
    """
    if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
        return False
    return isinstance(error, (OperationalError, InterfaceError))
