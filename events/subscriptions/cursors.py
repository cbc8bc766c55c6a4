"""Subscriptions in the database: how far a subscriber has come in a tenant's log."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import connection

from events.log.envelope import Envelope
from events.subscriptions.bindings import FIRST_PENDING, HEARD, Heard, heard
from events.subscriptions.parking import PARKED_FLAGS, STARTING_SECONDS
from kernel.arrays import array


class Suspicion(StrEnum):
    CULPRIT = "CULPRIT"
    """The last event of the range failed: those before it are handled first, and then it alone."""
    RANGE = "RANGE"
    """One event of the range failed: it is found by halving."""
    KILLS = "KILLS"
    """One event of the range may have killed its worker: each is handled alone, and its start is counted."""


@dataclass(frozen=True, kw_only=True)
class Isolation:
    """What is known of a failure. It survives the run, and ends when the cursor has passed `until`."""

    until: int
    suspicion: Suspicion

    def size(self, events: int) -> int:
        """Return how many of so many events, which are all up to `until`, are handled together next."""
        if self.suspicion is Suspicion.CULPRIT:
            return max(1, events - 1)
        return (events + 1) // 2 if self.suspicion is Suspicion.RANGE else 1


@dataclass(frozen=True, kw_only=True)
class LockedSubscription:
    """A subscription whose row this transaction has locked.

    :param blocked: whether an event is parked that another may wait for, or that the cursor has yet to pass.
    :param due_in: in how many seconds the next parked event is due; None when none is retried.
    :param heard: what it is bound to.
    :param isolation: what an earlier failure says of the next events; None when nothing.
    :param started: the position of an event after the cursor whose start was counted and has not ended, or 0.
    """

    cursor: int
    paused: bool
    blocked: bool
    due_in: float | None
    heard: Heard
    isolation: Isolation | None = None
    started: int = 0

    @property
    def due(self) -> bool:
        return self.due_in is not None and self.due_in <= 0


STATEMENT_SECONDS = 20
"""What one statement of a handler may take: less than the task's time limit, so that the server ends it."""

# The row is locked in one statement; what else is pending is read in the next, whose snapshot is younger than the lock.
# Both travel in one round trip.
_LOCK = f"""
SELECT s.cursor, s.paused_at IS NOT NULL, s.isolation, s.isolated_until,
    CASE WHEN s.starts > 0 AND s.started_position > s.cursor THEN s.started_position ELSE 0 END
FROM events_subscription s WHERE s.tenant_id = %(tenant)s AND s.subscriber = %(subscriber)s
FOR NO KEY UPDATE SKIP LOCKED;
SELECT {PARKED_FLAGS}, {HEARD}
FROM events_subscription s WHERE s.tenant_id = %(tenant)s AND s.subscriber = %(subscriber)s;
SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'
"""


def lock(tenant_id: str, subscriber: str) -> LockedSubscription | None:
    """Lock the subscription for this transaction; None when another has it, or it does not exist."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, {"tenant": tenant_id, "subscriber": subscriber})
        row = cursor.fetchone()
        if row is None:
            return None
        cursor.nextset()
        flags = cursor.fetchone()
    position, paused, suspicion, until, started = row
    isolated = Isolation(until=until, suspicion=Suspicion(suspicion)) if suspicion and until > position else None
    return LockedSubscription(
        cursor=position,
        paused=paused,
        blocked=flags[0],
        due_in=flags[1],
        heard=heard(flags[2]),
        isolation=isolated,
        started=started,
    )


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
                "positions": array(envelope.position for envelope in envelopes),
                "recorded": array(envelope.recorded_at for envelope in envelopes),
            },
        )
        return {position for (position,) in cursor.fetchall()}


def has_news(tenant_id: str, subscriber: str) -> bool:
    """Look, without the lock, whether there is anything to do: the second look after the last COMMIT."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT EXISTS (SELECT 1 FROM {FIRST_PENDING})
            FROM events_subscription s WHERE s.tenant_id = %s AND s.subscriber = %s AND s.paused_at IS NULL
            """,
            [tenant_id, subscriber],
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


def isolate(tenant_id: str, subscriber: str, isolation: Isolation) -> None:
    """Be careful with the next events, in this run and in later ones. Belongs under the lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_subscription SET isolation = %s, isolated_until = %s"
            " WHERE tenant_id = %s AND subscriber = %s",
            [isolation.suspicion, isolation.until, tenant_id, subscriber],
        )


def count_outage(tenant_id: str, subscriber: str, position: int) -> int:
    """Count that what ended at a position failed as an outage does, while the database answers; return how often.

    It is the same failure while the cursor has not passed the position that was counted last.

    :raises OperationalError: when another drain holds the subscription for longer than a moment.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SET LOCAL lock_timeout = '{STARTING_SECONDS}s';
            UPDATE events_subscription SET outage_position = %(position)s, outages = CASE
                WHEN outage_position = %(position)s OR (outage_position > cursor AND %(position)s > cursor)
                THEN outages + 1 ELSE 1 END
            WHERE tenant_id = %(tenant)s AND subscriber = %(subscriber)s
            RETURNING outages
            """,
            {"position": position, "tenant": tenant_id, "subscriber": subscriber},
        )
        cursor.nextset()
        row = cursor.fetchone()
        return int(row[0]) if row else 0


def forget_start(tenant_id: str, subscriber: str, position: int, *, counted: int | None = None) -> None:
    """Take back one counted start of the event at a position.

    :param counted: only where so many are counted: the last count's COMMIT was not answered, and may not be made.
    :raises OperationalError: when another drain holds the subscription for longer than a moment: it handles the event.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{STARTING_SECONDS}s'")
        cursor.execute(
            """
            UPDATE events_subscription SET starts = starts - 1
            WHERE tenant_id = %s AND subscriber = %s AND started_position = %s AND starts > 0
                AND starts = coalesce(%s, starts)
            """,
            [tenant_id, subscriber, position, counted],
        )
