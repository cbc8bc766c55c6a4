"""The drain: handle everything that is pending for one subscriber of one tenant."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

import psycopg
import structlog
from django.db import Error, InterfaceError, OperationalError

from events import cursors, instruments, metrics, parking
from events.delivery import AnyDelivery, Delivery, Envelope
from events.doorbells import Doorbells
from events.event import EventUnreadable, decode
from events.instruments import MIDDLEWARE
from events.log import StoredEvent, read, read_at
from events.middleware import Reaction, around
from events.parking import STARTING_SECONDS, State
from events.subscriptions import CANARY, Subscriber
from events.unit_of_work import unit_of_work

logger = structlog.get_logger(__name__)

BUDGET_SECONDS = 0.2
"""What a drain may take among others, before it goes on in the backlog."""
BACKLOG_BUDGET_SECONDS = 1.0
STARTS_BEFORE_DEAD = 3


class Step(Enum):
    NOT_OURS = auto()
    """Another drain holds the lock, the subscription is paused, or there is none."""
    RETRIES_DUE = auto()
    MORE = auto()
    CAUGHT_UP = auto()


class KilledItsWorker(Exception):
    """An event's start was counted too often without an end: it takes its workers down."""


class BatchFailed(Exception):
    """A handler raised; the transaction was rolled back, with what it parked. `events` were in it."""

    def __init__(self, events: list[StoredEvent]) -> None:
        super().__init__(f"a batch of {len(events)} failed")
        self.events = events


