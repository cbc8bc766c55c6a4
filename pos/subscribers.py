"""What the tills hear."""

from collections.abc import Sequence

from django.utils import timezone

from events.log.envelope import Delivery
from events.subscriptions.registry import subscriber
from inventory.events import InventoryStockChanged
from payments.events import PaymentCompleted, PaymentFailed
from pos.services.catalogue import Level, note_shelf_levels
from pos.services.furnishing import furnish_shop
from pos.services.orders import settle_card_tender
from pos.services.tenders import fail_card_tender
from tenants.events import TenantProvisioned


@subscriber("pos.furnish_shop", TenantProvisioned)
def furnish_new_shop(event: TenantProvisioned, _delivery: Delivery[TenantProvisioned]) -> None:
    furnish_shop(name=event.name, currency=event.currency, timezone=event.timezone)


@subscriber("pos.settle_card_tenders", PaymentCompleted)
def settle_card_tenders(event: PaymentCompleted, _delivery: Delivery[PaymentCompleted]) -> None:
    if event.charged_here:
        settle_card_tender(
            tender_id=event.tender_id, order_id=event.order_id, reference=event.reference, now=timezone.now()
        )


@subscriber("pos.fail_card_tenders", PaymentFailed)
def fail_card_tenders(event: PaymentFailed, _delivery: Delivery[PaymentFailed]) -> None:
    fail_card_tender(tender_id=event.tender_id, order_id=event.order_id, reason=event.reason)


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
