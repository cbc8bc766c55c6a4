"""The subscriber that furnishes a new shop."""

from events.subscribing import Delivery, subscriber
from pos import furnishing
from tenants.events import TenantProvisioned


@subscriber("pos.furnish_shop", TenantProvisioned)
def furnish_shop(event: TenantProvisioned, _delivery: Delivery[TenantProvisioned]) -> None:
    furnishing.furnish_shop(name=event.name, currency=event.currency, timezone=event.timezone)
