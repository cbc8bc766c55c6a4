"""What shifts say. Amounts are minor units."""

from datetime import datetime
from uuid import UUID

from events.event import Category, Event, event


@event("pos.shift_opened", category=Category.INTEGRATION, stream="shift:{shift_id}")
class ShiftOpened(Event):
    shift_id: UUID
    register_id: UUID
    float_amount: int
    opened_at: datetime
