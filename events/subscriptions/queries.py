"""What can be asked of the event layer: what is pending, what is accounted for."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

from django.db import connection

from events.event import Event, decode, type_of_class
from events.log.audience import is_for
from events.log.envelope import AnyDelivery, Delivery
from events.log.log import COLUMNS, HEAD, StoredEvent, stored_event
from events.subscriptions.bindings import FIRST_PENDING, HEARD_BY, OPEN, PENDING
from kernel.tenancy import current_tenant
from kernel.walls import here, wall

Told = TypeVar("Told", bound=Event)
FEED_PAGE_BYTES = 1024 * 1024
"""Of the data of the events on a page of a feed, as the database stores it: long texts are compressed there."""


@dataclass(frozen=True, kw_only=True)
class Lag:
    """What is pending for a subscriber; `oldest_seconds` is the age of the oldest event that it has not applied."""

    tenant_id: str
    subscriber: str
    cursor: int
    behind: int
    oldest_seconds: float
    retrying: int
    waiting: int
    dead: int
    paused: bool


# The end of each tenant's log, looked up once for each tenant, however many subscriptions it has.
_HEADS = f"""heads AS MATERIALIZED (
    SELECT tenant.tenant_id, (SELECT max(position) FROM events_event e WHERE e.tenant_id = tenant.tenant_id) AS head
    FROM (SELECT DISTINCT s.tenant_id FROM events_subscription s WHERE {wall("s")}) AS tenant
)"""

_LAG = f"""
WITH {_HEADS}, parked AS MATERIALIZED (
    SELECT p.tenant_id, p.subscriber, count(*) FILTER (WHERE p.state = 'RETRYING') AS retrying,
        count(*) FILTER (WHERE p.state = 'WAITING') AS waiting, count(*) FILTER (WHERE p.state = 'DEAD') AS dead
    FROM events_parkedevent p WHERE {wall("p")} AND p.state <> 'DISCARDED' GROUP BY p.tenant_id, p.subscriber
)
SELECT s.tenant_id, s.subscriber, s.cursor, pending.behind,
    coalesce(extract(epoch FROM clock_timestamp() - oldest.recorded_at), 0)::float,
    coalesce(parked.retrying, 0), coalesce(parked.waiting, 0), coalesce(parked.dead, 0), s.paused_at IS NOT NULL
