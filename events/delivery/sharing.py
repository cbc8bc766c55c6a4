"""Sharing: what one look has read of the log serves all drains of a round. Events do not change."""

from collections.abc import Iterable, Sequence
from typing import Any

from events.delivery.store import Store
from events.log.log import Page
from events.subscriptions.pending import Look, Pending


class SharedLog:
    """A store whose reads are answered from the last look, as long as that has seen all there was after the cursor."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.look = Look(found=[], events=[])
        self.pending: dict[str, Pending] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def look_for(self, tenant_id: str, subscribers: Sequence[str]) -> list[Pending]:
        self.look = self.store.look(tenant_id, subscribers)
        self.pending = {each.subscriber: each for each in self.look.found}
        if any(event.envelope.audience is not None for event in self.look.events):
            self.pending.clear()
        return self.look.found

    def has_newer(self, tenant_id: str, types: Sequence[str]) -> bool:
        """Say whether events of some types were committed since the last look, or may have been."""
        events = self.look.events
        return not events or self.store.has_any(tenant_id, after=events[-1].envelope.position, types=types)

    def read(self, tenant_id: str, subscriber: str, *, after: int, types: Iterable[str], limit: int) -> Page:
        """Read as the store does. Edited copies, and what the look has not seen, are left to the store."""
        if not self._has_seen(subscriber, after):
            return self.store.read(tenant_id, subscriber, after=after, types=types, limit=limit)
        heard, newest = frozenset(types), self.look.events[-1].envelope.position
        events = [
            event for event in self.look.events if event.envelope.position > after and event.envelope.type in heard
        ][:limit]
        reached = events[-1].envelope.position if len(events) == limit else newest
        return Page(events=events, reached=reached, more=newest > reached)

    def _has_seen(self, subscriber: str, after: int) -> bool:
        """Say whether all that the subscriber hears after a position, up to the moment of the look, was brought."""
        found, events = self.pending.get(subscriber), self.look.events
        if found is None or not events or found.first < events[0].envelope.position:
            return False
        return found.cursor <= after < events[-1].envelope.position
