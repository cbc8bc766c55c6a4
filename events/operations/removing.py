"""Removing a subscriber: its subscription ends, and what was pending stays as dead letters until it is discarded."""

from dataclasses import dataclass

from django.db import connection

from events.subscriptions.bindings import PENDING
from events.subscriptions.holding import hold
from events.subscriptions.parking import State, fingerprint
from events.subscriptions.registry import CANARY


@dataclass(frozen=True, kw_only=True)
class Ended:
    """:param cursor: the position after which nothing is heard. :param parked: how many events were pending."""

    cursor: int
    parked: int


# Whatever is pending becomes dead, one by one and without waiting for one another: none will be applied.
_PARK = f"""
INSERT INTO events_parkedevent (tenant_id, subscriber, position, event_id, type, stream, state, attempts,
    next_attempt_at, error, fingerprint, reason, parked_at, updated_at)
SELECT s.tenant_id, s.subscriber, pending.position, pending.event_id, pending.type, pending.stream, %(dead)s, 0,
    clock_timestamp(), %(error)s, %(fingerprint)s, '', clock_timestamp(), clock_timestamp()
FROM events_subscription s
CROSS JOIN LATERAL (SELECT e.* FROM {PENDING}) AS pending
WHERE s.tenant_id = %(tenant)s AND s.subscriber = %(subscriber)s
ON CONFLICT (tenant_id, subscriber, position) DO NOTHING
"""
_BURY = """
UPDATE events_parkedevent SET state = %(dead)s, updated_at = clock_timestamp(),
    error = CASE WHEN error = '' THEN %(error)s ELSE error END,
    fingerprint = CASE WHEN error = '' THEN %(fingerprint)s ELSE fingerprint END
WHERE tenant_id = %(tenant)s AND subscriber = %(subscriber)s AND state = ANY(%(living)s)
"""
_END = """
WITH reached AS (
    SELECT greatest(s.cursor, max(p.position)) AS position
    FROM events_subscription s
    LEFT JOIN events_parkedevent p ON p.tenant_id = s.tenant_id AND p.subscriber = s.subscriber
    WHERE s.tenant_id = %(tenant)s AND s.subscriber = %(subscriber)s GROUP BY s.cursor
), moved AS (
    UPDATE events_subscription s SET cursor = reached.position, updated_at = clock_timestamp() FROM reached
    WHERE s.tenant_id = %(tenant)s AND s.subscriber = %(subscriber)s
), ended AS (
    UPDATE events_binding b SET until = greatest(b.since, reached.position) FROM reached
    WHERE b.tenant_id = %(tenant)s AND b.subscriber = %(subscriber)s AND b.until IS NULL
)
SELECT position FROM reached
"""
# One that older code made and that was never bound gets a row that hears nothing: so it is known to have ended.
_MARK = """
INSERT INTO events_binding (tenant_id, subscriber, type, since, until, bound_at)
SELECT %(tenant)s, %(subscriber)s, %(canary)s, %(reached)s, %(reached)s, clock_timestamp()
WHERE NOT EXISTS (
    SELECT 1 FROM events_binding WHERE tenant_id = %(tenant)s AND subscriber = %(subscriber)s
)
"""


def end_subscription(tenant_id: str, subscriber: str, reason: str) -> Ended:
    """Let a subscription hear nothing more; what it has not handled is dead from now on. Only from `public`.

    Belongs into a transaction: the lock of the subscription is held until its end.

    :raises SubscriptionBusy: when a drain or a bridge holds it for longer than a moment.
    """
    hold(tenant_id, subscriber)
    error = f"SubscriberRemoved: {reason}"
    parameters: dict[str, str | list[str]] = {
        "tenant": tenant_id,
        "subscriber": subscriber,
        "dead": State.DEAD.value,
        "living": [State.RETRYING.value, State.WAITING.value],
        "error": error,
        "fingerprint": fingerprint(error),
    }
    with connection.cursor() as cursor:
        cursor.execute(_PARK, parameters)
        parked = cursor.rowcount
        cursor.execute(_BURY, parameters)
        cursor.execute(_END, parameters)
        (reached,) = cursor.fetchone()
        cursor.execute(_MARK, {**parameters, "reached": reached, "canary": CANARY})
    return Ended(cursor=reached, parked=parked)
