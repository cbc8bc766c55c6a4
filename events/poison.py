"""Poison: events that kill their workers. Starts are counted before the handler runs; the third makes it dead."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from django.db import Error

from events.parking import Parked, State
from events.store import Store
from events.subscriptions import Subscriber

STARTS_BEFORE_DEAD = 3

ForgetStart = Callable[[], None]


class KilledItsWorker(Exception):
    """An event's start was counted too often without an end: it takes its workers down."""

    def __init__(self, starts: int) -> None:
        super().__init__(f"started {starts} times without an end")
        self.starts = starts

    @property
    def described(self) -> str:
        return f"{type(self).__name__}: {self}"


@dataclass
class Poison:
    """The counted starts of one subscription."""

    subscriber: Subscriber
    tenant_id: str
    store: Store

    def count(self, position: int) -> int | None:
        """Count a start at the cursor in the current transaction; None when another drain is about to make it."""
        return self.store.count_start(self.tenant_id, self.subscriber.name, position)

    def count_parked(self, parked: Parked) -> Parked | None:
        """Count a start of a parked event; one that was started too often goes dead, and its `starts` say so.

        None when another drain is about to make it.
        """
        counted = self.store.count_parked_start(parked)
        if counted and is_deadly(counted.starts):
            self.store.settle(counted, State.DEAD, error=KilledItsWorker(counted.starts).described)
        return counted

    def forget_at(self, position: int) -> ForgetStart:
        return partial(self.store.forget_start, self.tenant_id, self.subscriber.name, position)

    def forget_parked(self, parked: Parked) -> ForgetStart:
        return partial(self.store.forget_parked_start, parked)

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
        for _ in range(2):
            with suppress(Error), self.store.unit_of_work():
                forget_start()
                return


def is_deadly(starts: int) -> bool:
    return starts >= STARTS_BEFORE_DEAD
