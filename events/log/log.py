"""The event log: one append-only table, in commit order and without gaps for each tenant."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import connection

from events.log.audience import is_for
from events.log.envelope import Envelope
from events.log.horizon import EventArchived
from kernel.statements import Statement, together


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """An event that was published and has no position yet; `data` is its JSON.

    :param audience: the one subscriber that it is for; None for everybody.
    """

    event_id: UUID
    type: str
    version: int
    category: str
    stream: str
    occurred_at: datetime
    correlation_id: UUID
    causation_id: UUID | None
    actor: str
    traceparent: str
    data: str
    audience: str | None = None


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    envelope: Envelope
    data: str


FLOOR = "coalesce((SELECT position FROM events_floor WHERE tenant_id = %(tenant)s), 0)"
"""The position after which the log begins: what came before is in archives only."""

# The newest position of a tenant's log. What was dropped may be newer than what is kept: months follow the clock, which
# may be set back. The same holds for the versions of a stream.
HEAD = """greatest(
    (SELECT max(position) FROM events_event WHERE tenant_id = %(tenant)s),
    (SELECT position FROM events_floor WHERE tenant_id = %(tenant)s),
    0
)"""

# The lock is one statement and the head is read in the next, so that the wait for the lock is outside the snapshot
# that reads the head: true at READ COMMITTED only. Both travel in one round trip.
_APPEND = f"""
SELECT current_setting('transaction_isolation') FROM pg_advisory_xact_lock(hashtextextended(%(tenant)s, 0));
INSERT INTO events_event (
    tenant_id, position, event_id, type, version, category, stream, stream_version,
    occurred_at, recorded_at, correlation_id, causation_id, actor, traceparent, data, audience
)
SELECT
    %(tenant)s,
    {HEAD} + new.n,
    new.event_id, new.type, new.version, new.category, new.stream,
    greatest((
        SELECT max(earlier.stream_version) FROM events_event AS earlier
        WHERE earlier.tenant_id = %(tenant)s AND earlier.stream = new.stream
    ), (
        SELECT floor.version FROM events_streamfloor AS floor
        WHERE floor.tenant_id = %(tenant)s AND floor.stream = new.stream
    ), 0) + row_number() OVER (PARTITION BY new.stream ORDER BY new.n),
    new.occurred_at, (SELECT clock_timestamp()), new.correlation_id, new.causation_id, new.actor, new.traceparent,
    new.data::jsonb, new.audience
FROM ROWS FROM (json_to_recordset(%(events)s::json) AS (
    event_id uuid, type text, version int, category text, stream text, occurred_at timestamptz, correlation_id uuid,
    causation_id uuid, actor text, traceparent text, data text, audience text
)) WITH ORDINALITY AS new (
    event_id, type, version, category, stream, occurred_at, correlation_id, causation_id, actor, traceparent, data,
    audience, n
)
ORDER BY new.n
"""


def append(tenant_id: str, events: Sequence[NewEvent], *, after: Sequence[Statement] = ()) -> str:
    """Append events to the tenant's log; return the isolation level of the transaction.

    The tenant's lock is held from here to the end of the transaction.

    :param after: statements that are sent in the same round trip, before the lock is taken.
    """
    appending = Statement(_APPEND, {"tenant": tenant_id, "events": _new_events.encode(events).decode()})
    sent = together([*after, appending])
    with connection.cursor() as cursor:
        cursor.execute(sent.sql, sent.parameters)
        for _ in after:
            cursor.nextset()
        isolation: str = cursor.fetchone()[0]
        return isolation


def head(tenant_id: str) -> int:
    """Return the position of the tenant's newest event, 0 when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {HEAD}", {"tenant": tenant_id})
        position: int = cursor.fetchone()[0]
        return position


# An envelope travels as one JSON array: msgspec reads it several times faster than fourteen columns are converted.
_ENVELOPE = ", ".join(f"event.{name}" for name in Envelope.__struct_fields__)
COLUMNS = f"json_build_array({_ENVELOPE})::text, event.data::text"

_READ = f"""
WITH head AS (SELECT coalesce(max(position), 0) AS position FROM events_event WHERE tenant_id = %(tenant)s)
SELECT head.position, event.position, {COLUMNS}
FROM head LEFT JOIN LATERAL (
    SELECT * FROM events_event e
    WHERE tenant_id = %(tenant)s AND position > %(after)s AND position <= %(until)s AND type = ANY(%(types)s)
        AND {is_for("e", "%(subscriber)s::text")}
    ORDER BY position LIMIT %(limit)s
) AS event ON true
ORDER BY event.position
"""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Events after a position, and the position up to which nothing else of their types exists."""

    events: list[StoredEvent]
    reached: int
    more: bool


def read(
    tenant_id: str,
    *,
    after: int,
    types: Iterable[str],
    limit: int,
    subscriber: str | None = None,
    window: int = 10_000,
) -> Page:
    """Read up to `limit` events of some types, looking at no more than `window` positions.

    :param subscriber: who reads; edited copies for others are left out, without it all edited copies.
    """
    until = after + window
    asked = {"tenant": tenant_id, "subscriber": subscriber, "after": after, "until": until, "types": list(types)}
    with connection.cursor() as cursor:
        cursor.execute(_READ, {**asked, "limit": limit})
        rows = cursor.fetchall()
    newest: int = rows[0][0]
    events = [stored_event(row[2:]) for row in rows if row[1] is not None]
    reached = events[-1].envelope.position if len(events) == limit else min(newest, until)
    return Page(events=events, reached=max(reached, after), more=newest > reached)


def has_any(tenant_id: str, *, after: int, types: Sequence[str]) -> bool:
    """Say whether an event of these types is after a position."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM events_event WHERE tenant_id = %s AND position > %s AND type = ANY(%s))",
            [tenant_id, after, list(types)],
        )
        return bool(cursor.fetchone()[0])


def read_at(tenant_id: str, position: int) -> StoredEvent:
    """Read the event at a position that was once written.

    :raises EventArchived: when its month was dropped.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {COLUMNS} FROM events_event AS event WHERE tenant_id = %s AND position = %s",
            [tenant_id, position],
        )
        row = cursor.fetchone()
    if row is None:
        message = f"the event at position {position} is in an archive only"
        raise EventArchived(message)
    return stored_event(row)


def between(
    tenant_id: str, *, since: datetime, until: datetime, types: Sequence[str], most: int, page: int = 1000
) -> Iterator[list[Envelope]]:
    """Read the integration events for everybody recorded in a period, in order, page by page, at most so many."""
    after, left = 0, most
    while left > 0:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT {COLUMNS} FROM events_event AS event
                WHERE tenant_id = %s AND audience IS NULL AND position > %s AND recorded_at >= %s AND recorded_at < %s
                    AND category = 'INTEGRATION' AND (%s::text[] = '{{}}' OR type = ANY(%s))
                ORDER BY position LIMIT %s
                """,
                [tenant_id, after, since, until, list(types), list(types), min(page, left)],
            )
            envelopes = [stored_event(row).envelope for row in cursor.fetchall()]
        if not envelopes:
            return
        yield envelopes
        after, left = envelopes[-1].position, left - len(envelopes)


_new_events = msgspec.json.Encoder()
_envelopes = msgspec.json.Decoder(Envelope)


def stored_event(row: Sequence[str]) -> StoredEvent:
    """Make an event of a row of `COLUMNS`."""
    envelope, data = row
    return StoredEvent(envelope=_envelopes.decode(envelope), data=data)