@dataclass
class Drain:
    """One run of a subscriber's task in the tenant's schema.

    :param clock: seconds, monotonic.
    :param budget: seconds after which it stops, and rings for the next; None for what its place in the queues allows.
    """

    subscriber: Subscriber
    tenant_id: str
    doorbells: Doorbells
    clock: Callable[[], float] = time.monotonic
    budget: float | None = None
    handled: int = 0
    singles: int = 0
    """How many of the next events are handled alone, because one of them failed or killed its worker."""
    counting_starts: bool = False
    counted: int | None = None
    """The position of the next event, where its start has been counted, so that it must be the one that is handled."""
    marked: bool = False

    def run(self) -> int:
        """Handle what is pending, while the budget lasts; return how many events were applied."""
        behind = self.doorbells.answer(self.tenant_id, self.subscriber)
        budget = self.budget if self.budget is not None else BACKLOG_BUDGET_SECONDS if behind else BUDGET_SECONDS
        deadline, more = self.clock() + budget, False
        try:
            more = self._work_until(deadline)
        finally:
            if self.marked:
                self.doorbells.end(self.tenant_id, self.subscriber, behind=more)
        if more:
            self.doorbells.ring_again(self.tenant_id, self.subscriber)
        return self.handled

    def _work_until(self, deadline: float) -> bool:
        """Go on until nothing is left, or the time is over; say whether there may be more."""
        while True:
            step = self._step()
            if step is Step.NOT_OURS or (step is Step.CAUGHT_UP and not self._second_look()):
                return False
            if self.clock() >= deadline:
                return True

    def _second_look(self) -> bool:
        return cursors.has_news(self.tenant_id, self.subscriber.name, list(self.subscriber.heard))

    def _step(self) -> Step:
        """Take a step. A counted start that is not made is taken back; who came meanwhile was sent away: look again."""
        if self.counting_starts and self.singles and not self._isolate_poison():
            return self._leave_to_other()
        if self.counted is None:
            return self._take_step()
        forget_start = partial(cursors.forget_start, self.tenant_id, self.subscriber.name, self.counted)
        with self._forgotten_when_cut_off(forget_start):
            step = self._take_step()
        if step is not Step.NOT_OURS:
            return step
        self._forget(forget_start)
        return Step.MORE

    def _take_step(self) -> Step:
        try:
            step = self._handle_batch()
        except BatchFailed as failed:
            if len(failed.events) == 1:
                return self._park(failed.events[0], failed.__cause__ or failed)
            self.singles = len(failed.events)
            return Step.MORE
        if step is not Step.RETRIES_DUE:
            return step
        if self.counting_starts:
            return self._count_and_retry()
        self._retry_due()
        return Step.MORE

    def _handle_batch(self) -> Step:
        events: list[StoredEvent] = []
        try:
            with unit_of_work():
                held = cursors.lock(self.tenant_id, self.subscriber.name)
                if held is None or held.paused:
                    return Step.NOT_OURS
                if not self.marked:
                    self._mark()
                    if self.counting_starts:
                        return Step.MORE
                if held.due and self.counted is None:
                    return Step.RETRIES_DUE
                self.counted = None
                limit = 1 if self.singles else self.subscriber.batch_size
                page = read(self.tenant_id, after=held.cursor, types=self.subscriber.heard, limit=limit)
                events = page.events
                news = page.reached > held.cursor
                applied = self._handle(events, reached=page.reached, blocked=held.blocked) if news else []
        except Exception as error:
            if is_infrastructure(error) or not events:
                raise
            raise BatchFailed(events) from error
        self._note(applied)
        self.singles = max(0, self.singles - len(events))
        return Step.MORE if page.more else Step.CAUGHT_UP

    def _mark(self) -> None:
        """Say that this drain runs. One before that never ended may have been killed by an event."""
        self.marked = True
        if self.doorbells.begin(self.tenant_id, self.subscriber):
            self.counting_starts = True
            self.singles = self.subscriber.batch_size

    def _handle(self, events: list[StoredEvent], *, reached: int, blocked: bool) -> list[AnyDelivery]:
        passing = self._park_behind_failed(events) if blocked else events
        fresh = cursors.account(
            self.tenant_id, self.subscriber.name, [event.envelope for event in passing], reached=reached
        )
        if len(fresh) < len(passing):
            again = sorted({event.envelope.position for event in passing} - fresh)
            logger.warning("already_processed", subscriber=self.subscriber.name, positions=again)
        chosen = [event for event in passing if event.envelope.position in fresh]
        deliveries = [_delivery(event, attempt=1) for event in chosen]
        self._call(deliveries)
        return deliveries

    def _park_behind_failed(self, events: list[StoredEvent]) -> list[StoredEvent]:
        """Let the events of blocked streams wait behind the one that failed; return those that are to be handled."""
        positions = [event.envelope.position for event in events]
        excluded = parking.parked_before(self.tenant_id, self.subscriber.name, positions)
        blocked = self._streams_blocked_for(events)
        passing = []
        for event in events:
            if event.envelope.position in excluded:
                continue
            if event.envelope.stream in blocked:
                parking.park(self.subscriber.name, event.envelope, State.WAITING)
            else:
                passing.append(event)
        return passing

    def _streams_blocked_for(self, events: list[StoredEvent]) -> set[str]:
        if self.subscriber.unordered:
            return set()
        streams = [event.envelope.stream for event in events]
        return parking.blocked_streams(self.tenant_id, self.subscriber.name, streams)

    def _call(self, applied: list[AnyDelivery]) -> None:
        deliveries = [delivery for delivery in applied if delivery.envelope.type != CANARY]
        if not deliveries:
            return
        if self.subscriber.batch:
            with around(MIDDLEWARE, self._reaction(deliveries)):
                self.subscriber.handler(deliveries)
            return
        for delivery in deliveries:
            with around(MIDDLEWARE, self._reaction([delivery])):
                self.subscriber.handler(delivery.event, delivery)

    def _reaction(self, deliveries: list[AnyDelivery]) -> Reaction:
        event = deliveries[-1].event
        return Reaction(listener=self.subscriber.name, event=event, tenant_id=self.tenant_id, deliveries=deliveries)

    def _note(self, applied: list[AnyDelivery]) -> None:
        self.handled += len(applied)
        instruments.applied(self.subscriber.name, applied)

    def _park(self, event: StoredEvent, error: BaseException) -> Step:
        """Put an event that failed alone aside, and let the cursor pass it."""
        with unit_of_work():
            held = cursors.lock(self.tenant_id, self.subscriber.name)
            if held is None:
                return Step.NOT_OURS
            if held.cursor >= event.envelope.position:
                return Step.MORE
            state, delay = self._verdict(error, attempts=1)
            parking.park(self.subscriber.name, event.envelope, state, delay=delay, error=parking.described(error))
            cursors.account(self.tenant_id, self.subscriber.name, [], reached=event.envelope.position)
        self._tell(event.envelope, state, error, attempts=1)
        self.singles = max(0, self.singles - 1)
        if state is State.RETRYING:
            self.doorbells.ring_again(self.tenant_id, self.subscriber, countdown=delay)
        return Step.MORE

    def _verdict(self, error: BaseException, *, attempts: int) -> tuple[State, float]:
        if isinstance(error, (EventUnreadable, *self.subscriber.permanent)):
            return State.DEAD, 0.0
        if attempts >= self.subscriber.backoff.attempts:
            return State.DEAD, 0.0
        return State.RETRYING, self.subscriber.backoff.delay(attempts)

    def _retry_due(self, only: parking.Parked | None = None) -> bool:
        """Try the earliest parked event that is due, in a transaction of its own; False when there is none for us."""
        parked: parking.Parked | None = None
        try:
            with unit_of_work():
                held = cursors.lock(self.tenant_id, self.subscriber.name)
                parked = parking.next_due(self.tenant_id, self.subscriber.name, only=only) if held else None
                if held is None or parked is None:
                    return False
                event = read_at(self.tenant_id, parked.position)
                applied = self._apply_parked(event, parked, reached=held.cursor)
        except Exception as error:
            if is_infrastructure(error) or parked is None:
                raise
            self._settle(event.envelope, parked, error)
        else:
            self._note(applied)
        return True

    def _apply_parked(self, event: StoredEvent, parked: parking.Parked, *, reached: int) -> list[AnyDelivery]:
        fresh = cursors.account(self.tenant_id, self.subscriber.name, [event.envelope], reached=reached)
        deliveries = [_delivery(event, attempt=parked.attempts + 1)] if fresh else []
        self._call(deliveries)
        parking.remove(parked.id)
        parking.release_next(self.tenant_id, self.subscriber.name, parked.stream)
        return deliveries

    def _settle(self, envelope: Envelope, parked: parking.Parked, error: BaseException) -> None:
        attempts = parked.attempts + 1
        state, delay = self._verdict(error, attempts=attempts)
        with unit_of_work():
            parking.settle(parked, state, delay=delay, error=parking.described(error))
        self._tell(envelope, state, error, attempts=attempts)
        if state is State.RETRYING:
            self.doorbells.ring_again(self.tenant_id, self.subscriber, countdown=delay)

    def _count_and_retry(self) -> Step:
        """Count the start of the next parked event before it is tried; one that was started too often goes dead."""
        with unit_of_work():
            held = cursors.lock(self.tenant_id, self.subscriber.name)
            due = parking.next_due(self.tenant_id, self.subscriber.name) if held else None
            if due is None:
                return Step.MORE
            counted = parking.count_start(due)
            if counted and counted.starts >= STARTS_BEFORE_DEAD:
                parking.settle(counted, State.DEAD, error=_killer(counted.starts))
                return Step.MORE
        if counted is None:
            return self._leave_to_other()
        forget_start = partial(parking.forget_start, counted)
        with self._forgotten_when_cut_off(forget_start):
            started = self._retry_due(counted)
        if not started:
            self._forget(forget_start)
        return Step.MORE

    @contextmanager
    def _forgotten_when_cut_off(self, forget_start: Callable[[], None]) -> Iterator[None]:
        """Take a counted start back when an outage ended it: the drain lives, so the event killed nobody."""
        try:
            yield
        except Exception:
            self._forget(forget_start)
            raise

    def _forget(self, forget_start: Callable[[], None]) -> None:
        """Take a counted start back: over a new connection, where this one is cut."""
        for _ in range(2):
            with suppress(Error), unit_of_work():
                forget_start()
                return

    def _isolate_poison(self) -> bool:
        """Count the next event's start before its handler runs; one that was started too often goes dead.

        False when another drain is about to handle it.
        """
        with unit_of_work():
            held = cursors.lock(self.tenant_id, self.subscriber.name)
            if held is None or held.due:
                return True
            page = read(self.tenant_id, after=held.cursor, types=self.subscriber.heard, limit=1)
            if not page.events:
                self.singles = 0
                return True
            envelope = page.events[0].envelope
            if held.blocked and self._streams_blocked_for(page.events):
                return True
            starts = cursors.count_start(self.tenant_id, self.subscriber.name, envelope.position)
            if starts is None:
                return False
            if starts < STARTS_BEFORE_DEAD:
                self.counted = envelope.position
                return True
            error = _killer(starts)
            parking.park(self.subscriber.name, envelope, State.DEAD, error=error)
            cursors.account(self.tenant_id, self.subscriber.name, [], reached=envelope.position)
        self._tell(envelope, State.DEAD, KilledItsWorker(error), attempts=starts)
        return True

    def _leave_to_other(self) -> Step:
        self.doorbells.ring_again(self.tenant_id, self.subscriber, countdown=STARTING_SECONDS)
        return Step.NOT_OURS

    def _tell(self, envelope: Envelope, state: State, error: BaseException, *, attempts: int) -> None:
        dead = state is State.DEAD
        (metrics.dead if dead else metrics.failed).labels(self.subscriber.name, envelope.type).inc()
        logger.warning(
            "event_dead" if dead else "event_failed",
            subscriber=self.subscriber.name,
            attempts=attempts,
            error=f"{type(error).__name__}: {error}",
            **instruments.named(envelope),
        )


def is_infrastructure(error: BaseException) -> bool:
    """Say whether an error is not the event's fault: connection gone, serialization failure, deadlock, lock timeout.

    A statement that ran into its timeout is the event's own: it would again.
    """
    if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
        return False
    return isinstance(error, (OperationalError, InterfaceError))


def _killer(starts: int) -> str:
    return f"KilledItsWorker: started {starts} times without an end"


def _delivery(event: StoredEvent, *, attempt: int) -> AnyDelivery:
    envelope = event.envelope
    decoded = decode(envelope.type, envelope.version, event.data)
    return Delivery(event=decoded, envelope=envelope, attempt=attempt)
