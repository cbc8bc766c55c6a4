"""Parked events: those that failed, and those that wait for one that failed on their stream."""

import hashlib
import re
import traceback
from dataclasses import dataclass, replace
from enum import StrEnum

from django.db import connection

from events.log.envelope import Envelope
from kernel.tenancy import current_tenant
from kernel.text import storable


class State(StrEnum):
    RETRYING = "RETRYING"
    """Failed, and will be tried again at `next_attempt_at`."""
    WAITING = "WAITING"
    """Waits for an unresolved event of the same stream."""
    DEAD = "DEAD"
    """Out of attempts, or beyond healing; an operator decides."""
    DISCARDED = "DISCARDED"
    """Given up by an operator, with a reason. Resolved."""


UNRESOLVED = [State.RETRYING, State.WAITING, State.DEAD]
LONGEST_ERROR = 8000
LONGEST_SUMMARY = 1000
# Of a subscription s: whether an event is parked that another may wait for, or that the cursor has yet to pass; and
# in how many seconds the next one is due. Each is one look at an index: EXISTS would take the order away that leads to
# it. Never in the statement that locks s: a lock follows the row to its newest
# version, and subqueries keep the older snapshot.
PARKED_FLAGS = """
    (
        SELECT true FROM events_parkedevent p
        WHERE p.tenant_id = s.tenant_id AND p.subscriber = s.subscriber AND p.state <> 'DISCARDED'
        ORDER BY p.stream LIMIT 1
    ) IS NOT NULL OR (
        SELECT true FROM events_parkedevent p
        WHERE p.tenant_id = s.tenant_id AND p.subscriber = s.subscriber AND p.position > s.cursor
        ORDER BY p.position LIMIT 1
    ) IS NOT NULL,
    (
        SELECT extract(epoch FROM min(p.next_attempt_at) - clock_timestamp())::float FROM events_parkedevent p
        WHERE p.tenant_id = s.tenant_id AND p.subscriber = s.subscriber AND p.state = 'RETRYING'
    )
"""
STARTING_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Parked:
    id: int
    position: int
    stream: str
    attempts: int
    starts: int


def park(
    subscriber: str, envelope: Envelope, state: State, *, delay: float = 0.0, error: str = "", starts: int = 0
) -> None:
    """Park an event in the current transaction.

    :param delay: seconds from now after which it is tried again.
    :param starts: how many of its starts were counted and have not ended.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO events_parkedevent (tenant_id, subscriber, position, event_id, type, stream, state, attempts,
                starts, next_attempt_at, error, fingerprint, reason, parked_at, updated_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp() + make_interval(secs => %s), %s, %s, '',
                clock_timestamp(), clock_timestamp())
            """,
            [
                envelope.tenant_id,
                subscriber,
                envelope.position,
                envelope.event_id,
                envelope.type,
                envelope.stream,
                state,
                0 if state == State.WAITING else 1,
                starts,
                delay,
                error[:LONGEST_ERROR],
                fingerprint(error),
            ],
        )


def blocked_streams(tenant_id: str, subscriber: str, streams: list[str]) -> set[str]:
    """Return those of the streams that hold an unresolved event of this subscriber."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT stream FROM events_parkedevent
            WHERE tenant_id = %s AND subscriber = %s AND stream = ANY(%s) AND state = ANY(%s)
            """,
            [tenant_id, subscriber, streams, UNRESOLVED],
        )
        return {stream for (stream,) in cursor.fetchall()}


def parked_before(tenant_id: str, subscriber: str, positions: list[int]) -> set[int]:
    """Return those of the positions that are parked although the cursor has not passed them: excluded beforehand."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT position FROM events_parkedevent WHERE tenant_id = %s AND subscriber = %s AND position = ANY(%s)",
            [tenant_id, subscriber, positions],
        )
        return {position for (position,) in cursor.fetchall()}


def positions(tenant_id: str, subscriber: str) -> set[int]:
    """Return the positions that a subscriber has not applied although its cursor passed them: parked, or discarded."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT position FROM events_parkedevent WHERE tenant_id = %s AND subscriber = %s", [tenant_id, subscriber]
        )
        return {position for (position,) in cursor.fetchall()}


