"""What is seen of every step of an event's life: counts, times, spans, one structured line."""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog

from events import metrics, telemetry
from events.delivery import AnyDelivery, Envelope
from events.log import NewEvent
from events.middleware import Middleware, Reaction
from kernel.tenancy import tenant_connection

logger = structlog.get_logger(__name__)
stdlib = logging.getLogger(__name__)

SAMPLE = 20


class WrongTenant(Exception):
    """A subscriber was about to react, or has reacted, in another schema than its event's tenant."""


@contextmanager
def traced(reaction: Reaction) -> Iterator[None]:
    if not telemetry.is_traced():
        yield
        return
    envelopes: list[Envelope] = [delivery.envelope for delivery in reaction.deliveries]
    attributes = {
        "tillflow.tenant": reaction.tenant_id,
        "tillflow.listener": reaction.listener,
        "tillflow.events": max(1, len(envelopes)),
    }
    if envelopes:
        attributes |= {"tillflow.type": envelopes[0].type, "tillflow.position": envelopes[0].position}
    with telemetry.reaction_span(
        f"apply {reaction.listener}", [envelope.traceparent for envelope in envelopes], **attributes
    ):
        yield


@contextmanager
def timed(reaction: Reaction) -> Iterator[None]:
    began = time.perf_counter()
    try:
        yield
    finally:
        metrics.reaction_seconds.labels(reaction.listener).observe(time.perf_counter() - began)


@contextmanager
def guarded(reaction: Reaction) -> Iterator[None]:
    """Refuse to react anywhere but in the tenant's own schema; one that leaves it fails, and is brought back."""
    if not reaction.deliveries:
        yield
        return
    database = tenant_connection()
    tenant = database.tenant
    _require_schema(reaction, database.schema_name)
    try:
        yield
        _require_schema(reaction, database.schema_name)
    finally:
        if database.schema_name != reaction.tenant_id:
            database.set_tenant(tenant)


def _require_schema(reaction: Reaction, schema_name: str) -> None:
    if schema_name != reaction.tenant_id:
        message = f"{reaction.listener} reacts for {reaction.tenant_id!r} in {schema_name!r}"
        raise WrongTenant(message)


MIDDLEWARE: tuple[Middleware, ...] = (traced, timed, guarded)


def published(tenant_id: str, events: Sequence[NewEvent]) -> None:
    for type_name, count in Counter(event.type for event in events).items():
        metrics.published.labels(type_name).inc(count)
    if stdlib.isEnabledFor(logging.DEBUG):
        for event in events:
            logger.debug(
                "event_published",
                tenant=tenant_id,
                type=event.type,
                event_id=str(event.event_id),
                stream=event.stream,
                correlation_id=str(event.correlation_id),
            )


def applied(subscriber: str, deliveries: Sequence[AnyDelivery]) -> None:
    """Count and time what a transaction has applied, after its commit."""
    if not deliveries:
        return
    for type_name, count in Counter(delivery.envelope.type for delivery in deliveries).items():
        metrics.processed.labels(subscriber, type_name).inc(count)
    now = datetime.now(UTC)
    seconds = metrics.apply_seconds.labels(subscriber)
    for delivery in deliveries[:: max(1, len(deliveries) // SAMPLE)]:
        seconds.observe(max(0.0, (now - delivery.envelope.recorded_at).total_seconds()))
    if stdlib.isEnabledFor(logging.DEBUG):
        for delivery in deliveries:
            logger.debug("event_applied", subscriber=subscriber, **named(delivery.envelope))


def named(envelope: Envelope) -> dict[str, object]:
    """What a line about an event says of it."""
    return {
        "tenant": envelope.tenant_id,
        "type": envelope.type,
        "event_id": str(envelope.event_id),
        "position": envelope.position,
        "correlation_id": str(envelope.correlation_id),
    }
