"""Retention: months that everyone has passed are archived, and then their partitions are dropped.

What is needed of them afterwards stays: for each tenant the last position, for each stream the last version, so that
the log goes on counting where it was. The log of webhook deliveries goes with the events, and so do the outgoing calls
that have come to an end; those whose end nobody knows stay.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from events.archives import EVENTS, PROCESSED, Archive, write_archive
from events.parking import UNRESOLVED
from events.subscriptions import all_subscribers

LOCK_TIMEOUT = "3s"


@dataclass(frozen=True, kw_only=True)
class Month:
    """:param suffix: `2026_08`. :param ends_at: the first moment that is no longer in it."""

    suffix: str
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Retained:
    """What became of a month: dropped, or kept for a reason."""

    month: str
    events: int
    kept_because: str = ""

    @property
    def dropped(self) -> bool:
        return not self.kept_because


_OBSTACLES = """
WITH last AS (
    SELECT tenant_id, min(position) AS first, max(position) AS position FROM public.{partition} GROUP BY tenant_id
)
SELECT said FROM (
    SELECT format('%%s of %%s has come to %%s of %%s', s.subscriber, s.tenant_id, s.cursor, last.position) AS said
    FROM last JOIN events_subscription s ON s.tenant_id = last.tenant_id
    WHERE s.cursor < last.position AND s.subscriber = ANY(%(subscribers)s)
    UNION ALL
    SELECT format('an event of %%s is %%s for %%s', p.tenant_id, lower(p.state), p.subscriber)
    FROM last JOIN events_parkedevent p ON p.tenant_id = last.tenant_id
        AND p.position BETWEEN last.first AND last.position
    WHERE p.state = ANY(%(unresolved)s)
    UNION ALL
    SELECT format('a webhook delivery of %%s to %%s is %%s', d.tenant_id, e.url, lower(d.state))
    FROM last JOIN events_webhookdelivery d ON d.tenant_id = last.tenant_id
        AND d.position BETWEEN last.first AND last.position AND d.state IN ('PENDING', 'SENDING', 'PARKED')
    JOIN events_webhookendpoint e ON e.id = d.endpoint_id AND e.state <> 'DELETED'
) AS obstacles LIMIT 1
"""

_FLOORS = """
INSERT INTO events_floor (tenant_id, position, dropped_at)
SELECT tenant_id, max(position), now() FROM public.{partition} GROUP BY tenant_id
ON CONFLICT (tenant_id) DO UPDATE SET position = greatest(events_floor.position, excluded.position), dropped_at = now();
INSERT INTO events_streamfloor (tenant_id, stream, version)
SELECT tenant_id, stream, max(stream_version) FROM public.{partition} GROUP BY tenant_id, stream
ON CONFLICT (tenant_id, stream) DO UPDATE SET version = greatest(events_streamfloor.version, excluded.version);
"""


_OLD_DELIVERIES = """
WITH old AS (
    SELECT d.id FROM events_webhookdelivery d
    JOIN events_floor floor ON floor.tenant_id = d.tenant_id AND floor.position >= d.position
    JOIN events_webhookendpoint e ON e.id = d.endpoint_id
    WHERE d.state IN ('DELIVERED', 'SKIPPED') OR e.state = 'DELETED' LIMIT 10000
), attempts AS (
    DELETE FROM events_webhookattempt a USING old WHERE a.delivery_id = old.id
)
DELETE FROM events_webhookdelivery d USING old WHERE d.id = old.id
"""

_OLD_CALLS = """
DELETE FROM events_outgoing WHERE id IN (
    SELECT id FROM events_outgoing WHERE created_at < %s AND state IN ('DELIVERED', 'FAILED') LIMIT 10000
)
"""


def retain(*, before: datetime) -> list[Retained]:
    """Archive and drop every month that ended before a moment and that everyone has passed. In `public`.

    Stops at the first month that must be kept: a log has no holes. Each step may be repeated after a crash.
    """
    done: list[Retained] = []
    dropped_until: datetime | None = None
    for month in months():
        if month.ends_at > before:
            break
        retained = _retain(month)
        done.append(retained)
        if not retained.dropped:
            break
        dropped_until = month.ends_at
    if dropped_until is not None:
        _forget(_OLD_DELIVERIES)
        _forget(_OLD_CALLS, dropped_until)
    return done


def months() -> list[Month]:
    """List the months that the log has partitions of, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT right(c.relname, 7),
                (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''([^'']+)''\\)'))[1]::timestamptz
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'public.events_event'::regclass ORDER BY c.relname
            """
        )
        return [Month(suffix=suffix, ends_at=ends_at) for suffix, ends_at in cursor.fetchall()]


def obstacle(month: Month) -> str:
    """Say why a month must be kept, empty when it need not."""
    with connection.cursor() as cursor:
        cursor.execute(
            _OBSTACLES.format(partition=f"{EVENTS}_{month.suffix}"),
            {"subscribers": [s.name for s in all_subscribers()], "unresolved": UNRESOLVED},
        )
        row = cursor.fetchone()
        return row[0] if row else ""


def _retain(month: Month) -> Retained:
    events = f"{EVENTS}_{month.suffix}"
    with transaction.atomic():
        kept_because = obstacle(month)
        if kept_because:
            return Retained(month=month.suffix, events=_count(events), kept_because=kept_because)
        archive = write_archive(events)
        processed = write_archive(f"{PROCESSED}_{month.suffix}")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        kept_because = _changed_since(archive) or _changed_since(processed) or obstacle(month)
        if kept_because:
            return Retained(month=month.suffix, events=archive.rows, kept_because=kept_because)
        cursor.execute(_FLOORS.format(partition=events))
        for each in (archive, processed):
            cursor.execute(f"DROP TABLE public.{each.partition}")
            cursor.execute("UPDATE events_archive SET dropped_at = now() WHERE partition = %s", [each.partition])
    return Retained(month=month.suffix, events=archive.rows)


def _forget(statement: str, *parameters: datetime) -> None:
    """Delete piece by piece, until nothing is left to delete."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        while cursor.rowcount:
            cursor.execute(statement, parameters)


def _changed_since(archive: Archive) -> str:
    """Let nobody write to a partition any more, and say whether somebody did since it was archived."""
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE public.{archive.partition} IN SHARE MODE")
    rows = _count(archive.partition)
    if rows == archive.rows:
        return ""
    return f"{archive.partition} had {archive.rows} rows when it was archived, and has {rows} now"


def _count(partition: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM public.{partition}")
        count: int = cursor.fetchone()[0]
        return count
