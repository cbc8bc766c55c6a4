"""Doorbells that ring nowhere."""

# ruff: noqa: ARG002 - the methods take what those of the base class take
from typing import Any

from events.subscriptions.doorbells import Doorbells
from events.subscriptions.notes import Note


class SilentDoorbells(Doorbells):
    """Rings nowhere, and notes for whom it would have."""

    def __init__(self) -> None:
        super().__init__()
        self.rung: list[str] = []
        self.unended, self.run = False, ""
        self.behind: set[str] = set()

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
