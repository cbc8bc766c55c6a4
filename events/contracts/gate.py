"""The deploy gate: the bound types and the subscribers that the code about to be deployed lacks, by the bindings."""

from dataclasses import dataclass

from django.db import connection

from events.log.audience import is_for
from events.subscriptions.bindings import FIRST_PENDING, OPEN, PENDING
from events.subscriptions.parking import UNRESOLVED
from events.subscriptions.registry import all_subscribers, renamed_subscribers


@dataclass(frozen=True, kw_only=True)
class UnknownType:
    """A type that a subscription is bound to or holds parked, and that this code's subscriber does not declare.

    :param bound: whether it is heard; otherwise only parked events are left. :param first: the first parked position.
    """

    tenant_id: str
    subscriber: str
    type: str
    pending: int
    parked: int
    bound: bool
    first: int | None

    def __str__(self) -> str:
        counts = f"(pending={self.pending} parked={self.parked})"
        if self.bound:
            return (
                f"{self.subscriber} is bound to {self.type}, which this code does not declare for it {counts}: "
                "its drains stop there; manage.py subscribe --unbind ends it"
            )
        return (
            f"{self.subscriber} holds parked events of {self.type}, which this code does not declare for it {counts}: "
            f"retry them with code that declares it, or {_discard(self.tenant_id, self.subscriber, self.first)}"
        )


@dataclass(frozen=True, kw_only=True)
class UnknownSubscriber:
    """A subscription that hears events or holds parked ones, and whose subscriber this code does not declare.

    :param ended: whether it hears nothing any more; only parked events are left. :param first: the position of the
        first of them.
    """

    tenant_id: str
    subscriber: str
    pending: int
    retrying: int
    dead: int
    ended: bool
    first: int | None

    def __str__(self) -> str:
        counts = f"(pending={self.pending} retrying={self.retrying} dead={self.dead})"
        if self.ended:
            discard = _discard(self.tenant_id, self.subscriber, self.first)
            return f"{self.subscriber} is ended, and holds parked events {counts}: {discard}"
        return f"{self.subscriber} is not declared by this code {counts}: manage.py unsubscribe ends it"


def _discard(tenant_id: str, subscriber: str, position: int | None) -> str:
    return f"manage.py events discard {subscriber} --tenant {tenant_id} --position {position} --reason …"


_COUNTED = f"CASE WHEN EXISTS (SELECT 1 FROM {FIRST_PENDING}) THEN (SELECT count(*) FROM {PENDING}) ELSE 0 END"

_UNKNOWN_TYPES = f"""
SELECT found.tenant_id, found.subscriber, found.type, sum(found.pending)::bigint, count(found.parked),
    bool_or(found.parked IS NULL), min(found.parked)
FROM (
    SELECT s.tenant_id, s.subscriber, b.type, NULL::bigint AS parked, (
        SELECT count(*) FROM events_event e
        WHERE e.tenant_id = s.tenant_id AND e.type = b.type AND e.position > greatest(b.since, s.cursor)
            AND (b.until IS NULL OR e.position <= b.until) AND {is_for("e", "b.subscriber")}
    ) AS pending
    FROM events_subscription s JOIN events_binding b ON {OPEN}
    UNION ALL
    SELECT p.tenant_id, p.subscriber, p.type, p.position, 0
    FROM events_parkedevent p WHERE p.state = ANY(%(unresolved)s)
) AS found
WHERE found.tenant_id = coalesce(%(tenant)s, found.tenant_id) AND found.subscriber = ANY(%(subscribers)s::text[])
    AND (found.subscriber, found.type) NOT IN (SELECT * FROM unnest(%(subscribers)s::text[], %(types)s::text[]))
GROUP BY found.tenant_id, found.subscriber, found.type ORDER BY found.tenant_id, found.subscriber, found.type
"""

# One that was never bound is not ended: older code made it, and nothing says that it is over.
_UNKNOWN_SUBSCRIBERS = f"""
SELECT s.tenant_id, s.subscriber, {_COUNTED}, parked.retrying, parked.dead, bound.ever AND NOT bound.still, parked.first
FROM events_subscription s
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE p.state <> 'DEAD') AS retrying, count(*) FILTER (WHERE p.state = 'DEAD') AS dead,
        min(p.position) AS first
    FROM events_parkedevent p
    WHERE p.tenant_id = s.tenant_id AND p.subscriber = s.subscriber AND p.state = ANY(%(unresolved)s)
) AS parked
CROSS JOIN LATERAL (
    SELECT count(*) > 0 AS ever, coalesce(bool_or(b.until IS NULL OR b.until > s.cursor), false) AS still
    FROM events_binding b WHERE b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber
) AS bound
WHERE s.tenant_id = coalesce(%(tenant)s, s.tenant_id) AND NOT s.subscriber = ANY(%(known)s::text[])
    AND (parked.retrying + parked.dead > 0 OR bound.still OR NOT bound.ever)
ORDER BY s.tenant_id, s.subscriber
"""


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
            UnknownType(
                tenant_id=tenant,
                subscriber=name,
                type=type_name,
                pending=pending,
                parked=parked,
                bound=bound,
                first=first,
            )
            for tenant, name, type_name, pending, parked, bound, first in cursor.fetchall()
        ]


def unknown_subscribers(tenant_id: str | None = None) -> list[UnknownSubscriber]:
    """List the subscriptions that nobody of this code serves, by its own name or an older one. In `public` for all."""
    known = [subscriber.name for subscriber in all_subscribers()] + list(renamed_subscribers())
    with connection.cursor() as cursor:
        cursor.execute(_UNKNOWN_SUBSCRIBERS, {"tenant": tenant_id, "known": known, "unresolved": UNRESOLVED})
        return [
            UnknownSubscriber(
                tenant_id=tenant,
                subscriber=name,
                pending=pending,
                retrying=retrying,
                dead=dead,
                ended=ended,
                first=first,
            )
            for tenant, name, pending, retrying, dead, ended, first in cursor.fetchall()
        ]
