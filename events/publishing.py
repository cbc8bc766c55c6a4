"""Publishing: say, in the transaction that makes it true, that something has happened."""

from datetime import UTC, datetime
from uuid import UUID

from events.causes import current_cause
from events.event import encode, type_of
from events.local import bus
from events.log import NewEvent
from events.telemetry import current_traceparent
from events.unit_of_work import current_unit
from kernel.ids import new_id


def publish(event: object, *, occurred_at: datetime | None = None) -> UUID:
    """Append an event to the current unit of work; return its id.

    :param occurred_at: when it happened in the world, where that was earlier than now (a till's own clock).
    :raises NotInUnitOfWork: outside a unit of work.
    :raises EventInvalid: when a field has not its declared type, or the event is too large.
    """
    unit = current_unit()
    event_type = type_of(event)
    cause = current_cause()
    if bus.hears(type(event)):
        unit.said.append(event)
    event_id = new_id()
    unit.events.append(
        NewEvent(
            event_id=event_id,
            type=event_type.name,
            version=event_type.version,
            category=event_type.category.value,
            stream=event_type.stream.format_map(vars(event)),
            occurred_at=occurred_at or datetime.now(UTC),
            correlation_id=cause.correlation_id,
            causation_id=cause.causation_id,
            actor=cause.actor,
            traceparent=current_traceparent() or cause.traceparent,
            data=encode(event),
        )
    )
    return event_id
