"""Gauges that are read from the database and the broker at a scrape.

Only values that are not zero have a series with their tenant.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from django.db import connection
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector

from events.operations.accounts import unaccounted_on_the_books
from events.operations.releasing import tenants_to_release
from events.operations.undelivered import groups
from events.subscriptions.declarations import unbound
from events.subscriptions.doorbells import doorbells
from events.subscriptions.queries import Lag, lags
from kernel.tenancy import in_public_schema

LABELS = ("tenant", "subscriber")


class EventLayerCollector(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        with in_public_schema():
            found = lags()
            unaccounted = unaccounted_on_the_books()
            paused_endpoints, waiting = _webhooks()
            undelivered, on_their_way = groups(), _oldest_calls()
            missing = unbound(tenants_to_release())
            kept = _kept_months()
        yield _gauge(
            "tillflow_events_behind", "Events that a subscriber has not applied yet", found, lambda s: s.behind
        )
        yield _gauge(
            "tillflow_events_oldest_seconds", "Age of the oldest one of them", found, lambda s: s.oldest_seconds
        )
        for state in ("retrying", "waiting", "dead"):
            yield _gauge(f"tillflow_events_{state}", f"Parked events that are {state}", found, attrgetter(state))
        yield _gauge("tillflow_subscription_paused", "Subscriptions that are paused", found, lambda s: int(s.paused))
        yield _family(
            "tillflow_events_unaccounted",
            "Must be 0: neither or more than one of processed, parked",
            [],
            [(unaccounted,)],
        )
        yield _family(
            "tillflow_events_unbound",
            "Types that this code's subscribers declare and no binding holds: manage.py subscribe has not run",
            LABELS,
            [(tenant, subscriber, count) for tenant, subscriber, count, _ in missing],
        )
        yield _family("tillflow_subscriptions", "Subscriptions of all tenants", [], [(len(found),)])
        yield _family("tillflow_webhook_endpoints_paused", "Endpoints that are paused", ["tenant"], paused_endpoints)
        yield _family("tillflow_webhook_deliveries_waiting", "Deliveries by state", ["state"], waiting)
        yield _family(
            "tillflow_calls_undelivered",
            "Outgoing calls that are out of attempts (unknown) or were refused (failed)",
            ["tenant", "kind", "state"],
            [(group.tenant_id, group.kind, group.state.lower(), group.count) for group in undelivered],
        )
        yield _family(
            "tillflow_calls_oldest_seconds",
            "Age of the oldest outgoing call on its way",
            ["tenant", "kind"],
            on_their_way,
        )
        yield _family(
            "tillflow_events_month_kept",
            "What keeps a month that is old enough to be dropped, as retention found it",
            ["month", "reason"],
            kept,
        )
        yield _family(
            "tillflow_queue_length", "Messages that wait for a worker", ["queue"], doorbells.waiting().items()
        )


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
    measured = [(lag.tenant_id, lag.subscriber, value(lag)) for lag in found]
    return _family(name, said, LABELS, [row for row in measured if row[-1]])


def _family(name: str, said: str, labels: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> GaugeMetricFamily:
    """Make a family of rows that end with their value, after a text for each label."""
    family = GaugeMetricFamily(name, said, labels=labels)
    for *texts, value in rows:
        family.add_metric(texts, value)
    return family


def _webhooks() -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenant_id, count(*) FROM events_webhookendpoint WHERE state = 'PAUSED' GROUP BY tenant_id"
        )
        paused = cursor.fetchall()
        cursor.execute(
            "SELECT lower(state), count(*) FROM events_webhookdelivery WHERE state IN ('PENDING', 'SENDING', 'PARKED')"
            " GROUP BY state"
        )
        return paused, cursor.fetchall()


def _oldest_calls() -> list[tuple[str, str, float]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenant_id, kind, extract(epoch FROM clock_timestamp() - min(created_at))::float"
            " FROM events_outgoing WHERE state IN ('PENDING', 'SENDING') GROUP BY tenant_id, kind"
        )
        return list(cursor.fetchall())


def _kept_months() -> list[tuple[str, str, int]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT month, kind, count(*) FROM events_keptmonth GROUP BY month, kind ORDER BY month, kind")
        return list(cursor.fetchall())
