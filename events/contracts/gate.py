"""The deploy gate: what waits in the log that the code about to be deployed could not handle, by the bindings."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from events.event import EventUnreadable, all_types, decode
from events.log.audience import is_for
from events.subscriptions.bindings import HEARD_BY, PENDING
from events.subscriptions.parking import UNRESOLVED
from events.subscriptions.registry import all_subscribers, renamed_subscribers

PAGE = 2000


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """Events of one type and version of one tenant; `positions` are the first few of them."""

    tenant_id: str
    type: str
    version: int
    count: int
    positions: list[int]
    error: str


@dataclass(frozen=True, kw_only=True)
class UnknownType:
    """A type that a subscription is bound to or holds parked, and that this code's subscriber does not declare."""

    tenant_id: str
    subscriber: str
    type: str
    pending: int
    parked: int


@dataclass(frozen=True, kw_only=True)
class UnknownSubscriber:
    """A subscription that hears events or holds parked ones, and whose subscriber this code does not declare."""

    tenant_id: str
    subscriber: str
    pending: int
    retrying: int
    dead: int


# Pending are the events that a subscription hears after its cursor, and those of a type that this code does not declare
# after the lowest cursor of the tenant: whatever reads them from outside cannot be given them either.
_WAITING = f"""
SELECT e.tenant_id, e.position, e.type, e.version, e.data::text
FROM events_event e
WHERE e.tenant_id = %(tenant)s AND e.position > %(after)s AND (
    EXISTS (
        SELECT 1 FROM events_subscription s
        WHERE s.tenant_id = e.tenant_id AND s.cursor < e.position AND {HEARD_BY}
    )
    OR NOT e.type = ANY(%(declared)s)
    OR EXISTS (
        SELECT 1 FROM events_parkedevent p
        WHERE p.tenant_id = e.tenant_id AND p.position = e.position AND p.state = ANY(%(unresolved)s)
    )
)
ORDER BY e.position LIMIT %(limit)s
"""

# From where on anything can wait in a tenant's log.
_STARTS = """
SELECT s.tenant_id, least(min(s.cursor), (
    SELECT min(p.position) - 1 FROM events_parkedevent p WHERE p.tenant_id = s.tenant_id AND p.state = ANY(%s)
))
FROM events_subscription s GROUP BY s.tenant_id ORDER BY s.tenant_id
"""

_UNKNOWN_TYPES = f"""
SELECT found.tenant_id, found.subscriber, found.type, sum(found.pending)::bigint, sum(found.parked)::bigint
FROM (
    SELECT s.tenant_id, s.subscriber, b.type, 0 AS parked, (
        SELECT count(*) FROM events_event e
        WHERE e.tenant_id = s.tenant_id AND e.type = b.type AND e.position > greatest(b.since, s.cursor)
            AND (b.until IS NULL OR e.position <= b.until) AND {is_for("e", "b.subscriber")}
    ) AS pending
    FROM events_subscription s
    JOIN events_binding b ON b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber
        AND (b.until IS NULL OR b.until > s.cursor)
    UNION ALL
    SELECT p.tenant_id, p.subscriber, p.type, 1, 0 FROM events_parkedevent p WHERE p.state = ANY(%(unresolved)s)
) AS found
WHERE found.tenant_id = coalesce(%(tenant)s, found.tenant_id) AND found.subscriber = ANY(%(subscribers)s::text[])
    AND (found.subscriber, found.type) NOT IN (SELECT * FROM unnest(%(subscribers)s::text[], %(types)s::text[]))
GROUP BY found.tenant_id, found.subscriber, found.type ORDER BY found.tenant_id, found.subscriber, found.type
"""

_UNKNOWN_SUBSCRIBERS = f"""
SELECT s.tenant_id, s.subscriber, (SELECT count(*) FROM {PENDING}), parked.retrying, parked.dead
FROM events_subscription s
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE p.state <> 'DEAD') AS retrying, count(*) FILTER (WHERE p.state = 'DEAD') AS dead
    FROM events_parkedevent p
    WHERE p.tenant_id = s.tenant_id AND p.subscriber = s.subscriber AND p.state = ANY(%(unresolved)s)
) AS parked
WHERE s.tenant_id = coalesce(%(tenant)s, s.tenant_id) AND NOT s.subscriber = ANY(%(known)s::text[]) AND (
    parked.retrying + parked.dead > 0
    OR NOT EXISTS (SELECT 1 FROM events_binding b WHERE b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber)
    OR EXISTS (
        SELECT 1 FROM events_binding b WHERE b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber
            AND (b.until IS NULL OR b.until > s.cursor)
    )
)
ORDER BY s.tenant_id, s.subscriber
"""


def unreadable() -> list[Unreadable]:
    """Read everything that is pending or parked for anyone; list what this code cannot read.

    In `public` for all tenants.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STARTS, [UNRESOLVED])
        starts = cursor.fetchall()
    found: dict[tuple[str, str, int, str], list[int]] = {}
    for tenant_id, after in starts:
        for position, type_name, version, data in _waiting(tenant_id, after):
            try:
                decode(type_name, version, data)
            except EventUnreadable as error:
                found.setdefault((tenant_id, type_name, version, str(error)), []).append(position)
    return [
        Unreadable(tenant_id=tenant_id, type=type_name, version=version, count=len(at), positions=at[:5], error=error)
        for (tenant_id, type_name, version, error), at in found.items()
    ]


def unknown_types(tenant_id: str | None = None) -> list[UnknownType]:
    """List what is bound to a subscriber of this code, and not declared by it. In `public` for all tenants."""
    pairs = [(subscriber.name, name) for subscriber in all_subscribers() for name in sorted(subscriber.heard)]
    with connection.cursor() as cursor:
        cursor.execute(
            _UNKNOWN_TYPES,
            {
                "tenant": tenant_id,
                "subscribers": [name for name, _ in pairs],
                "types": [type_name for _, type_name in pairs],
                "unresolved": UNRESOLVED,
            },
        )
        return [
            UnknownType(tenant_id=tenant, subscriber=name, type=type_name, pending=pending, parked=parked)
            for tenant, name, type_name, pending, parked in cursor.fetchall()
        ]


def unknown_subscribers(tenant_id: str | None = None) -> list[UnknownSubscriber]:
    """List the subscriptions that nobody of this code serves, by its own name or an older one. In `public` for all."""
    known = [subscriber.name for subscriber in all_subscribers()] + list(renamed_subscribers())
    with connection.cursor() as cursor:
        cursor.execute(_UNKNOWN_SUBSCRIBERS, {"tenant": tenant_id, "known": known, "unresolved": UNRESOLVED})
        return [
            UnknownSubscriber(tenant_id=tenant, subscriber=name, pending=pending, retrying=retrying, dead=dead)
            for tenant, name, pending, retrying, dead in cursor.fetchall()
        ]


def _waiting(tenant_id: str, after: int) -> Iterator[tuple[int, str, int, str]]:
    declared = [event_type.name for event_type in all_types()]
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                _WAITING,
                {
                    "tenant": tenant_id,
                    "after": after,
                    "declared": declared,
                    "unresolved": UNRESOLVED,
                    "limit": PAGE,
                },
            )
            rows = cursor.fetchall()
        yield from (row[1:] for row in rows)
        if len(rows) < PAGE:
            return
        after = rows[-1][1]
