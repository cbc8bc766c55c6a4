"""What is committed of one tenant. Rows and tables are never changed, only replaced: a snapshot is a reference."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from events.log.envelope import Envelope
from events.log.log import StoredEvent
from events.subscriptions.bindings import Heard, Interval
from events.subscriptions.cursors import Isolation
from events.subscriptions.parking import State

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
NOBODY = UUID(int=0)
NEVER = -1.0
"""A moment before the world began."""

Write = tuple[str, Any, Any]
"""Table, key, and the row's new version; None where it is deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRow:
    """:param starts: how often the event at `started_position` was started; the last time at `started_at`."""

    cursor: int
    start: int = 0
    started_position: int = 0
    starts: int = 0
    started_at: float = NEVER
    isolated: Isolation | None = None
    outage_position: int = 0
    outages: int = 0

    @property
    def isolation(self) -> Isolation | None:
        return self.isolated if self.isolated and self.isolated.until > self.cursor else None

    @property
    def started(self) -> int:
        return self.started_position if self.starts and self.started_position > self.cursor else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedRow:
    id: int
    subscriber: str
    position: int
    stream: str
    state: State
    attempts: int
    next_attempt_at: float
    fingerprint: str = ""
    starts: int = 0
    started_at: float = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """:param audience: the one subscriber that it is for; empty for everybody."""

    type: str
    stream: str
    version: int = 1
    audience: str = ""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """One tenant's tables, each a mapping of keys to rows, in the order of their commits."""

    log: Mapping[int, StoredEvent] = field(default_factory=dict)
    subscriptions: Mapping[str, SubscriptionRow] = field(default_factory=dict)
    processed: Mapping[tuple[str, int], bool] = field(default_factory=dict)
    parked: Mapping[int, ParkedRow] = field(default_factory=dict)
    effects: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    audiences: Mapping[int, str] = field(default_factory=dict)
    bindings: Mapping[tuple[str, str, int], Interval] = field(default_factory=dict)
    archive: Mapping[int, StoredEvent] = field(default_factory=dict)
    floors: Mapping[str, int] = field(default_factory=dict)
    """What goes on counting after a month was dropped: each stream's last version, and the log's head, under ""."""

    def after(self, writes: Sequence[Write]) -> "Rows":
        """Return the rows as they are once these writes are made."""
        changed: dict[str, dict[Any, Any]] = {}
        for table, key, row in writes:
            rows = changed.get(table)
            if rows is None:
                rows = changed[table] = dict(getattr(self, table))
            if row is None:
                rows.pop(key, None)
            else:
                rows[key] = row
        return replace(self, **changed)

    def progress(self, writes: Sequence[Write]) -> set[str]:
        """Return whose cursor, or whose events' states, these writes move; to count a start is no progress."""
        moved = set()
        for table, key, row in writes:
            earlier = getattr(self, table).get(key)
            if table == "processed":
                moved.add(key[0])
            elif table == "subscriptions" and row and earlier and row.cursor != earlier.cursor:
                moved.add(key)
            elif table == "parked" and (row is None or earlier is None or _outcome(row) != _outcome(earlier)):
                moved.add((row or earlier).subscriber)
        return moved

    @property
    def head(self) -> int:
        return next(reversed(self.log.values())).envelope.position if self.log else self.floors.get("", 0)

    def history(self) -> list[StoredEvent]:
        """List the archived events, and those of the log."""
        return [*self.archive.values(), *self.log.values()]

    def bound(self, subscriber: str, *, after: int = -1) -> Heard:
        """Return what a subscription is bound to that a cursor has not passed."""
        return Heard(
            tuple(
                interval
                for (name, _type, _since), interval in self.bindings.items()
                if name == subscriber and (interval.until is None or interval.until > after)
            )
        )

    def is_for(self, subscriber: str, heard: Heard, envelope: Envelope) -> bool:
        """Say whether an event is one of those that a subscription is bound to."""
        audience = self.audiences.get(envelope.position, subscriber)
        return audience == subscriber and heard.hears(envelope.type, envelope.position)

    def has_news(self, subscriber: str) -> bool:
        row = self.subscriptions.get(subscriber)
        if row is None or row.cursor >= self.head:
            return False
        heard = self.bound(subscriber, after=row.cursor)
        newest_first = (event.envelope for event in reversed(self.log.values()))
        return any(e.position > row.cursor and self.is_for(subscriber, heard, e) for e in newest_first)

    def first_pending(self, subscriber: str) -> int:
        """Return the first position after a cursor that its subscription hears; there is one."""
        after = self.subscriptions[subscriber].cursor
        heard = self.bound(subscriber, after=after)
        envelopes = (event.envelope for event in self.log.values())
        return next(e.position for e in envelopes if e.position > after and self.is_for(subscriber, heard, e))

    def parked_of(self, subscriber: str) -> Iterator[ParkedRow]:
        return (row for row in self.parked.values() if row.subscriber == subscriber)


def _outcome(row: ParkedRow) -> tuple[State, int]:
    return row.state, row.attempts


def stored(tenant: str, position: int, new: NewEvent, stream_version: int) -> StoredEvent:
    envelope = Envelope(
        event_id=UUID(int=position),
        type=new.type,
        version=new.version,
        category="DOMAIN",
        tenant_id=tenant,
        stream=new.stream,
        stream_version=stream_version,
        position=position,
        occurred_at=EPOCH,
        recorded_at=EPOCH,
        correlation_id=NOBODY,
        causation_id=None,
        actor="",
        traceparent="",
    )
    return StoredEvent(envelope=envelope, data=tenant)
