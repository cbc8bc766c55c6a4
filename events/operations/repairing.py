"""Repairing: parked events that nothing will ever release, or that would pass an earlier one of their stream.

Older releases let an operator act while a drain parked a successor; what that left stays as it is until it is repaired.
"""

from dataclasses import dataclass

from django.db import connection

from events.models import Subscription
from events.operations.actions import record_action
from events.publishing.unit_of_work import unit_of_work
from events.subscriptions.doorbells import doorbells
from events.subscriptions.holding import hold
from events.subscriptions.registry import known_subscriber
from kernel.tenancy import current_tenant


@dataclass(frozen=True, kw_only=True)
class Repaired:
    """:param released: positions that waited for nothing. :param held_back: those that would have passed another."""

    subscriber: str
    released: list[int]
    held_back: list[int]


# Of the unresolved parked events of a subscription: is one before it on its stream?
_FIRST = """NOT EXISTS (
    SELECT 1 FROM events_parkedevent earlier
    WHERE earlier.tenant_id = p.tenant_id AND earlier.subscriber = p.subscriber AND earlier.stream = p.stream
        AND earlier.state IN ('RETRYING', 'WAITING', 'DEAD') AND earlier.position < p.position
)"""

_RELEASE = f"""
UPDATE events_parkedevent p SET state = 'RETRYING', attempts = 0, next_attempt_at = clock_timestamp(),
    updated_at = clock_timestamp()
WHERE p.tenant_id = %(tenant)s AND p.subscriber = %(subscriber)s AND p.state = 'WAITING' AND {_FIRST}
RETURNING p.position
"""

_HOLD_BACK = f"""
UPDATE events_parkedevent p SET state = 'WAITING', updated_at = clock_timestamp()
WHERE p.tenant_id = %(tenant)s AND p.subscriber = %(subscriber)s AND p.state = 'RETRYING' AND NOT {_FIRST}
RETURNING p.position
"""


def repair(*, operator: str, subscriber: str = "") -> list[Repaired]:
    """Bring the parked events of the current tenant into order; return what was changed, for each subscriber.

    The first unresolved event of a stream is tried or dead, and those after it wait. Where all is in order, nothing is
    changed. Nobody knows whether a subscriber that this code lacks is ordered: what waits for nothing is released.

    :raises SubscriptionBusy: when a drain works on a subscription for longer than a moment.
    """
    found = [_repair(name, operator) for name in ([subscriber] if subscriber else _names()) if not _is_unordered(name)]
    return [each for each in found if each.released or each.held_back]


def _names() -> list[str]:
    """List the subscribers that the tenant has, also those that this code lacks."""
    subscriptions = Subscription.objects.filter(tenant_id=current_tenant())
    return list(subscriptions.order_by("subscriber").values_list("subscriber", flat=True))


def _is_unordered(name: str) -> bool:
    known = known_subscriber(name)
    return known is not None and known.unordered


def _repair(subscriber: str, operator: str) -> Repaired:
    asked = {"tenant": current_tenant(), "subscriber": subscriber}
    with unit_of_work():
        hold(current_tenant(), subscriber)
        with connection.cursor() as cursor:
            held_back = []
            if known_subscriber(subscriber) is not None:
                cursor.execute(_HOLD_BACK, asked)
                held_back = sorted(position for (position,) in cursor.fetchall())
            cursor.execute(_RELEASE, asked)
            released = sorted(position for (position,) in cursor.fetchall())
        for position in released:
            record_action("repair", subscriber, operator, "nothing was left that it waited for", position)
        for position in held_back:
            record_action("repair", subscriber, operator, "an earlier event of its stream is unresolved", position)
    if released:
        doorbells.ring_by_name(current_tenant(), subscriber)
    return Repaired(subscriber=subscriber, released=released, held_back=held_back)
