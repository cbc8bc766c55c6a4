"""The deploy gate: what waits in the log that the code about to be deployed could not read."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from events.event import EventUnreadable, all_types, decode
from events.parking import UNRESOLVED
from events.queries import bindings
from events.subscriptions import all_subscribers

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


# Pending are the events after a cursor of a bound subscriber, and those of a type that no one declares any more
# after the lowest cursor of the tenant: whoever listened to them has not come that far either.
_WAITING = """
SELECT e.tenant_id, e.position, e.type, e.version, e.data::text
FROM events_event e
WHERE e.tenant_id = %(tenant)s AND e.position > %(after)s AND (
    EXISTS (
        SELECT 1 FROM events_subscription s
        JOIN unnest(%(subscribers)s::text[], %(types)s::text[]) AS bound (subscriber, type)
            ON bound.subscriber = s.subscriber
        WHERE s.tenant_id = e.tenant_id AND bound.type = e.type AND s.cursor < e.position
    )
    OR (NOT e.type = ANY(%(types)s) AND NOT e.type = ANY(%(declared)s))
    OR EXISTS (
        SELECT 1 FROM events_parkedevent p
        WHERE p.tenant_id = e.tenant_id AND p.position = e.position AND p.state = ANY(%(unresolved)s)
    )
)
ORDER BY e.position LIMIT %(limit)s
"""

# From where on anything can wait in a tenant's log.
_STARTS = """
SELECT s.tenant_id, least(min(s.cursor), coalesce((
    SELECT min(p.position) - 1 FROM events_parkedevent p WHERE p.tenant_id = s.tenant_id AND p.state = ANY(%s)
), min(s.cursor)))
FROM events_subscription s WHERE s.subscriber = ANY(%s) GROUP BY s.tenant_id ORDER BY s.tenant_id
"""


def unreadable() -> list[Unreadable]:
    """Read everything that is pending or parked, as the subscribers of this code would; list what cannot be read.

    In `public` for all tenants.
    """
    names = [subscriber.name for subscriber in all_subscribers()]
    with connection.cursor() as cursor:
        cursor.execute(_STARTS, [UNRESOLVED, names])
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


def _waiting(tenant_id: str, after: int) -> Iterator[tuple[int, str, int, str]]:
    declared = [event_type.name for event_type in all_types()]
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                _WAITING,
                {
                    **bindings(all_subscribers()),
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
