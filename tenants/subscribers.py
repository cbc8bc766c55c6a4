"""What the platform hears about its tenants."""

from events.delivery import Delivery
from events.events import CacheInvalidated
from events.subscriptions import subscriber
from tenants.hosts import start_new_generation


@subscriber("tenants.refresh_host_caches", CacheInvalidated, platform=True)
def refresh_host_caches(_event: CacheInvalidated, delivery: Delivery[CacheInvalidated]) -> None:
    start_new_generation(str(delivery.envelope.position))
