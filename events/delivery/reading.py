"""Reading: which events a drain, or a bridge, takes next, by what its subscription is bound to and has gone through."""

from dataclasses import dataclass
from typing import Protocol

from events.delivery.dispatch import Dispatch
from events.delivery.store import Store
from events.log.log import StoredEvent
from events.subscriptions.bindings import Heard
from events.subscriptions.cursors import Isolation, Suspicion
from events.subscriptions.registry import Subscriber


class Place(Protocol):
    """Where a subscription stands, under its lock or its lease."""

    @property
    def cursor(self) -> int: ...
    @property
    def blocked(self) -> bool: ...
    @property
    def heard(self) -> Heard: ...
    @property
    def isolation(self) -> Isolation | None: ...
    @property
    def started(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Portion:
    """The events to take next, and the position up to which nothing else is heard.

    :param outdated: whether the event after them can only be handled by newer code.
    """

    events: list[StoredEvent]
    reached: int
    more: bool
    outdated: bool = False

    def cut(self, size: int, *, outdated: bool = False) -> "Portion":
        """Take only the first events; the next one is pending."""
        if size >= len(self.events):
            return self
        reached = self.events[size].envelope.position - 1
        return Portion(events=self.events[:size], reached=reached, more=True, outdated=outdated)


@dataclass
class Reader:
    """Reads the log for one subscription."""

    subscriber: Subscriber
    tenant_id: str
    store: Store
    dispatch: Dispatch

    def next(self, place: Place, *, limit: int) -> Portion:
        """Read up to `limit` events after the cursor: of those under suspicion as many as may share a transaction."""
        isolation = place.isolation or _of_start(place.started)
        most = self.subscriber.batch_size if isolation else limit
        page = self.store.read(
            self.tenant_id, self.subscriber.name, after=place.cursor, types=place.heard.types, limit=most
        )
        portion = Portion(events=page.events, reached=page.reached, more=page.more)
        if not place.heard.is_plain(place.cursor):
            portion = self._heard(portion, place.heard)
        if isolation:
            portion = portion.cut(min(limit, self._size(portion.events, place, isolation)))
        return self._cut_before_newer(portion)

    def _heard(self, portion: Portion, heard: Heard) -> Portion:
        events = [e for e in portion.events if heard.hears(e.envelope.type, e.envelope.position)]
        return Portion(events=events, reached=portion.reached, more=portion.more)

    def _size(self, events: list[StoredEvent], place: Place, isolation: Isolation) -> int:
        positions = [event.envelope.position for event in events]
        suspected = sum(position <= isolation.until for position in positions)
        size = isolation.size(suspected) if suspected else len(events)
        before_started = sum(position < place.started for position in positions)
        return min(size, max(1, before_started)) if place.started else size

    def _cut_before_newer(self, portion: Portion) -> Portion:
        kinds = {(event.envelope.type, event.envelope.version): event.envelope for event in portion.events}
        if all(map(self.dispatch.can_handle, kinds.values())):
            return portion
        for number, event in enumerate(portion.events):
            if not self.dispatch.can_handle(event.envelope):
                return portion.cut(number, outdated=True)
        return portion


def _of_start(position: int) -> Isolation | None:
    return Isolation(until=position, suspicion=Suspicion.CULPRIT) if position else None
