"""The drain: handle everything that is pending for one subscriber of one tenant."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from events.delivery.bells import Bells
from events.delivery.blocking import Blocking
from events.delivery.dispatch import Dispatch
from events.delivery.failures import OUTDATED_SECONDS, Failures, Outcome
from events.delivery.pace import Pace, budget_of, pace_of
from events.delivery.poison import ASIDE_SECONDS, Poison, is_deadly
from events.delivery.reading import Reader
from events.delivery.seeing import Seen
from events.delivery.steps import BatchFailed, Step
from events.delivery.store import Store
from events.delivery.verdicts import is_hang
from events.log.envelope import AnyDelivery
from events.log.log import StoredEvent
from events.subscriptions.cursors import Isolation, LockedSubscription, Suspicion
from events.subscriptions.notes import Note
from events.subscriptions.parking import STARTING_SECONDS, State
from events.subscriptions.registry import Subscriber


@dataclass
class Drain:
    """One run of a subscriber's task in the tenant's schema.

    :param clock: seconds, monotonic. :param ended: its last step; None where there may be more, or an error ended it.
    :param looks_again: whether it looks once more after its last commit; in a round, the round does.
    :param budget: seconds after which it stops, and rings for the next; None for what its place in the queues allows.
    """

    subscriber: Subscriber
    tenant_id: str
    doorbells: Bells
    clock: Callable[[], float] = time.monotonic
    budget: float | None = None
    store: Store = field(default_factory=Store)
    dispatch: Dispatch = field(default=None)  # type: ignore[assignment]
    seen: Seen = field(default=None)  # type: ignore[assignment]
    pace: Pace = field(default=None)  # type: ignore[assignment]
    looks_again: bool = True
    handled: int = 0
    ended: Step | None = None
    deadline: float = 0.0
    run_id: str = field(default_factory=lambda: secrets.token_hex(4))
    tells_its_end: bool = False
    """Whether the broker learns that this drain ends: not before it has had the lock, nor after a death."""
    suspicious: bool = False
    """Whether a drain before never ended: the starts of parked events are counted too."""
    counted: int | None = None
    """The position of the next event, where its start has been counted, so that it must be the one that is handled."""
    owing: bool = False
    """Whether something has failed since the last commit: the run goes on with new events until there is one."""
    next_due: float | None = None
    """When the next parked event is due, by the clock."""
    retried: bool = False
    """Whether a parked event was tried last: then it is the turn of new ones, and the run does not end before."""

    def __post_init__(self) -> None:
        self.dispatch = self.dispatch or Dispatch(self.subscriber, self.tenant_id)
        self.seen = self.seen or Seen(self.subscriber, self.tenant_id)
        self.pace = self.pace or pace_of(self.subscriber.name)
        self.poison = Poison(self.subscriber, self.tenant_id, self.store)
        self.blocking = Blocking(self.subscriber, self.tenant_id, self.store)
        self.failures = Failures(
            self.subscriber, self.tenant_id, self.store, self.dispatch, self.seen, self.blocking, self.clock
        )
        self.reader = Reader(self.subscriber, self.tenant_id, self.store, self.dispatch)

    def run(self) -> int:
        """Handle what is pending, while the budget lasts; return how many events were applied."""
        behind = self.doorbells.answer(self.tenant_id, self.subscriber)
        budget = self.budget if self.budget is not None else budget_of(behind=behind)
        self.deadline, more = self.clock() + budget, False
        try:
            more = self._work()
        finally:
            if self.tells_its_end:
                self.doorbells.end(self.tenant_id, self.subscriber, self.run_id, behind=more)
        if more:
            self.doorbells.ring_again(self.tenant_id, self.subscriber)
        else:
            self._ring_for_retries()
        return self.handled

    def _work(self) -> bool:
        """Go on until nothing is left, or the time is over; say whether there may be more."""
        while True:
            step = self._step()
            if step is Step.OUTDATED:
                self.seen.outdated()
                self.failures.due_in(OUTDATED_SECONDS)
            if step is Step.DIED:
                self._leave_to_other()
            if step.is_last or (step is Step.CAUGHT_UP and not self._second_look()):
                self.ended = step
                return False
            if self.clock() >= self.deadline and not self.owing and not self.retried:
                return True

    def _second_look(self) -> bool:
        return self.looks_again and self.store.has_news(self.tenant_id, self.subscriber.name)

    def _ring_for_retries(self) -> None:
        """Ring once for the next parked event that will be due; the sweeper finds it anyway."""
        moments = [*self.failures.due, *([self.next_due] if self.next_due is not None else [])]
        if moments:
            countdown = max(0.0, min(moments) - self.clock())
            self.doorbells.ring_later(self.tenant_id, self.subscriber, countdown=countdown)

    def _step(self) -> Step:
        step = self._take_step()
        if step is Step.SUSPECTED:
            return self._take_suspected()
        return self._retry() if step is Step.RETRIES_DUE else step

    def _take_suspected(self) -> Step:
        """Count the next event's start, and make it. A count whose start is not made is taken back.

        Who came while the count was taken back was sent away: look again.
        """
        if not self._count_next():
            return self._leave_to_other()
        if self.counted is None:
            return Step.MORE
        forget_start = self.poison.forget_at(self.counted)
        with self.poison.forgotten_when_cut_off(forget_start):
            step = self._take_step()
        if step is not Step.NOT_OURS:
            return step
        self.counted = None
        self.poison.forget(forget_start)
        return Step.MORE

    def _take_step(self) -> Step:
        try:
            return self._handle_batch()
        except BatchFailed as failed:
            return self._after_failure(failed)

    def _handle_batch(self) -> Step:
        events: list[StoredEvent] = []
        began, is_counted = self.clock(), self.counted is not None
        self.dispatch.begin()
        try:
            with self.store.unit_of_work():
                held = self.store.lock(self.tenant_id, self.subscriber.name)
                if held is None or held.paused or not held.heard.intervals:
                    return Step.NOT_OURS
                self.tells_its_end = True
                self.next_due = self.clock() + held.due_in if held.due_in is not None else None
                if held.due and not is_counted and not self.retried and not self.owing:
                    self._note_begin(held)
                    self.retried = True
                    return Step.RETRIES_DUE
                most = self.pace.size(self.deadline - self.clock(), self.subscriber.batch_size)
                portion = self.reader.next(held, limit=1 if is_counted else most)
                if portion.events and not is_counted and self._note_begin(held):
                    return Step.MORE
                if not is_counted and self.poison.is_suspected(held, portion.events, self.blocking):
                    return Step.SUSPECTED
                self.counted, self.retried = None, False
                events = portion.events
                news = portion.reached > held.cursor
                applied = self._handle(events, reached=portion.reached, blocked=held.blocked) if news else []
        except Exception as error:
            if not events or (is_hang(error) and not self.dispatch.handling):
                raise
            self.pace.note(len(events), self.clock() - began)
            raise BatchFailed(events, self.dispatch.culprit, error, is_counted=is_counted) from error
        except BaseException as death:
            if self.dispatch.handling:
                self._note_death(events, death, is_counted=is_counted)
            raise
        self.pace.note(len(events), self.clock() - began)
        self.owing = False
        self._note(applied)
        if portion.outdated and not events:
            return Step.OUTDATED
        return Step.MORE if portion.more or held.due else Step.CAUGHT_UP

    def _note_begin(self, held: LockedSubscription) -> bool:
        """Note from where on events are handled; return whether another drain may have been killed by the same ones.

        One whose note names an earlier cursor has committed what it handled, and is about to end.
        """
        note = Note(run=self.run_id, cursor=held.cursor)
        found = self.doorbells.begin(self.tenant_id, self.subscriber, note)
        if found is None or found.cursor != held.cursor:
            return False
        self.suspicious = True
        self.poison.suspect_next(held)
        return True

    def _handle(self, events: list[StoredEvent], *, reached: int, blocked: bool) -> list[AnyDelivery]:
        passing, waiting = self.blocking.part(events) if blocked else (events, [])
        for event in waiting:
            self.store.park(self.subscriber.name, event.envelope, State.WAITING)
        fresh = self.store.account(
            self.tenant_id, self.subscriber.name, [event.envelope for event in passing], reached=reached
        )
        if len(fresh) < len(passing):
            self.seen.repeated(sorted({event.envelope.position for event in passing} - fresh))
            passing = [event for event in passing if event.envelope.position in fresh]
        deliveries = [self.dispatch.delivery(event, attempt=1) for event in passing]
        self.dispatch.call(deliveries)
        return deliveries

    def _note(self, applied: list[AnyDelivery]) -> None:
        self.handled += len(applied)
        self.seen.applied(applied)

    def _after_failure(self, failed: BatchFailed) -> Step:
        """Park the event that failed, where it was alone or the first; else find it, and commit what precedes it."""
        self.owing = True
        first, last = failed.events[0], failed.events[-1]
        alone = len(failed.events) == 1 or failed.culprit == first.envelope.position
        culprit = first.envelope.position if alone else failed.culprit
        if is_hang(failed.error):
            self._note_death(failed.events, failed.error, is_counted=failed.is_counted)
            return Step.DIED
        self.failures.raise_outage(failed.error, culprit or last.envelope.position)
        if alone:
            self.owing = self.failures.park(first, failed.error) is Outcome.NOT_OURS
            return Step.NOT_OURS if self.owing else Step.MORE
        suspicion = Suspicion.RANGE if culprit is None else Suspicion.CULPRIT
        isolation = Isolation(until=culprit or last.envelope.position, suspicion=suspicion)
        return Step.NOT_OURS if self.failures.isolate(isolation) is Outcome.NOT_OURS else Step.MORE

    def _note_death(self, events: list[StoredEvent], death: BaseException, *, is_counted: bool) -> None:
        """Count the start that has just ended with the handler's process, or should have; the next drain looks at it.

        Where that is not possible, the broker's note that this drain runs is left, as a killed process leaves it.
        """
        culprit = events[0].envelope.position if len(events) == 1 else self.dispatch.culprit
        self.seen.died(culprit, death)
        if not self.poison.note_death(events, culprit, is_counted=is_counted):
            self.tells_its_end = False

    def _retry(self) -> Step:
        if self.suspicious:
            return self._count_and_retry()
        outcome, applied = self.failures.retry()
        if outcome is Outcome.SUSPECTED:
            return self._count_and_retry()
        self._note(applied)
        return Step.DIED if outcome is Outcome.DIED else Step.MORE

    def _count_and_retry(self) -> Step:
        """Count the start of the next parked event before it is tried; one that was started too often goes dead."""
        with self.poison.counting(), self.store.unit_of_work():
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
            outcome, applied = self.failures.retry(counted)
        if outcome in {Outcome.NOT_OURS, Outcome.OUTDATED}:
            self.poison.forget(forget_start)
        self._note(applied)
        return Step.DIED if outcome is Outcome.DIED else Step.MORE

    def _count_next(self) -> bool:
        """Count the next event's start before its handler runs; False when another drain is about to handle it.

        One whose counted start has not ended is set aside instead: it is tried apart, and the other streams go on.
        """
        with self.poison.counting(), self.store.unit_of_work():
            held = self.store.lock(self.tenant_id, self.subscriber.name)
            if held is None:
                return True
            portion = self.reader.next(held, limit=1)
            if not self.poison.is_suspected(held, portion.events, self.blocking):
                return True
            envelope = portion.events[0].envelope
            starts = self.poison.count(envelope.position)
            if starts is None:
                return False
            if starts == 1:
                self.counted = envelope.position
                return True
            aside = self.poison.set_aside(envelope, starts)
        self.failures.tell(envelope, aside.state, ASIDE_SECONDS, aside.error, attempts=starts)
        return True

    def _leave_to_other(self) -> Step:
        """Look again when the start that was just counted should have ended; what is due until then is not rung for."""
        self.next_due = None
        self.doorbells.ring_later(self.tenant_id, self.subscriber, countdown=STARTING_SECONDS)
        return Step.NOT_OURS
