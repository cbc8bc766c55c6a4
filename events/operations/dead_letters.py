"""Dead letters as an operator sees them: grouped by kind of error, with what each of them blocks."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from events.subscriptions.parking import State
from kernel.walls import here, wall


@dataclass(frozen=True, kw_only=True)
class DeadLetterGroup:
    """Dead events of one subscriber with one kind of error. `blocked` is how many wait for them.

    :param parked: the row of one of them, by which the group is named.
    """

    parked: int
    tenant_id: str
    subscriber: str
    fingerprint: str
    error: str
    count: int
    blocked: int
    oldest_at: datetime
    newest_at: datetime
    types: list[str]
    positions: list[int]


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One dead event, with its payload as it is stored. `blocked` are the positions that wait for it.

    :param archived: whether the log no longer holds the event: it has neither `version` nor `data`, and can only be
        discarded.
    """

    tenant_id: str
    subscriber: str
    position: int
    event_id: UUID
    type: str
    version: int | None
    stream: str
    attempts: int
    fingerprint: str
    error: str
    parked_at: datetime
    blocked: list[int]
    archived: bool
    data: Any


_BLOCKED = """
    SELECT array_agg(w.position ORDER BY w.position) FROM events_parkedevent w
    WHERE w.tenant_id = p.tenant_id AND w.subscriber = p.subscriber AND w.stream = p.stream
        AND w.state = 'WAITING' AND w.position > p.position
"""

# The errors are long and many: of each group, only that of its newest event is read.
_GROUPS = f"""
SELECT grouped.parked, grouped.tenant_id, grouped.subscriber, grouped.fingerprint, newest.error, grouped.count,
    grouped.blocked, grouped.oldest_at, grouped.newest_at, grouped.types, grouped.positions
FROM (
    SELECT min(p.id) AS parked, p.tenant_id, p.subscriber, p.fingerprint, max(p.position) AS newest, count(*) AS count,
        coalesce(sum(cardinality(({_BLOCKED}))), 0) AS blocked, min(p.parked_at) AS oldest_at,
        max(p.parked_at) AS newest_at, array_agg(DISTINCT p.type) AS types,
        (array_agg(p.position ORDER BY p.position))[1:20] AS positions
    FROM events_parkedevent p WHERE p.state = %(dead)s AND {wall("p")}
    GROUP BY p.tenant_id, p.subscriber, p.fingerprint
) AS grouped
JOIN events_parkedevent newest ON newest.tenant_id = grouped.tenant_id AND newest.subscriber = grouped.subscriber
    AND newest.position = grouped.newest
ORDER BY grouped.count DESC, grouped.tenant_id, grouped.subscriber
"""

_LETTERS = f"""
SELECT p.tenant_id, p.subscriber, p.position, p.event_id, p.type, e.version, p.stream, p.attempts, p.fingerprint,
    p.error, p.parked_at, coalesce(({_BLOCKED}), '{{}}'), e.position IS NULL, e.data::text
FROM events_parkedevent p
LEFT JOIN events_event e ON e.tenant_id = p.tenant_id AND e.position = p.position
WHERE p.state = %(dead)s AND {wall("p")} AND p.subscriber = coalesce(%(subscriber)s, p.subscriber)
    AND p.fingerprint = coalesce(%(fingerprint)s, p.fingerprint) AND p.position = coalesce(%(position)s, p.position)
ORDER BY p.tenant_id, p.subscriber, p.position LIMIT %(limit)s
"""


def groups() -> list[DeadLetterGroup]:
    """Group the dead letters that this session sees, the largest group first."""
    names = list(DeadLetterGroup.__dataclass_fields__)
    found = [dict(zip(names, row, strict=True)) for row in _rows(_GROUPS, {})]
    return [DeadLetterGroup(**{**values, "error": last_line(values["error"])}) for values in found]


def letters(
    *, subscriber: str | None = None, fingerprint: str | None = None, position: int | None = None, limit: int = 100
) -> list[DeadLetter]:
    """List dead letters in the order of their positions."""
    asked = {"subscriber": subscriber, "fingerprint": fingerprint, "position": position, "limit": limit}
    names = list(DeadLetter.__dataclass_fields__)
    return [
        DeadLetter(**{**dict(zip(names, row, strict=True)), "data": json.loads(row[-1] or "null")})
        for row in _rows(_LETTERS, asked)
    ]


def last_line(error: str) -> str:
    lines = error.strip().splitlines()
    return lines[-1] if lines else ""


def _rows(statement: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"dead": State.DEAD, **here(), **asked})
        return list(cursor.fetchall())