def next_due(tenant_id: str, subscriber: str, *, only: Parked | None = None) -> Parked | None:
    """Return the parked event whose next attempt has been due for longest; or the given one, where it still is due."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, position, stream, attempts, starts FROM (
                SELECT * FROM events_parkedevent
                WHERE tenant_id = %s AND subscriber = %s AND state = %s AND id = coalesce(%s, id)
                ORDER BY next_attempt_at, position LIMIT 1
            ) AS first WHERE next_attempt_at <= clock_timestamp()
            """,
            [tenant_id, subscriber, State.RETRYING, only.id if only else None],
        )
        row = cursor.fetchone()
    return Parked(id=row[0], position=row[1], stream=row[2], attempts=row[3], starts=row[4]) if row else None


def count_start(parked: Parked) -> Parked | None:
    """Count that a parked event is about to be tried after a drain that never ended.

    None when another drain has counted it within `STARTING_SECONDS`: it is about to try it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE events_parkedevent SET starts = starts + 1, started_at = clock_timestamp()
            WHERE id = %s AND tenant_id = %s
                AND (started_at IS NULL OR started_at < clock_timestamp() - make_interval(secs => %s))
            RETURNING starts
            """,
            [parked.id, current_tenant(), STARTING_SECONDS],
        )
        row = cursor.fetchone()
        return replace(parked, starts=row[0]) if row else None


def forget_start(parked: Parked, *, counted: int | None = None) -> None:
    """Take back one counted start of a parked event.

    :param counted: only where so many are counted: the last count's COMMIT was not answered, and may not be made.
    :raises OperationalError: when another drain holds its row for longer than a moment: it tries the event.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{STARTING_SECONDS}s'")
        cursor.execute(
            "UPDATE events_parkedevent SET starts = starts - 1 WHERE id = %s AND tenant_id = %s AND starts > 0"
            " AND starts = coalesce(%s, starts)",
            [parked.id, current_tenant(), counted],
        )


def settle(parked: Parked, state: State, *, delay: float = 0.0, error: str = "") -> None:
    """Write the outcome of a failed attempt; nothing, where an operator or another drain was faster."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE events_parkedevent SET state = %s, attempts = attempts + 1, starts = 0, started_at = NULL,
                error = %s, fingerprint = %s, updated_at = clock_timestamp(),
                next_attempt_at = clock_timestamp() + make_interval(secs => %s)
            WHERE id = %s AND tenant_id = %s AND state = %s AND attempts = %s
            """,
            [
                state,
                error[:LONGEST_ERROR],
                fingerprint(error),
                delay,
                parked.id,
                current_tenant(),
                State.RETRYING,
                parked.attempts,
            ],
        )


def put_off(parked: Parked, seconds: float) -> None:
    """Let a parked event be tried later, without counting an attempt."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_parkedevent SET next_attempt_at = clock_timestamp() + make_interval(secs => %s)"
            " WHERE id = %s AND tenant_id = %s AND state = %s",
            [seconds, parked.id, current_tenant(), State.RETRYING],
        )


def remove(parked_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_parkedevent WHERE id = %s AND tenant_id = %s", [parked_id, current_tenant()])


def release_next(tenant_id: str, subscriber: str, *streams: str) -> None:
    """Let the first event that waits on each stream be tried, unless an earlier one is unresolved; the others wait."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE events_parkedevent SET state = %(retrying)s, attempts = 0, next_attempt_at = clock_timestamp(),
                updated_at = clock_timestamp()
            WHERE id IN (
                SELECT DISTINCT ON (stream) id FROM events_parkedevent
                WHERE tenant_id = %(tenant)s AND subscriber = %(subscriber)s AND stream = ANY(%(streams)s)
                    AND state <> 'DISCARDED'
                ORDER BY stream, position
            ) AND tenant_id = %(tenant)s AND state = %(waiting)s
            """,
            {
                "retrying": State.RETRYING,
                "waiting": State.WAITING,
                "tenant": tenant_id,
                "subscriber": subscriber,
                "streams": list(streams),
            },
        )


def described(error: BaseException) -> str:
    """Write an exception with the end of its traceback, for the person who must decide about it."""
    frames = traceback.format_exception(error, limit=-6)
    return storable("".join(frames))


def summary(error: BaseException) -> str:
    """Write an exception in one short text, also one that cannot say what it is."""
    try:
        words = str(error)
    except Exception:  # noqa: BLE001 - the class of the error may be anything
        words = "it cannot be written as text"
    return storable(f"{type(error).__name__}: {words}"[:LONGEST_SUMMARY])


def fingerprint(error: str) -> str:
    """Name a kind of error: its last line without the numbers and ids that differ from event to event."""
    lines = error.strip().splitlines()
    if not lines:
        return ""
    kind = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|'[^']*'|\"[^\"]*\"|\d+", "…", lines[-1])
    return hashlib.sha256(kind.encode()).hexdigest()[:16]
