"""What the catalogue hears."""

from collections.abc import Sequence

from events.subscribing import Delivery, subscriber
from inventory.events import InventoryStockChanged
from pos.catalogue.services import Level, note_shelf_levels


@subscriber(
    "pos.note_shelf_levels",
    InventoryStockChanged,
    batch=True,
    batch_size=500,
    from_beginning=True,
    projection=("pos_shelflevel",),
)
def note_stock_on_shelf(deliveries: Sequence[Delivery[InventoryStockChanged]]) -> None:
    changes = [delivery.event for delivery in deliveries]
    note_shelf_levels(
        levels=[
            Level(variant_id=change.variant_id, location_id=change.location_id, on_hand=change.on_hand)
            for change in changes
        ]
    )
