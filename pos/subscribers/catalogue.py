"""Subscribers for the catalogue."""

from collections.abc import Sequence

from events.subscribing import Delivery, subscriber
from inventory.events import InventoryStockChanged
from pos.catalogue import services


@subscriber(
    "pos.note_shelf_levels",
    InventoryStockChanged,
    batch=True,
    batch_size=500,
    from_beginning=True,
    projection=("pos_shelflevel",),
)
def note_shelf_levels(deliveries: Sequence[Delivery[InventoryStockChanged]]) -> None:
    changes = [delivery.event for delivery in deliveries]
    services.note_shelf_levels(
        levels=[
            services.Level(variant_id=change.variant_id, location_id=change.location_id, on_hand=change.on_hand)
            for change in changes
        ]
    )