FROM events_subscription s
JOIN heads ON heads.tenant_id = s.tenant_id
LEFT JOIN parked ON parked.tenant_id = s.tenant_id AND parked.subscriber = s.subscriber
CROSS JOIN LATERAL (
    SELECT min(first.recorded_at) AS recorded_at FROM {FIRST_PENDING} WHERE heads.head > s.cursor
) AS oldest
CROSS JOIN LATERAL (SELECT count(*) AS behind FROM {PENDING} WHERE oldest.recorded_at IS NOT NULL) AS pending
WHERE {wall("s")}
ORDER BY s.tenant_id, s.subscriber
"""

# A subscription is late when an event that it hears has waited longer than a moment, or when its cursor has so much
# of no interest before it that the next look would be long. What is bound to nothing is never late.
_MAY_RUN = "s.paused_at IS NULL AND (s.leased_until IS NULL OR s.leased_until < clock_timestamp())"
_BEHIND = f"""
WITH {_HEADS}
SELECT s.tenant_id, s.subscriber FROM heads JOIN events_subscription s ON s.tenant_id = heads.tenant_id
WHERE {wall("s")} AND heads.head > s.cursor AND {_MAY_RUN} AND EXISTS (
    SELECT 1 FROM events_binding b WHERE heads.head - s.cursor > 1000 AND {OPEN}
    UNION ALL
    SELECT 1 FROM {FIRST_PENDING}
    WHERE first.recorded_at < clock_timestamp() - make_interval(secs => %(moment)s)
)
UNION
SELECT s.tenant_id, s.subscriber FROM events_parkedevent p
JOIN events_subscription s ON s.tenant_id = p.tenant_id AND s.subscriber = p.subscriber
WHERE {wall("p")} AND {wall("s")} AND p.state = 'RETRYING' AND p.next_attempt_at < clock_timestamp() AND {_MAY_RUN}
"""

_OLDEST_PENDING = f"""
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(first.recorded_at)), 0)::float
FROM events_subscription s CROSS JOIN LATERAL (SELECT first.recorded_at FROM {FIRST_PENDING}) AS first
WHERE s.paused_at IS NULL AND s.tenant_id = ANY(%(tenants)s) AND s.subscriber = ANY(%(subscribers)s)
"""

_UNHEARD = f"""
SELECT DISTINCT ON (e.stream) {COLUMNS.replace("event.", "e.")}
FROM events_event e JOIN events_subscription s ON s.tenant_id = e.tenant_id
WHERE {wall("e")} AND {wall("s")} AND s.subscriber = %(subscriber)s AND e.stream = ANY(%(streams)s) AND {HEARD_BY} AND (
    e.position > s.cursor
    OR EXISTS (
        SELECT 1 FROM events_parkedevent p
        WHERE p.tenant_id = e.tenant_id AND p.subscriber = s.subscriber AND p.position = e.position
            AND p.state <> 'DISCARDED'
    )
)
ORDER BY e.stream, e.position DESC
"""

_UNSEEN = f"""
WITH subscription AS MATERIALIZED (
    SELECT coalesce((
        SELECT s.cursor FROM events_subscription s WHERE s.tenant_id = %(tenant)s AND s.subscriber = %(subscriber)s
    ), 0) AS cursor, {HEAD} AS head
)
SELECT subscription.head, event.position, {COLUMNS}
FROM subscription LEFT JOIN LATERAL (
    SELECT e.* FROM events_event e LEFT JOIN events_parkedevent p
        ON p.tenant_id = e.tenant_id AND p.subscriber = %(subscriber)s AND p.position = e.position
    WHERE e.tenant_id = %(tenant)s AND e.position > subscription.cursor AND e.type = ANY(%(types)s)
        AND {is_for("e", "%(subscriber)s::text")} AND p.state IS DISTINCT FROM 'DISCARDED'
        AND (strpos(e.data::text, %(mentioned)s) > 0 OR NOT e.data ? %(lacking)s)
    UNION ALL
    SELECT e.* FROM events_parkedevent p JOIN events_event e ON e.tenant_id = p.tenant_id AND e.position = p.position
    WHERE p.tenant_id = %(tenant)s AND p.subscriber = %(subscriber)s AND p.position <= subscription.cursor
        AND p.state <> 'DISCARDED' AND e.type = ANY(%(types)s)
        AND (strpos(e.data::text, %(mentioned)s) > 0 OR NOT e.data ? %(lacking)s)
) AS event ON true
ORDER BY event.position
"""


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """:param head: the newest position of the log. :param deliveries: what was not applied, in order."""

    head: int
    deliveries: list[AnyDelivery]


REFLECTED = """reflected AS (
    SELECT s.cursor AS position,
        coalesce((SELECT max(e.position) FROM events_event e WHERE e.tenant_id = %(here)s), 0) AS head,
        (SELECT count(*) FROM events_parkedevent p WHERE p.tenant_id = %(here)s AND p.subscriber = %(subscriber)s
            AND p.state <> 'DISCARDED') AS parked
    FROM events_subscription s WHERE s.tenant_id = %(here)s AND s.subscriber = %(subscriber)s
)"""
"""A part of a statement: up to where the rows of a subscriber reflect the log, where that ends, and how many events are
parked. In one statement with the rows it is true of them. Its parameters hold `here` and `subscriber`."""


def lags() -> list[Lag]:
    """List every subscription that this session sees, with what is pending for it."""
    return [
        Lag(
            tenant_id=row[0],
            subscriber=row[1],
            cursor=row[2],
            behind=row[3],
            oldest_seconds=row[4],
            retrying=row[5],
            waiting=row[6],
            dead=row[7],
            paused=row[8],
        )
        for row in _rows(_LAG, here())
    ]


def behind(*, moment_seconds: float) -> list[tuple[str, str]]:
    """List (tenant, subscriber) of those that have had something to do for longer than a moment."""
    return [(tenant, name) for tenant, name in _rows(_BEHIND, {"moment": moment_seconds, **here()})]


def unheard(*, subscriber: str, streams: Collection[str]) -> list[StoredEvent]:
    """Return of each stream the newest event that the subscriber hears and has not applied, where one waits."""
    asked = {**here(), "subscriber": subscriber, "streams": list(streams)}
    return [stored_event(row) for row in _rows(_UNHEARD, asked)]


def unseen(*, subscriber: str, types: Iterable[str], mentioned: str, lacking: str) -> Unseen:
    """Return the events of the current tenant that a subscriber has not applied, and how far the log goes, in one look.

    The caller must hold a lock that keeps the subscriber from applying them meanwhile.

    :param mentioned: only events whose data has this text. :param lacking: and those without this member.
    """
    asked = {
        "tenant": current_tenant(), "subscriber": subscriber, "types": list(types), "mentioned": mentioned,
        "lacking": lacking,
    }  # fmt: skip
    rows = _rows(_UNSEEN, asked)
    stored = [stored_event(row[2:]) for row in rows if row[1] is not None]
    deliveries = [
        Delivery(event=decode(each.envelope.type, each.envelope.version, each.data), envelope=each.envelope, attempt=1)
        for each in stored
    ]
    return Unseen(head=rows[0][0], deliveries=deliveries)


def told_since(cls: type[Told], *, streams: Collection[str], since: datetime) -> list[Told]:
    """Return the events of a class that the current tenant's streams have had since a moment."""
    rows = _rows(
        f"""SELECT {COLUMNS} FROM events_event event WHERE tenant_id = %(tenant)s AND stream = ANY(%(streams)s)
            AND type = %(type)s AND recorded_at >= %(since)s AND audience IS NULL ORDER BY position""",
        {"tenant": current_tenant(), "streams": list(streams), "type": type_of_class(cls).name, "since": since},
    )
    stored = [stored_event(row) for row in rows]
    return [cast("Told", decode(each.envelope.type, each.envelope.version, each.data)) for each in stored]


