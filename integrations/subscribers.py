"""Webhooks and bridges: they hear every integration event."""

from collections.abc import Sequence
from functools import partial

from events.event import Category, classes_in
from events.maintenance.sweeper import Reminder, remind_of
from events.subscribing import AnyDelivery, subscriber
from integrations.bridges.configured import configured_bridges
from integrations.bridges.subscribing import subscribe_bridge
from integrations.webhooks import ringing
from integrations.webhooks.endpoints import QUEUEING
from integrations.webhooks.queueing import queue_deliveries
from integrations.webhooks.sending import due_endpoints


@subscriber(QUEUEING, *classes_in(Category.INTEGRATION), batch=True, batch_size=200, on_demand=True)
def queue_webhooks(deliveries: Sequence[AnyDelivery]) -> None:
    queue_deliveries(envelopes=[delivery.envelope for delivery in deliveries])


for configured in configured_bridges():
    subscribe_bridge(configured, *classes_in(Category.INTEGRATION))


@remind_of
def endpoints_with_due_deliveries(working: frozenset[str]) -> list[Reminder]:
    return [
        Reminder(name=f"{tenant}:{endpoint}", queue=ringing.QUEUE, ring=partial(ringing.ring, tenant, endpoint))
        for tenant, endpoint in due_endpoints(working)
    ]
