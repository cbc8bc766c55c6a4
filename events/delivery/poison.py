"""Poison: events that kill their workers. Starts are counted before the handler runs; the third makes it dead.

After the first that has not ended the event is set aside: it is parked, and its further starts are those of a retry.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from events.delivery.blocking import Blocking
from events.delivery.failures import insist
from events.delivery.reading import Place
from events.delivery.store import Store
from events.log.envelope import Envelope
from events.log.log import StoredEvent
from events.subscriptions.cursors import Isolation, LockedSubscription, Suspicion
from events.subscriptions.parking import Parked, State
from events.subscriptions.registry import Subscriber

STARTS_BEFORE_DEAD = 3
ASIDE_SECONDS = 5.0
"""How long an event that was set aside leaves its subscription to the other streams, before it is tried again."""

ForgetStart = Callable[[], None]


class KilledItsWorker(Exception):
    """An event's start was counted too often without an end: it takes its workers down."""

    def __init__(self, starts: int) -> None:
        super().__init__("started once without an end" if starts == 1 else f"started {starts} times without an end")
        self.starts = starts

    @property
    def described(self) -> str:
        return f"{type(self).__name__}: {self}"


@dataclass(frozen=True, kw_only=True)
class Aside:
    """The outcome of an event whose counted starts have not ended."""

    state: State
    error: KilledItsWorker


@dataclass
class Poison:
    """The counted starts of one subscription."""

    subscriber: Subscriber
    tenant_id: str
    store: Store
    unanswered: ForgetStart | None = None
    """Takes back what the current unit of work has counted, where it is committed all the same."""

    def suspect(self, events: Sequence[StoredEvent]) -> Isolation | None:
        """Handle each of the next events alone and count its start, because one may have killed a worker."""
        if not events:
            return None
        isolation = Isolation(until=events[-1].envelope.position, suspicion=Suspicion.KILLS)
        self.store.isolate(self.tenant_id, self.subscriber.name, isolation)
        return isolation

    def suspect_next(self, held: LockedSubscription) -> None:
        """Suspect the events after the cursor, as many as may share a transaction."""
        name, most = self.subscriber.name, self.subscriber.batch_size
        page = self.store.read(self.tenant_id, name, after=held.cursor, types=held.heard.types, limit=most)
        self.suspect(page.events)

    def is_suspected(self, place: Place, events: Sequence[StoredEvent], blocking: Blocking) -> bool:
        """Say whether the first of the next events may kill its worker, unless it waits for an earlier one anyway."""
        if not events:
            return False
        kills = place.isolation is not None and place.isolation.suspicion is Suspicion.KILLS
        if not kills and events[0].envelope.position != place.started:
            return False
        return not (place.blocked and blocking.part(events[:1])[0] == [])

    def count(self, position: int) -> int | None:
        """Count a start at the cursor in the current transaction; None when another drain is about to make it."""
        starts = self.store.count_start(self.tenant_id, self.subscriber.name, position)
        if starts is not None:
            self.unanswered = partial(self.forget_at(position), counted=starts)
        return starts

    def set_aside(self, envelope: Envelope, starts: int) -> Aside:
        """Park the next event, whose starts before the one that was just counted have not ended: dead, or tried apart.

        Its stream waits for it; the cursor passes it, and the others go on.
        """
        dead = is_deadly(starts)
        made = starts if dead else starts - 1
        aside = Aside(state=State.DEAD if dead else State.RETRYING, error=KilledItsWorker(made))
        delay = 0.0 if dead else ASIDE_SECONDS
        self.store.park(
            self.subscriber.name, envelope, aside.state, delay=delay, error=aside.error.described, starts=made
        )
        self.store.account(self.tenant_id, self.subscriber.name, [], reached=envelope.position)
        return aside

    def count_parked(self, parked: Parked) -> Parked | None:
        """Count a start of a parked event; one that was started too often goes dead, and its `starts` say so.

        None when another drain is about to make it.
        """
        counted = self.store.count_parked_start(parked)
        if counted is not None:
            self.unanswered = partial(self.forget_parked(counted), counted=counted.starts)
        if counted and is_deadly(counted.starts):
            self.store.settle(counted, State.DEAD, error=KilledItsWorker(counted.starts).described)
        return counted

    def note_death(self, events: Sequence[StoredEvent], culprit: int | None, *, is_counted: bool) -> bool:
        """Count the start of the event whose handler has just died, unless it is; say whether that was possible.

        Where the event is not known, each of the batch is handled alone from now on, and counted.
        """
        return bool(insist(self.store, partial(self._note_death, events, culprit, is_counted=is_counted)))

    def _note_death(self, events: Sequence[StoredEvent], culprit: int | None, *, is_counted: bool) -> bool:
        held = self.store.lock(self.tenant_id, self.subscriber.name)
        if held is None or held.cursor >= events[0].envelope.position:
            return False
        if culprit is None:
            self.suspect(events)
            return True
        isolation = Isolation(until=culprit, suspicion=Suspicion.CULPRIT)
        self.store.isolate(self.tenant_id, self.subscriber.name, isolation)
        if not is_counted:
            self.count(culprit)
        return True

    def forget_at(self, position: int) -> partial[None]:
        return partial(self.store.forget_start, self.tenant_id, self.subscriber.name, position)

    def forget_parked(self, parked: Parked) -> partial[None]:
        return partial(self.store.forget_parked_start, parked)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Take back what a unit of work has counted whose COMMIT failed: it may be made all the same.

        What another has counted since then is left.
        """
        self.unanswered = None
        try:
            yield
        except Exception:
            if self.unanswered is not None:
                self.forget(self.unanswered)
            raise

    @contextmanager
    def forgotten_when_cut_off(self, forget_start: ForgetStart) -> Iterator[None]:
        """Take a counted start back when an outage ended it: the drain lives, so the event killed nobody."""
        try:
            yield
        except Exception:
            self.forget(forget_start)
            raise

    def forget(self, forget_start: ForgetStart) -> None:
        """Take a counted start back: over a new connection, where this one is cut."""
        insist(self.store, forget_start)


def is_deadly(starts: int) -> bool:
    return starts >= STARTS_BEFORE_DEAD
