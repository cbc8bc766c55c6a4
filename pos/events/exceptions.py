"""Events of exceptions. Why, and by how much, stands in the case: `GET /exceptions`."""

from datetime import datetime
from uuid import UUID

from events.event import Category, Event, event


@event("pos.exception_opened", category=Category.DOMAIN, stream="exception:{exception_id}")
class ExceptionOpened(Event):
    """A sale was accepted, or is held, although something about it is wrong: somebody should look at it.

    :param kind: such as clock-skew, price-drift, unknown-variant, no-shift, quarantined. :param severity: LOW, MEDIUM
        or HIGH. :param command_id: the id of the order.
    """

    exception_id: UUID
    kind: str
    severity: str
    command_id: UUID
    register_id: UUID | None
    device_id: UUID | None
    opened_at: datetime


@event("pos.exception_resolved", category=Category.DOMAIN, stream="exception:{exception_id}")
class ExceptionResolved(Event):
    """Somebody looked at an exception. :param resolution: RESOLVED; ACCEPTED or REJECTED of what was held."""

    exception_id: UUID
    kind: str
    command_id: UUID
    resolution: str
    staff_id: UUID | None
    resolved_at: datetime
