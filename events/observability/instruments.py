"""What is seen of every step of an event's life: counts, times, spans, one structured line."""

import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cache
from types import TracebackType

import structlog
from prometheus_client import Histogram

from events.log.causes import caused_by
from events.log.envelope import AnyDelivery, Envelope
from events.log.log import NewEvent
from events.observability import metrics, telemetry
from events.observability.middleware import Middleware, Reaction
from kernel.tenancy import tenant_connection

logger = structlog.get_logger(__name__)
stdlib = logging.getLogger(__name__)

SAMPLE = 20


class WrongTenant(Exception):
    """A subscriber was about to react, or has reacted, in another schema than its event's tenant."""


def caused(reaction: Reaction) -> AbstractContextManager[None] | None:
    """What a subscriber publishes is caused by its event; by the last of them, when it is handed many."""
    return caused_by(reaction.deliveries[-1].envelope.cause()) if reaction.deliveries else None


def traced(reaction: Reaction) -> AbstractContextManager[None] | None:
    if not telemetry.is_traced():
        return None
    envelopes: list[Envelope] = [delivery.envelope for delivery in reaction.deliveries]
    attributes = {
        "tillflow.tenant": reaction.tenant_id,
        "tillflow.listener": reaction.listener,
        "tillflow.events": max(1, len(envelopes)),
    }
    if envelopes:
        attributes |= {"tillflow.type": envelopes[0].type, "tillflow.position": envelopes[0].position}
    traceparents = [envelope.traceparent for envelope in envelopes]
    return telemetry.reaction_span(f"apply {reaction.listener}", traceparents, **attributes)


def timed(reaction: Reaction) -> AbstractContextManager[object]:
    return _reaction_seconds(reaction.listener).time()


@cache
def _reaction_seconds(listener: str) -> Histogram:
    return metrics.reaction_seconds.labels(listener)


def guarded(reaction: Reaction) -> AbstractContextManager[None] | None:
    """Refuse to react anywhere but in the tenant's own schema; one that leaves it fails, and is brought back.

    One that returns although the database has undone its work fails too: then it is known whose work that was.
    """
    return _Guard(reaction) if reaction.deliveries else None


class _Guard:
    __slots__ = ("database", "in_transaction", "reaction", "tenant")

    def __init__(self, reaction: Reaction) -> None:
        self.reaction = reaction
        self.database = tenant_connection()
        self.tenant = self.database.tenant

    def __enter__(self) -> None:
        self._require_schema()
        self.in_transaction = self.database.transaction_is_open

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self.database.unit is not None:
            self.database.unit.require_whole()
            if self.in_transaction:
                self.database.unit.require_open()
        if self.database.schema_name == self.reaction.tenant_id:
            return
        try:
            if kind is None:
                self._require_schema()
        finally:
            self.database.set_tenant(self.tenant)

    def _require_schema(self) -> None:
        schema_name = self.database.schema_name
        if schema_name != self.reaction.tenant_id:
            message = f"{self.reaction.listener} reacts for {self.reaction.tenant_id!r} in {schema_name!r}"
            raise WrongTenant(message)


MIDDLEWARE: tuple[Middleware, ...] = (caused, traced, timed, guarded)


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
