"""Sharing: one look at the log serves all drains of a round, wherever it has seen all that there was."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from events.delivery.sharing import SharedLog
from events.log.log import Page, StoredEvent
from events.subscriptions.pending import Look, Pending
from tests.faults.simulation.rows import NewEvent, stored

OF_THE_STORE = Page(events=[], reached=-1, more=False)


class Looked:
    """A store that has been looked at, and is not to be read."""

    def __init__(self, found: list[Pending], events: list[StoredEvent]) -> None:
        self.seen, self.committed = Look(found=found, events=events), list(events)

    def look(self, _tenant_id: str, _subscribers: Sequence[str]) -> Look:
        return self.seen

    def read(self, *_of: Any, **_options: Any) -> Page:
        return OF_THE_STORE

    def has_any(self, _tenant_id: str, *, after: int, types: Sequence[str]) -> bool:
        return any(each.envelope.position > after and each.envelope.type in types for each in self.committed)

    def lock(self, *_of: Any) -> str:
        return "of the store"


def event(position: int, *, audience: str | None = None) -> StoredEvent:
    made = stored("north", position, NewEvent(type="sold" if position % 2 else "counted", stream="s"), position)
    return msgspec.structs.replace(made, envelope=msgspec.structs.replace(made.envelope, audience=audience))


def shared(*events: StoredEvent, cursor: int = 3, first: int = 5) -> SharedLog:
    found = Pending(subscriber="stock", cursor=cursor, first=first, apart=False)
    log = SharedLog(Looked([found], list(events)))  # type: ignore[arg-type]
    assert log.look_for("north", ["stock"]) == [found]
    return log


def read(log: SharedLog, *, after: int = 3, limit: int = 9, subscriber: str = "stock") -> Page:
    return log.read("north", subscriber, after=after, types=["sold"], limit=limit)


@pytest.mark.parametrize(
    ("after", "limit", "positions", "reached", "more"),
    [
        (3, 9, [5, 7, 9], 9, False),
        (3, 4, [5, 7, 9], 9, False),
        (3, 2, [5, 7], 7, True),
        (7, 9, [9], 9, False),
        (7, 1, [9], 9, False),
    ],
)
def test_a_drain_reads_what_the_look_has_brought(
    after: int, limit: int, positions: list[int], reached: int, more: bool
) -> None:
    page = read(shared(*map(event, range(5, 10))), after=after, limit=limit)

    assert [each.envelope.position for each in page.events] == positions
    assert (page.reached, page.more) == (reached, more)


def test_events_that_nobody_hears_are_stepped_over() -> None:
    assert read(shared(event(6), event(8), cursor=5, first=6), after=5) == Page(events=[], reached=8, more=False)


@pytest.mark.parametrize("after", [2, 9, 10])
def test_what_the_look_has_not_seen_is_read_anew(after: int) -> None:
    assert read(shared(*map(event, range(5, 10))), after=after) is OF_THE_STORE


def test_the_log_is_read_where_it_has_more_than_the_look_brings() -> None:
    assert read(shared(*map(event, range(6, 10)), first=5)) is OF_THE_STORE


def test_edited_copies_are_told_apart_by_the_store() -> None:
    assert read(shared(event(5), event(6), event(7, audience="others"))) is OF_THE_STORE


def test_only_what_was_committed_since_the_look_is_newer() -> None:
    log = shared(event(5))
    assert not log.has_newer("north", ["sold"])

    log.store.committed.append(event(6))
    assert [log.has_newer("north", types) for types in (["sold"], ["counted"], ["sold", "counted"])] == [
        False,
        True,
        True,
    ]
    assert shared().has_newer("north", [])


def test_whoever_was_not_found_by_the_look_reads_the_log() -> None:
    log = shared(event(5))

    assert read(log, subscriber="payments") is OF_THE_STORE
    assert log.lock("north", "stock") == "of the store"
    assert read(shared()) is OF_THE_STORE
