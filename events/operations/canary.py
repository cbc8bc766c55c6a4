"""Canaries: an event that every subscriber of a tenant hears and nobody acts on, to see that it would be applied.

It takes the whole way: log, doorbell, worker, drain, processed row, cursor. The drain itself handles it.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from events.event import type_of_class
from events.events import CanaryReleased
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscriptions.bindings import HEARD_BY
from kernel.ids import new_id
from kernel.tenancy import current_tenant


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """:param seconds: from the canary's commit to its processed row; None where it has not arrived."""

    subscriber: str
    seconds: float | None
    paused: bool


def release_canary() -> UUID:
    """Publish a canary for every subscriber of the current tenant; return its event id."""
    with unit_of_work():
        return publish(CanaryReleased(canary_id=new_id()))


def hearing() -> set[str]:
    """Return the subscriptions of the current tenant that hear canaries from now on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subscriber FROM events_binding WHERE tenant_id = %s AND type = %s AND until IS NULL",
            [current_tenant(), type_of_class(CanaryReleased).name],
        )
        return {subscriber for (subscriber,) in cursor.fetchall()}


def arrivals(event_id: UUID) -> list[Arrival]:
    """Say of every subscription that is bound to canaries whether one has arrived, and how long it took."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT s.subscriber, extract(epoch FROM d.processed_at - e.recorded_at)::float, s.paused_at IS NOT NULL
            FROM events_subscription s
            JOIN events_event e ON e.tenant_id = s.tenant_id AND e.event_id = %s
            LEFT JOIN events_processedevent d ON d.tenant_id = s.tenant_id AND d.subscriber = s.subscriber
                AND d.position = e.position AND d.recorded_at = e.recorded_at
            WHERE s.tenant_id = %s AND {HEARD_BY} ORDER BY s.subscriber
            """,
            [event_id, current_tenant()],
        )
        return [Arrival(subscriber=name, seconds=seconds, paused=paused) for name, seconds, paused in cursor.fetchall()]
