"""The drain: handle everything that is pending for one subscriber of one tenant."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from events.delivery import AnyDelivery
from events.dispatch import Dispatch
from events.doorbells import Doorbells
from events.failures import Failures, Outcome, Seen, is_infrastructure
from events.log import StoredEvent
from events.parking import STARTING_SECONDS, State
from events.poison import KilledItsWorker, Poison, is_deadly
from events.store import Store
from events.subscriptions import Subscriber

BUDGET_SECONDS = 0.2
"""What a drain may take among others, before it goes on in the backlog."""
BACKLOG_BUDGET_SECONDS = 1.0


class Step(Enum):
    NOT_OURS = auto()
    """Another drain holds the lock, the subscription is paused, or there is none."""
    RETRIES_DUE = auto()
    MORE = auto()
    CAUGHT_UP = auto()


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
    store: Store = field(default_factory=Store)
    dispatch: Dispatch = field(default=None)  # type: ignore[assignment]
    seen: Seen = field(default=None)  # type: ignore[assignment]
    handled: int = 0
    singles: int = 0
    """How many of the next events are handled alone, because one of them failed or killed its worker."""
    counting_starts: bool = False
    counted: int | None = None
    """The position of the next event, where its start has been counted, so that it must be the one that is handled."""
    marked: bool = False

    def __post_init__(self) -> None:
        self.dispatch = self.dispatch or Dispatch(self.subscriber, self.tenant_id)
        self.seen = self.seen or Seen(self.subscriber)
        self.poison = Poison(self.subscriber, self.tenant_id, self.store)
        self.failures = Failures(self.subscriber, self.tenant_id, self.store, self.doorbells, self.dispatch, self.seen)

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
        return self.store.has_news(self.tenant_id, self.subscriber.name, list(self.subscriber.heard))

    def _step(self) -> Step:
        """Take a step. A counted start that is not made is taken back; who came meanwhile was sent away: look again."""
        if self.counting_starts and self.singles and not self._isolate_poison():
            return self._leave_to_other()
        if self.counted is None:
            return self._take_step()
        forget_start = self.poison.forget_at(self.counted)
        with self.poison.forgotten_when_cut_off(forget_start):
            step = self._take_step()
        if step is not Step.NOT_OURS:
            return step
        self.poison.forget(forget_start)
        return Step.MORE

    def _take_step(self) -> Step:
        try:
            step = self._handle_batch()
        except BatchFailed as failed:
            if len(failed.events) == 1:
                return self._park_alone(failed.events[0], failed.__cause__ or failed)
            self.singles = len(failed.events)
            return Step.MORE
        if step is not Step.RETRIES_DUE:
            return step
        if self.counting_starts:
            return self._count_and_retry()
        self._note(self.failures.retry_due() or [])
        return Step.MORE

    def _handle_batch(self) -> Step:
        events: list[StoredEvent] = []
        try:
            with self.store.unit_of_work():
                held = self.store.lock(self.tenant_id, self.subscriber.name)
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
                name, types = self.subscriber.name, self.subscriber.heard
                page = self.store.read(self.tenant_id, name, after=held.cursor, types=types, limit=limit)
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
        fresh = self.store.account(
            self.tenant_id, self.subscriber.name, [event.envelope for event in passing], reached=reached
        )
        if len(fresh) < len(passing):
            self.seen.repeated(sorted({event.envelope.position for event in passing} - fresh))
        chosen = [event for event in passing if event.envelope.position in fresh]
        deliveries = [self.dispatch.delivery(event, attempt=1) for event in chosen]
        self.dispatch.call(deliveries)
        return deliveries

    def _park_behind_failed(self, events: list[StoredEvent]) -> list[StoredEvent]:
        """Let the events of blocked streams wait behind the one that failed; return those that are to be handled."""
        positions = [event.envelope.position for event in events]
        excluded = self.store.parked_before(self.tenant_id, self.subscriber.name, positions)
        blocked = self._streams_blocked_for(events)
        passing = []
        for event in events:
            if event.envelope.position in excluded:
                continue
            if event.envelope.stream in blocked:
                self.store.park(self.subscriber.name, event.envelope, State.WAITING)
            else:
                passing.append(event)
        return passing

    def _streams_blocked_for(self, events: list[StoredEvent]) -> set[str]:
        if self.subscriber.unordered:
            return set()
        streams = [event.envelope.stream for event in events]
        return self.store.blocked_streams(self.tenant_id, self.subscriber.name, streams)

    def _note(self, applied: list[AnyDelivery]) -> None:
        self.handled += len(applied)
        self.seen.applied(applied)

    def _park_alone(self, event: StoredEvent, error: BaseException) -> Step:
        if self.failures.park(event, error) is Outcome.NOT_OURS:
            return Step.NOT_OURS
        self.singles = max(0, self.singles - 1)
        return Step.MORE

    def _count_and_retry(self) -> Step:
        """Count the start of the next parked event before it is tried; one that was started too often goes dead."""
        with self.store.unit_of_work():
            held = self.store.lock(self.tenant_id, self.subscriber.name)
            due = self.store.next_due(self.tenant_id, self.subscriber.name) if held else None
            if due is None:
                return Step.MORE
            counted = self.poison.count_parked(due)
        if counted is None:
            return self._leave_to_other()
        if is_deadly(counted.starts):
            return Step.MORE
        forget_start = self.poison.forget_parked(counted)
        with self.poison.forgotten_when_cut_off(forget_start):
            applied = self.failures.retry_due(counted)
        if applied is None:
            self.poison.forget(forget_start)
        self._note(applied or [])
        return Step.MORE

    def _isolate_poison(self) -> bool:
        """Count the next event's start before its handler runs; one that was started too often goes dead.

        False when another drain is about to handle it.
        """
        with self.store.unit_of_work():
            held = self.store.lock(self.tenant_id, self.subscriber.name)
            if held is None or held.due:
                return True
            name, types = self.subscriber.name, self.subscriber.heard
            page = self.store.read(self.tenant_id, name, after=held.cursor, types=types, limit=1)
            if not page.events:
                self.singles = 0
                return True
            envelope = page.events[0].envelope
            if held.blocked and self._streams_blocked_for(page.events):
                return True
            starts = self.poison.count(envelope.position)
            if starts is None:
                return False
            if not is_deadly(starts):
                self.counted = envelope.position
                return True
            error = KilledItsWorker(starts)
            self.store.park(self.subscriber.name, envelope, State.DEAD, error=error.described)
            self.store.account(self.tenant_id, self.subscriber.name, [], reached=envelope.position)
        self.seen.failed(envelope, State.DEAD, error, attempts=starts)
        return True

    def _leave_to_other(self) -> Step:
        self.doorbells.ring_again(self.tenant_id, self.subscriber, countdown=STARTING_SECONDS)
        return Step.NOT_OURS
