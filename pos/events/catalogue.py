"""Events of the catalogue."""

from uuid import UUID

from events.event import Category, Event, event


@event("pos.variant_changed", category=Category.INTEGRATION, stream="variant:{variant_id}")
class VariantChanged(Event):
    """A variant was created or changed: the whole of it, as it is now."""

    variant_id: UUID
    sku: str
    title: str
    price: int
    stocked: bool
    active: bool
