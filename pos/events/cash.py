"""Events of shifts. Amounts are minor units."""

from datetime import datetime
from uuid import UUID

from events.event import Category, Event, event


@event("pos.shift_opened", category=Category.INTEGRATION, stream="shift:{shift_id}")
class ShiftOpened(Event):
    """A register began a shift. `float_amount` is the cash in the drawer at the start."""

    shift_id: UUID
    register_id: UUID
    float_amount: int
    opened_at: datetime
