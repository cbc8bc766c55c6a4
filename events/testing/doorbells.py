"""Doorbells that ring nowhere."""

# ruff: noqa: ARG002 - the methods take what those of the base class take
from collections.abc import Collection, Mapping
from typing import Any

from events.subscriptions.doorbells import Doorbells
from events.subscriptions.notes import Note, Watched
from events.subscriptions.registry import Subscriber


class SilentDoorbells(Doorbells):
    """Rings nowhere, and notes for whom it would have."""

    def __init__(self) -> None:
        super().__init__()
        self.rung: list[str] = []
        self.unended, self.run = False, ""
        self.behind: set[str] = set()
        self.notes: dict[str, Note] = {}
        """The note of a drain that has not ended, for each subscriber that a round asks about."""
        self.bell: list[str] = []
        """The states of a round's bell: `rings`, `silent`, or `rings for` so many seconds and another round."""
        self.put_off_by: float | None = None
        """When the round before looked, where it has put off the one that begins."""

    def ring_for(self, tenant_id: str, subscribers: Any) -> None:
        self.rung += [subscriber.name for subscriber in subscribers]

    def ring_again(self, tenant_id: str, subscriber: Any, *, countdown: float = 0.0) -> bool:
        self.rung.append(subscriber.name)
        return True

    def answer(self, tenant_id: str, subscriber: Any) -> bool:
        return subscriber.name in self.behind

    def begin(self, tenant_id: str, subscriber: Any, note: Note) -> Note | None:
        known, self.run = self.run == note.run, note.run
        return Note(run="killed", cursor=note.cursor) if self.unended and not known else None

    def end(self, tenant_id: str, subscriber: Any, run: str, *, behind: bool = False) -> None:
        self.unended = False
        (self.behind.add if behind else self.behind.discard)(subscriber.name)

    # Rounds

    def ring_alone(self, tenant_id: str, subscribers: list[Subscriber]) -> None:
        self.rung += [subscriber.name for subscriber in subscribers]

    def begin_round(self, tenant_id: str, queue: str) -> float | None:
        self.bell.append("rings")
        return self.put_off_by

    def silence_round(self, tenant_id: str, queue: str, ended: Mapping[Subscriber, str]) -> None:
        self.bell.append("silent")

    def put_off_round(
        self, tenant_id: str, queue: str, ended: Mapping[Subscriber, str], *, began: float, countdown: float
    ) -> None:
        self.bell.append(f"rings for {countdown:.3f}")

    def watched(self, tenant_id: str, subscribers: Collection[Subscriber]) -> dict[Subscriber, Watched]:
        return {each: Watched(note=self.notes.get(each.name), behind=each.name in self.behind) for each in subscribers}
