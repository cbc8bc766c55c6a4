"""What the event layer hears about itself."""

from collections.abc import Sequence

from events.event import Category, classes_in
from events.events import ServiceStarted
from events.log.envelope import AnyDelivery, Delivery
from events.maintenance import sweeper
from events.subscriptions.registry import subscribe_bridge, subscriber
from integrations.bridges.configured import configured_bridges
from integrations.webhooks.endpoints import QUEUEING
from integrations.webhooks.queueing import queue_deliveries


@subscriber("events.catch_up_after_start", ServiceStarted, platform=True)
def catch_up_after_start(_event: ServiceStarted, _delivery: Delivery[ServiceStarted]) -> None:
    """Ring for what was left behind while a service was away, without waiting for the next round of the sweeper."""
    sweeper.sweep(insist=True)


@subscriber(QUEUEING, *classes_in(Category.INTEGRATION), batch=True, batch_size=200, on_demand=True)
def queue_webhooks(deliveries: Sequence[AnyDelivery]) -> None:
    queue_deliveries(envelopes=[delivery.envelope for delivery in deliveries])


for configured in configured_bridges():
    subscribe_bridge(configured, *classes_in(Category.INTEGRATION))