def oldest_pending_seconds(*, tenants: list[str], subscribers: list[str]) -> float:
    """Return the age of the oldest event that one of these subscribers of these tenants has not applied; 0 for none.

    Subscriptions that are paused do not count, nor do parked events.
    """
    ((seconds,),) = _rows(_OLDEST_PENDING, {"tenants": tenants, "subscribers": subscribers})
    return float(seconds)


def feed(
    *,
    tenant_id: str,
    after: int,
    categories: Iterable[str],
    types: Iterable[str],
    limit: int,
    hidden: Iterable[str] = (),
) -> list[StoredEvent]:
    """Read a tenant's log for a reader from outside, in order, without edited copies; no types means all.

    :param hidden: types that the reader may not see, whatever it asks for.
    :param limit: how many events at most; they are fewer where their data fills a page, with the one that fills it.
    """
    rows = _rows(
        f"""
        SELECT {COLUMNS} FROM (
            SELECT event.*, sum(pg_column_size(data)) OVER (ORDER BY position) - pg_column_size(data) AS bytes_before
            FROM (
                SELECT * FROM events_event
                WHERE tenant_id = %(tenant)s AND audience IS NULL AND position > %(after)s
                    AND category = ANY(%(categories)s) AND (%(types)s::text[] = '{{}}' OR type = ANY(%(types)s))
                    AND type <> ALL(%(hidden)s)
                ORDER BY position LIMIT %(limit)s
            ) AS event
        ) AS event WHERE bytes_before < %(bytes)s ORDER BY position
        """,
        {
            "tenant": tenant_id, "after": after, "categories": list(categories), "types": list(types), "limit": limit,
            "hidden": list(hidden), "bytes": FEED_PAGE_BYTES,
        },
    )  # fmt: skip
    return [stored_event(row) for row in rows]


def _rows(statement: str, parameters: dict[str, Any]) -> list[tuple]:  # type: ignore[type-arg]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
