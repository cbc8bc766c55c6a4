"""What keeps a month in the log: somebody has yet to handle an event of it, or to receive one."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection

from events.log.audience import is_for
from events.log.months import IN_MONTH, Month, Newest, along_indexes
from events.subscriptions.parking import UNRESOLVED
from events.subscriptions.registry import known_subscriber
from kernel.tenancy import tenant_statuses


class Kind(StrEnum):
    UNHANDLED = "unhandled"
    """A subscription has yet to handle an event that it hears."""
    SUSPENDED = "suspended"
    """The same, of a shop that is suspended: its subscribers do not run."""
    REMOVED = "removed"
    """The same, of a subscriber that this code does not declare: nobody runs it."""
    UNBOUND = "unbound"
    """A subscription that older code made was never bound: what it hears is not known before the release step."""
    PARKED = "parked"
    WEBHOOK = "webhook"
    UNACCOUNTED = "unaccounted"
    """The accounts do not agree: events may have to be repaired from the log."""
    READER = "reader"
    """A rebuild or `verify` is reading the log and the archives."""
    EARLIER = "earlier"
    """A month before it is kept: the log has no holes."""
    ARCHIVE = "archive"
    """An archive is damaged or missing, cannot be written, or does not hold what the log holds."""
    BUSY = "busy"
    """The log was not to be had for the moment that a drop takes, or another retention runs."""


WRONG = (Kind.UNACCOUNTED, Kind.ARCHIVE, Kind.BUSY)
GONE = ("CLOSING", "CLOSED")


@dataclass(frozen=True, kw_only=True)
class Reason:
    """:param tenant_id: whose events they are; `public` where it is nobody's."""

    kind: Kind
    text: str
    tenant_id: str = "public"


# What the month holds is known beforehand, as its newest events: the log is looked into only for what may be pending or
# parked, each time by an index. How many rows the month has does not matter, so that the log may be locked meanwhile.
# The comparison of rows and the order by type leave no index but the one on types, LATERAL and LIMIT no join: an EXISTS
# may become one that reads the whole month.
_NEWEST = "unnest(%(owners)s::text[], %(types)s::text[], %(positions)s::bigint[]) AS newest (tenant_id, type, position)"
_LAST = f"""
    SELECT newest.tenant_id, max(newest.position) AS position FROM {_NEWEST}
    WHERE newest.tenant_id = ANY(%(tenants)s) GROUP BY newest.tenant_id
"""

UNHANDLED = f"""
SELECT s.tenant_id, s.subscriber, s.paused_at IS NOT NULL, first.position
FROM {_NEWEST}
JOIN events_binding b ON b.tenant_id = newest.tenant_id AND b.type = newest.type
JOIN events_subscription s ON s.tenant_id = b.tenant_id AND s.subscriber = b.subscriber
    AND newest.position > greatest(b.since, s.cursor) AND (b.until IS NULL OR b.until > s.cursor)
CROSS JOIN LATERAL (
    SELECT e.position, e.type FROM public.events_event e
    WHERE e.tenant_id = b.tenant_id AND (e.type, e.position) > (b.type, greatest(b.since, s.cursor))
        AND (e.type, e.position) <= (b.type, least(b.until, newest.position))
        AND {is_for("e", "b.subscriber")} AND {IN_MONTH}
    ORDER BY e.type, e.position LIMIT 1
) AS first
WHERE s.tenant_id = ANY(%(tenants)s)
"""

_UNBOUND = f"""
SELECT s.tenant_id, s.subscriber FROM events_subscription s
JOIN ({_LAST}) AS last ON last.tenant_id = s.tenant_id AND last.position > s.cursor
WHERE NOT EXISTS (SELECT 1 FROM events_binding b WHERE b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber)
ORDER BY s.tenant_id, s.subscriber
"""


def _in_the_month(row: str) -> str:
    """Write the FROM items that hold for rows with a position in the month."""
    return f"""
    JOIN ({_LAST}) AS last ON last.tenant_id = {row}.tenant_id AND last.position >= {row}.position
    CROSS JOIN LATERAL (
        SELECT 1 FROM public.events_event e
        WHERE e.tenant_id = {row}.tenant_id AND e.position = {row}.position AND {IN_MONTH} LIMIT 1
    ) AS event"""


