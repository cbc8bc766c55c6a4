"""Blocking: which of the next events must wait for one that failed on their stream."""

from collections.abc import Sequence
from dataclasses import dataclass

from events.delivery.store import Store
from events.log.log import StoredEvent
from events.subscriptions.registry import Subscriber


@dataclass
class Blocking:
    """The blocked streams of one subscription."""

    subscriber: Subscriber
    tenant_id: str
    store: Store

    def streams_of(self, events: Sequence[StoredEvent]) -> set[str]:
        """Return those of the events' streams that hold an unresolved event."""
        if self.subscriber.unordered:
            return set()
        streams = [event.envelope.stream for event in events]
        return self.store.blocked_streams(self.tenant_id, self.subscriber.name, streams)

    def part(self, events: Sequence[StoredEvent]) -> tuple[list[StoredEvent], list[StoredEvent]]:
        """Part the events that may be handled from those that must wait; one that is parked already is neither."""
        positions = [event.envelope.position for event in events]
        excluded = self.store.parked_before(self.tenant_id, self.subscriber.name, positions)
        blocked = self.streams_of(events)
        wanted = [event for event in events if event.envelope.position not in excluded]
        waiting = [event for event in wanted if event.envelope.stream in blocked]
        return [event for event in wanted if event.envelope.stream not in blocked], waiting
