"""Publishing: say, in the transaction that makes it true, that something has happened."""

from datetime import UTC, datetime
from uuid import UUID

from events.bus.local import bus
from events.event import Event, EventInvalid, encode, type_of
from events.log.causes import current_cause
from events.log.log import NewEvent
from events.observability.telemetry import current_traceparent
from events.publishing.unit_of_work import Published, current_unit
from kernel.ids import new_id
from kernel.text import is_storable

LONGEST_STREAM = 1000
"""Bytes of a stream's name: an index holds it, and PostgreSQL's indexes hold up to 2,700 bytes."""


def publish(event: Event, *, occurred_at: datetime | None = None, audience: str | None = None) -> UUID:
    """Append an event to the current unit of work; return its id.

    :param occurred_at: when it happened in the world, where that was earlier than now (a till's own clock).
    :param audience: the one subscriber that may apply it, where it repeats an event that all the others had.
    :raises NotInUnitOfWork: outside a unit of work.
    :raises TenantChangedInUnitOfWork: in another schema than the unit's.
    :raises EventInvalid: when a field has not its declared type, or the log cannot store the event and what is around
        it: text with NUL, a number that is not finite, too much of it, a stream's name of more than `LONGEST_STREAM`
        bytes, a moment without a time zone.
    """
    unit = current_unit()
    event_type, data = type_of(event), encode(event)
    moment = datetime.now(UTC) if occurred_at is None else _in_utc(occurred_at, event_type.name)
    cause = current_cause()
    event_id = new_id()
    new = NewEvent(
        event_id=event_id,
        type=event_type.name,
        version=event_type.version,
        category=event_type.category.value,
        stream=event_type.stream.format_map(vars(event)),
        occurred_at=moment,
        correlation_id=cause.correlation_id,
        causation_id=cause.causation_id,
        actor=cause.actor,
        traceparent=current_traceparent() or cause.traceparent,
        data=data,
        audience=audience,
    )
    _require_storable(new)
    unit.published.append(Published(new, heard=event if audience is None and bus.hears(type(event)) else None))
    return event_id


def _require_storable(new: NewEvent) -> None:
    """:raises EventInvalid: when the columns around the data would not take what stands in them."""
    for name in ("stream", "actor", "traceparent"):
        if not is_storable(getattr(new, name)):
            message = f"the {name} of {new.type} holds NUL or half of a surrogate pair"
            raise EventInvalid(message)
    size = len(new.stream.encode())
    if size > LONGEST_STREAM:
        message = f"the stream of {new.type} has a name of {size} bytes, more than {LONGEST_STREAM}"
        raise EventInvalid(message)


def _in_utc(moment: datetime, event_type: str) -> datetime:
    """Return the same moment with the offset 0: an offset may have seconds, which JSON's notation does not have."""
    try:
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except OverflowError:
        pass
    message = f"{moment!r}, when {event_type} occurred, is no moment with a time zone between years 1 and 9999"
    raise EventInvalid(message)
