"""What the database and the broker say of the event layer at a scrape.

Only what is not zero has a series of its own tenant.
"""

import os
from collections.abc import Callable, Iterator
from operator import attrgetter

from django.db import connection
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector

from events.accounts import unaccounted_on_the_books
from events.doorbells import doorbells
from events.queries import Lag, lags
from kernel.tenancy import in_public_schema

LABELS = ("tenant", "subscriber")


class EventLayerCollector(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        with in_public_schema():
            found = lags()
            unaccounted = unaccounted_on_the_books()
            paused_endpoints, waiting = _webhooks()
        yield _gauge(
            "tillflow_events_behind", "Events that a subscriber has not applied yet", found, lambda s: s.behind
        )
        yield _gauge(
            "tillflow_events_oldest_seconds", "Age of the oldest one of them", found, lambda s: s.oldest_seconds
        )
        for state in ("retrying", "waiting", "dead"):
            yield _gauge(f"tillflow_events_{state}", f"Parked events that are {state}", found, attrgetter(state))
        yield _gauge("tillflow_subscription_paused", "Subscriptions that are paused", found, lambda s: int(s.paused))
        total = GaugeMetricFamily(
            "tillflow_events_unaccounted", "Must be 0: neither or more than one of processed, parked"
        )
        total.add_metric([], unaccounted)
        yield total
        subscriptions = GaugeMetricFamily("tillflow_subscriptions", "Subscriptions of all tenants")
        subscriptions.add_metric([], len(found))
        yield subscriptions
        paused = GaugeMetricFamily("tillflow_webhook_endpoints_paused", "Endpoints that are paused", labels=["tenant"])
        for tenant, count in paused_endpoints:
            paused.add_metric([tenant], count)
        yield paused
        pending = GaugeMetricFamily("tillflow_webhook_deliveries_waiting", "Deliveries by state", labels=["state"])
        for state, count in waiting:
            pending.add_metric([state.lower()], count)
        yield pending
        queued = GaugeMetricFamily("tillflow_queue_length", "Messages that wait for a worker", labels=["queue"])
        for queue, length in doorbells.waiting().items():
            queued.add_metric([queue], length)
        yield queued


def scraped() -> bytes:
    """Write all metrics in Prometheus' text format: of every process of this host, and of the database."""
    registry = CollectorRegistry()
    registry.register(EventLayerCollector())
    own: CollectorRegistry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        own = CollectorRegistry()
        MultiProcessCollector(own)  # type: ignore[no-untyped-call]
    return generate_latest(own) + generate_latest(registry)


def _gauge(name: str, said: str, found: list[Lag], value: Callable[[Lag], float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, said, labels=LABELS)
    for lag in found:
        if measured := value(lag):
            family.add_metric([lag.tenant_id, lag.subscriber], measured)
    return family


def _webhooks() -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenant_id, count(*) FROM events_webhookendpoint WHERE state = 'PAUSED' GROUP BY tenant_id"
        )
        paused = cursor.fetchall()
        cursor.execute(
            "SELECT state, count(*) FROM events_webhookdelivery WHERE state IN ('PENDING', 'SENDING', 'PARKED')"
            " GROUP BY state"
        )
        return paused, cursor.fetchall()
