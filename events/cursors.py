"""Subscriptions in the database: how far a subscriber has come in a tenant's log."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from events.audience import is_for
from events.bindings import HEARD, Heard, heard
from events.delivery import Envelope
from events.parking import PARKED_FLAGS, STARTING_SECONDS


@dataclass(frozen=True, kw_only=True)
class Held:
    """A subscription whose row this transaction has locked.

    :param blocked: whether an event is parked that another may wait behind, or that the cursor has yet to pass.
    :param heard: what it is bound to.
    """

    cursor: int
    paused: bool
    blocked: bool
    due: bool
    heard: Heard


# The row is locked in one statement; what else is pending is read in the next, whose snapshot is younger than the lock.
# Both travel in one round trip.
_LOCK = f"""
SELECT s.cursor, s.paused_at IS NOT NULL
FROM events_subscription s WHERE s.tenant_id = %(tenant)s AND s.subscriber = %(subscriber)s
FOR NO KEY UPDATE SKIP LOCKED;
SELECT {PARKED_FLAGS}, {HEARD}
FROM events_subscription s WHERE s.tenant_id = %(tenant)s AND s.subscriber = %(subscriber)s
"""


def lock(tenant_id: str, subscriber: str) -> Held | None:
    """Lock the subscription for this transaction; None when another has it, or it does not exist."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, {"tenant": tenant_id, "subscriber": subscriber})
        row = cursor.fetchone()
        if row is None:
            return None
        cursor.nextset()
        flags = cursor.fetchone()
    return Held(cursor=row[0], paused=row[1], blocked=flags[0], due=flags[1], heard=heard(flags[2]))


def account(tenant_id: str, subscriber: str, envelopes: Sequence[Envelope], *, reached: int) -> set[int]:
    """Insert the processed rows and move the cursor.

    Returns the positions that are new; one that is missing was applied before and must not be handled again.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH moved AS (
                UPDATE events_subscription SET cursor = %(reached)s, updated_at = clock_timestamp()
                WHERE tenant_id = %(tenant)s AND subscriber = %(subscriber)s
            )
            INSERT INTO events_processedevent (tenant_id, subscriber, position, recorded_at, processed_at)
            SELECT %(tenant)s, %(subscriber)s, event.position, event.recorded_at, clock_timestamp()
            FROM unnest(%(positions)s::bigint[], %(recorded)s::timestamptz[]) AS event (position, recorded_at)
            ON CONFLICT DO NOTHING
            RETURNING position
            """,
            {
                "tenant": tenant_id,
                "subscriber": subscriber,
                "reached": reached,
                "positions": _array(str(envelope.position) for envelope in envelopes),
                "recorded": _array(envelope.recorded_at.isoformat() for envelope in envelopes),
            },
        )
        return {position for (position,) in cursor.fetchall()}


def _array(values: Iterable[str]) -> str:
    """Write an array of what needs no quotes: the driver, which looks at each value, takes as long as the insert."""
    return f"{{{','.join(values)}}}"


def has_news(tenant_id: str, subscriber: str, types: Sequence[str]) -> bool:
    """Look, without the lock, whether there is anything to do: the second look after the last COMMIT."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT EXISTS (
                SELECT 1 FROM events_event e
                WHERE e.tenant_id = s.tenant_id AND e.position > s.cursor AND e.type = ANY(%s)
                    AND {is_for("e", "s.subscriber")}
            )
            FROM events_subscription s WHERE s.tenant_id = %s AND s.subscriber = %s AND s.paused_at IS NULL
            """,
            [list(types), tenant_id, subscriber],
        )
        row = cursor.fetchone()
        return bool(row and row[0])


def count_start(tenant_id: str, subscriber: str, position: int) -> int | None:
    """Count that the event at a position is about to be handled after a drain that never ended; return how often.

    None when another drain has counted it within `STARTING_SECONDS`: it is about to handle it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE events_subscription
            SET starts = CASE WHEN started_position = %(position)s THEN starts + 1 ELSE 1 END,
                started_position = %(position)s, started_at = clock_timestamp()
            WHERE tenant_id = %(tenant)s AND subscriber = %(subscriber)s AND (
                started_position <> %(position)s OR started_at IS NULL
                OR started_at < clock_timestamp() - make_interval(secs => %(starting)s)
            )
            RETURNING starts
            """,
            {"position": position, "tenant": tenant_id, "subscriber": subscriber, "starting": STARTING_SECONDS},
        )
        row = cursor.fetchone()
        return row[0] if row else None


def forget_start(tenant_id: str, subscriber: str, position: int) -> None:
    """Take back one counted start of the event at a position.

    :raises OperationalError: when another drain holds the subscription for longer than a moment: it handles the event.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{STARTING_SECONDS}s'")
        cursor.execute(
            """
            UPDATE events_subscription SET starts = starts - 1
            WHERE tenant_id = %s AND subscriber = %s AND started_position = %s AND starts > 0
            """,
            [tenant_id, subscriber, position],
        )
