"""The results of a cause: every event of one correlation id, and every subscriber that applied it, with the times."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from events.subscriptions.bindings import HEARS


@dataclass(frozen=True, kw_only=True)
class Applied:
    """:param after_ms: from the first event of the tree to this; None while it is pending."""

    subscriber: str
    state: str
    after_ms: float | None


@dataclass(frozen=True, kw_only=True)
class Traced:
    event_id: UUID
    causation_id: UUID | None
    type: str
    position: int
    stream: str
    after_ms: float
    applied: list[Applied]


def correlations_of(tenant_id: str, stream: str) -> list[UUID]:
    """List the correlation ids under which something was published on a stream, the earliest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT correlation_id FROM events_event WHERE tenant_id = %s AND stream = %s"
            " GROUP BY correlation_id ORDER BY min(position)",
            [tenant_id, stream],
        )
        return [correlation_id for (correlation_id,) in cursor.fetchall()]


def trace(tenant_id: str, correlation_id: UUID) -> list[Traced]:
    """Follow one correlation id through a tenant's log, in commit order."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT e.event_id, e.causation_id, e.type, e.position, e.stream,
                extract(epoch FROM e.recorded_at - min(e.recorded_at) OVER ())::float * 1000,
                (SELECT coalesce(jsonb_object_agg(d.subscriber,
                    extract(epoch FROM d.processed_at - e.recorded_at)::float * 1000), '{{}}')
                 FROM events_processedevent d WHERE d.tenant_id = e.tenant_id AND d.position = e.position),
                (SELECT coalesce(jsonb_object_agg(p.subscriber, p.state), '{{}}')
                 FROM events_parkedevent p WHERE p.tenant_id = e.tenant_id AND p.position = e.position),
                ARRAY(SELECT b.subscriber FROM events_binding b
                 WHERE b.tenant_id = e.tenant_id AND b.type = e.type AND {HEARS} ORDER BY b.subscriber)
            FROM events_event e WHERE e.tenant_id = %s AND e.correlation_id = %s ORDER BY e.position
            """,
            [tenant_id, correlation_id],
        )
        rows = cursor.fetchall()
    return [_traced(row) for row in rows]


def _traced(row: tuple[Any, ...]) -> Traced:
    event_id, causation_id, type_name, position, stream, after_ms, processed, parked, bound = row
    return Traced(
        event_id=event_id,
        causation_id=causation_id,
        type=type_name,
        position=position,
        stream=stream,
        after_ms=after_ms,
        applied=list(_applied(bound, json.loads(processed), json.loads(parked))),
    )


def _applied(bound: list[str], processed: dict[str, float], parked: dict[str, str]) -> Iterator[Applied]:
    for subscriber in sorted({*bound, *processed, *parked}):
        if subscriber in processed:
            yield Applied(subscriber=subscriber, state="applied", after_ms=processed[subscriber])
        else:
            yield Applied(subscriber=subscriber, state=parked.get(subscriber, "pending").lower(), after_ms=None)
