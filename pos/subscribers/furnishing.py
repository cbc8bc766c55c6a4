"""What furnishes a new shop."""

from events.subscribing import Delivery, subscriber
from pos.furnishing import furnish_shop
from tenants.events import TenantProvisioned


@subscriber("pos.furnish_shop", TenantProvisioned)
def furnish_new_shop(event: TenantProvisioned, _delivery: Delivery[TenantProvisioned]) -> None:
    furnish_shop(name=event.name, currency=event.currency, timezone=event.timezone)
