"""Pending: which subscribers of a queue have news, and the news, asked in one statement for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from events.log.log import COLUMNS, StoredEvent, stored_event
from events.subscriptions.bindings import FIRST_PENDING

NEWEST = 100
"""As many of a log's newest events are brought at most: a busy shop's round handles fewer."""


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A subscription with events after its cursor.

    :param first: the position of the first event that it hears there.
    :param apart: whether something else is due for it, or an earlier failure says to be careful: it is drained alone.
    """

    subscriber: str
    cursor: int
    first: int
    apart: bool


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one statement has seen.

    :param found: those that have news, in the order in which they were named.
    :param events: the newest of the log, without gaps, whoever hears them; none where nobody has news.
    """

    found: list[Pending]
    events: list[StoredEvent]


_LOOK = f"""
WITH pending AS MATERIALIZED (
    SELECT s.subscriber, s.cursor, (SELECT min(first.position) FROM {FIRST_PENDING}) AS first,
        (coalesce(s.isolation, '') <> '' AND s.isolated_until > s.cursor)
        OR (s.starts > 0 AND s.started_position > s.cursor)
        OR EXISTS (
            SELECT 1 FROM events_parkedevent p
            WHERE p.tenant_id = s.tenant_id AND p.subscriber = s.subscriber AND p.state = 'RETRYING'
                AND p.next_attempt_at <= clock_timestamp()
        ) AS apart
    FROM events_subscription s
    WHERE s.tenant_id = %(tenant)s AND s.subscriber = ANY(%(subscribers)s) AND s.paused_at IS NULL
)
SELECT subscriber, cursor, first, apart, NULL, NULL FROM pending WHERE first IS NOT NULL
UNION ALL
SELECT NULL, NULL, event.position, NULL, {COLUMNS} FROM (
    SELECT * FROM events_event e
    WHERE e.tenant_id = %(tenant)s AND e.position >= (SELECT min(first) FROM pending)
    ORDER BY e.position DESC LIMIT %(newest)s
) AS event
"""


def look(tenant_id: str, subscribers: Sequence[str]) -> Look:
    """Look for those of a tenant's subscribers that have news, and for the newest of it."""
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, {"tenant": tenant_id, "subscribers": list(subscribers), "newest": NEWEST})
        rows = cursor.fetchall()
    found = {
        row[0]: Pending(subscriber=row[0], cursor=row[1], first=row[2], apart=row[3])
        for row in rows
        if row[0] is not None
    }
    newest = sorted((row[2], row[4:]) for row in rows if row[0] is None)
    return Look(
        found=[found[name] for name in subscribers if name in found],
        events=[stored_event(event) for _position, event in newest],
    )
