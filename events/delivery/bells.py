"""Bells: what a drain needs of the doorbells, and how they are answered for it where it runs in a round."""

from dataclasses import dataclass, field
from typing import Protocol

from events.subscriptions.notes import Note
from events.subscriptions.registry import Subscriber


class Bells(Protocol):
    """See `Doorbells`."""

    def answer(self, tenant_id: str, subscriber: Subscriber) -> bool: ...
    def begin(self, tenant_id: str, subscriber: Subscriber, note: Note) -> Note | None: ...
    def end(self, tenant_id: str, subscriber: Subscriber, run: str, *, behind: bool = False) -> None: ...
    def ring_again(self, tenant_id: str, subscriber: Subscriber, *, countdown: float = 0.0) -> bool: ...
    def ring_later(self, tenant_id: str, subscriber: Subscriber, *, countdown: float) -> None: ...


@dataclass
class BellsInRound:
    """The doorbells of a round's drains: the round silences its bell, notes their ends, and rings for what is left.

    :param ended: the run of each subscriber whose end is to be noted.
    """

    doorbells: Bells
    ended: dict[Subscriber, str] = field(default_factory=dict)

    def answer(self, _tenant_id: str, _subscriber: Subscriber) -> bool:
        return False

    def begin(self, tenant_id: str, subscriber: Subscriber, note: Note) -> Note | None:
        return self.doorbells.begin(tenant_id, subscriber, note)

    def end(self, _tenant_id: str, subscriber: Subscriber, run: str, *, behind: bool = False) -> None:  # noqa: ARG002
        self.ended[subscriber] = run

    def ring_again(self, _tenant_id: str, _subscriber: Subscriber, *, countdown: float = 0.0) -> bool:  # noqa: ARG002
        return True

    def ring_later(self, tenant_id: str, subscriber: Subscriber, *, countdown: float) -> None:
        self.doorbells.ring_later(tenant_id, subscriber, countdown=countdown)
