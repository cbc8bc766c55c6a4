"""What waits for somebody in the logs, and cannot be read by this code: pending, parked, or a webhook to be delivered.

What everybody has handled waits for nobody. Only readers of feeds may still ask for it; they are given its name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection

from events.event import Category, EventUnreadable, all_types, decode
from events.events import TRIAL
from events.subscriptions.bindings import HEARD_BY, OPEN
from events.subscriptions.parking import UNRESOLVED

PAGE = 1000


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """Events of one type and version of one tenant; `positions` are the first few of them."""

    tenant_id: str
    type: str
    version: int
    count: int
    positions: list[int]
    error: str


# From where on a type waits in a tenant's log: after the lowest cursor among those that are bound to it beyond theirs.
_STARTS = f"""
SELECT s.tenant_id, b.type, min(greatest(b.since, s.cursor)) FROM events_subscription s JOIN events_binding b ON {OPEN}
GROUP BY s.tenant_id, b.type ORDER BY s.tenant_id, b.type
"""

# A page of each type that waits, along the index: what nobody waits for is not read, however long the log is.
_PENDING = f"""
SELECT e.position, e.type, e.version, e.data::text
FROM unnest(%(types)s::text[], %(after)s::bigint[]) AS waiting (type, after)
CROSS JOIN LATERAL (
    SELECT e.position, e.type, e.version, e.data FROM events_event e
    WHERE e.tenant_id = %(tenant)s AND e.type = waiting.type AND e.position > waiting.after AND EXISTS (
        SELECT 1 FROM events_subscription s WHERE s.tenant_id = e.tenant_id AND s.cursor < e.position AND {HEARD_BY}
    )
    ORDER BY e.position LIMIT %(limit)s
) AS e
ORDER BY e.type, e.position
"""

# What waits at a position: parked events, and webhooks that are yet to be delivered.
_HELD = f"""
SELECT held.tenant_id, held.position, e.type, e.version, e.data::text
FROM (
    SELECT p.tenant_id, p.position FROM events_parkedevent p WHERE p.state = ANY(%(unresolved)s)
    UNION
    SELECT d.tenant_id, d.position FROM events_webhookdelivery d
    JOIN events_webhookendpoint endpoint ON endpoint.id = d.endpoint_id AND endpoint.state <> 'DELETED'
    WHERE d.state IN ('PENDING', 'SENDING', 'PARKED') AND d.type <> '{TRIAL}'
) AS held
CROSS JOIN LATERAL (
    SELECT e.type, e.version, e.data FROM events_event e
    WHERE e.tenant_id = held.tenant_id AND e.position = held.position LIMIT 1
) AS e
WHERE (held.tenant_id, held.position) > (%(tenant)s, %(after)s)
ORDER BY held.tenant_id, held.position LIMIT %(limit)s
"""

# The types that a tenant's log holds, each by one look at the index.
_HELD_TYPES = """
WITH RECURSIVE found AS (
    SELECT tenant.tenant_id, (
        SELECT min(e.type) FROM events_event e WHERE e.tenant_id = tenant.tenant_id
    ) AS type FROM (SELECT DISTINCT s.tenant_id FROM events_subscription s) AS tenant
    UNION ALL
    SELECT found.tenant_id, (
        SELECT min(e.type) FROM events_event e WHERE e.tenant_id = found.tenant_id AND e.type > found.type
    ) FROM found WHERE found.type IS NOT NULL
)
SELECT found.tenant_id, found.type FROM found WHERE found.type IS NOT NULL AND NOT found.type = ANY(%(declared)s)
    AND (
        SELECT e.category FROM events_event e
        WHERE e.tenant_id = found.tenant_id AND e.type = found.type ORDER BY e.type, e.position LIMIT 1
    ) = %(integration)s
ORDER BY found.tenant_id, found.type
"""


Stored = tuple[str, int, str, int, str]


def unreadable() -> list[Unreadable]:
    """Read everything that waits for anyone; list what this code cannot read. In `public` for all tenants."""
    found: dict[tuple[str, str, int, str], set[int]] = {}
    for stored in (_pending, _held):
        for tenant_id, position, type_name, version, data in stored():
            try:
                decode(type_name, version, data)
            except EventUnreadable as error:
                found.setdefault((tenant_id, type_name, version, str(error)), set()).add(position)
    return [
        Unreadable(
            tenant_id=tenant_id,
            type=type_name,
            version=version,
            count=len(at),
            positions=sorted(at)[:5],
            error=error,
        )
        for (tenant_id, type_name, version, error), at in sorted(found.items())
    ]


def named_by_feeds() -> list[tuple[str, str]]:
    """List (tenant, type) of the integration events in the logs whose type this code does not declare."""
    declared = [event_type.name for event_type in all_types()]
    return _rows(_HELD_TYPES, {"declared": declared, "integration": Category.INTEGRATION})


def _pending() -> Iterator[Stored]:
    for tenant_id, starts in groupby(_rows(_STARTS, {}), key=itemgetter(0)):
        waiting = {type_name: after for _, type_name, after in starts}
        while waiting:
            asked = {"tenant": tenant_id, "types": list(waiting), "after": list(waiting.values()), "limit": PAGE}
            pages = groupby(_rows(_PENDING, asked), key=itemgetter(1))
            waiting = {}
            for type_name, rows in pages:
                page = list(rows)
                yield from ((tenant_id, *row) for row in page)
                if len(page) == PAGE:
                    waiting[type_name] = page[-1][0]


def _held() -> Iterator[Stored]:
    last = ("", 0)
    while True:
        asked = {"unresolved": UNRESOLVED, "tenant": last[0], "after": last[1], "limit": PAGE}
        rows = _rows(_HELD, asked)
        yield from rows
        if len(rows) < PAGE:
            return
        last = rows[-1][:2]


def _rows(statement: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return list(cursor.fetchall())
