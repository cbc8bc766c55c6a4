"""Events of parked orders. Nothing is sold, reserved or paid by them; how people call a cart is in no event."""

from datetime import datetime
from uuid import UUID

from events.event import Category, Event, event


@event("pos.cart_parked", category=Category.DOMAIN, stream="order:{order_id}")
class CartParked(Event):
    """A cart waits to be sold later. `total` is what it would have come to."""

    order_id: UUID
    register_id: UUID
    location_id: UUID
    device_id: UUID | None
    staff_id: UUID | None
    currency: str
    total: int
    parked_at: datetime


@event("pos.cart_resumed", category=Category.DOMAIN, stream="order:{order_id}")
class CartResumed(Event):
    """A parked cart is sold, by a device that may be another one; `pos.order_placed` says at which prices."""

    order_id: UUID
    register_id: UUID
    device_id: UUID | None
    staff_id: UUID | None
    resumed_at: datetime


@event("pos.cart_expired", category=Category.DOMAIN, stream="order:{order_id}")
class CartExpired(Event):
    """The claim of a device to a parked cart ran out, and another one took it. `device_id` is the one that lost it."""

    order_id: UUID
    device_id: UUID
    claimed_by: UUID
    expired_at: datetime


@event("pos.cart_discarded", category=Category.DOMAIN, stream="order:{order_id}")
class CartDiscarded(Event):
    """A parked cart will not be sold."""

    order_id: UUID
    register_id: UUID
    device_id: UUID | None
    staff_id: UUID | None
    reason: str
    discarded_at: datetime