PARKED = f"""
SELECT p.tenant_id, p.subscriber, p.state, count(*), min(p.position) FROM events_parkedevent p {_in_the_month("p")}
WHERE p.state = ANY(%(unresolved)s)
GROUP BY p.tenant_id, p.subscriber, p.state ORDER BY p.tenant_id, p.subscriber, p.state
"""

DELIVERIES = f"""
SELECT d.tenant_id, endpoint.url, d.state, count(*), min(d.position) FROM events_webhookdelivery d
JOIN events_webhookendpoint endpoint ON endpoint.id = d.endpoint_id AND endpoint.state <> 'DELETED' {_in_the_month("d")}
WHERE d.state IN ('PENDING', 'SENDING', 'PARKED')
GROUP BY d.tenant_id, endpoint.id, d.state ORDER BY d.tenant_id, endpoint.url, d.state
"""

_ACCOUNTS = """
SELECT tenant_id, subscriber, unaccounted FROM events_account
WHERE unaccounted > 0 AND tenant_id = ANY(%(tenants)s) ORDER BY tenant_id, subscriber
"""


@along_indexes()
def obstacles(month: Month, held: list[Newest]) -> list[Reason]:
    """List why a month must be kept, nothing when it need not. In `public`.

    What belongs to a tenant that is closing, closed, or does not exist keeps nothing: nobody will ever handle it.

    :param held: the newest events of the month, read since it was last written to.
    """
    statuses = tenant_statuses()
    asked = asked_of(month, held, tenants=[name for name, status in statuses.items() if status not in GONE])
    suspended = {name for name, status in statuses.items() if status == "SUSPENDED"}
    return [
        *(_unhandled(*row, suspended=row[0] in suspended) for row in _first(_rows(UNHANDLED, asked))),
        *(
            Reason(
                kind=Kind.UNBOUND,
                tenant_id=tenant,
                text=f"{subscriber} of {tenant} was never bound to what it hears: run manage.py subscribe, or"
                " unsubscribe it where this code does not declare it",
            )
            for tenant, subscriber in _rows(_UNBOUND, asked)
        ),
        *(
            Reason(
                kind=Kind.PARKED,
                tenant_id=tenant,
                text=f"{subscriber} of {tenant} has parked events: {count} {state.lower()}, the first at position"
                f" {first}; retry or discard them",
            )
            for tenant, subscriber, state, count, first in _rows(PARKED, asked)
        ),
        *(
            Reason(
                kind=Kind.WEBHOOK,
                tenant_id=tenant,
                text=f"{url} of {tenant} has yet to receive webhooks: {count} {state.lower()}, the first at position"
                f" {first}",
            )
            for tenant, url, state, count, first in _rows(DELIVERIES, asked)
        ),
        *(
            Reason(
                kind=Kind.UNACCOUNTED,
                tenant_id=tenant,
                text=f"{subscriber} of {tenant} has events that are not accounted for: {count}; see manage.py verify",
            )
            for tenant, subscriber, count in _rows(_ACCOUNTS, asked)
        ),
    ]


def asked_of(month: Month, held: list[Newest], *, tenants: list[str]) -> dict[str, Any]:
    """Return the parameters of the statements. :param tenants: whose events keep the month."""
    return {
        **month.period,
        "owners": [each.tenant_id for each in held],
        "types": [each.type for each in held],
        "positions": [each.position for each in held],
        "tenants": tenants,
        "unresolved": UNRESOLVED,
    }


def _first(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Leave one row for each subscription, that with the first position, in the order of names."""
    return [next(group) for _, group in groupby(sorted(rows), key=itemgetter(0, 1))]


def _unhandled(tenant: str, subscriber: str, paused: bool, position: int, *, suspended: bool) -> Reason:  # noqa: FBT001
    text = f"{subscriber} of {tenant} has yet to handle the event at position {position}"
    if known_subscriber(subscriber) is None:
        return Reason(
            kind=Kind.REMOVED,
            tenant_id=tenant,
            text=f"{text}, and this code does not declare it: rename it, or manage.py unsubscribe it and discard its"
            " dead letters",
        )
    if suspended:
        return Reason(
            kind=Kind.SUSPENDED,
            tenant_id=tenant,
            text=f"{text}, and the shop is suspended: reactivate it until they are handled, or close it",
        )
    return Reason(kind=Kind.UNHANDLED, tenant_id=tenant, text=f"{text}{', and is paused' if paused else ''}")


def _rows(statement: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return list(cursor.fetchall())
