"""Events of shifts. Amounts are minor units of `currency`."""

from datetime import date, datetime
from uuid import UUID

from events.event import Category, Event, event


@event("pos.shift_opened", category=Category.INTEGRATION, stream="shift:{shift_id}", version=2)
class ShiftOpened(Event):
    """A register began a shift. `float_amount` is the cash in the drawer at the start. Null is what is not known."""

    shift_id: UUID
    register_id: UUID
    location_id: UUID | None
    drawer_id: UUID | None
    number: int | None
    staff_id: UUID | None
    currency: str | None
    float_amount: int
    business_date: date | None
    time_zone: str | None
    opened_at: datetime
