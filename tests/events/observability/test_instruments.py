"""What is seen of an event's life: counts, spans that join request and drain, the tenant guard."""

import logging
import sys
from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY

from config.telemetry import trace_to_collector
from events.models import Event, ParkedEvent
from events.observability import instruments, telemetry
from events.subscribing import Delivery
from events.testing.work import drain
from kernel.tenancy import current_tenant, tenant_connection
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support import make
from tests.support.make import order_body
from tests.support.recording import SOON, Recorder, Subscribe, parked, say
from tests.support.terminal import Terminal

TYPE = "tenants.tenant_suspended"


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_what_is_published_applied_failed_and_dead_is_counted(recorder: Recorder, subscribe: Subscribe) -> None:
    recorder.failing = {"bad": 99}
    name = subscribe(recorder.record, TenantSuspended, backoff=SOON)
    before = sample("tillflow_events_published_total", type=TYPE)

    say("good", "bad", "good")
    for _ in range(4):
        drain(name)

    # The test's own transaction is never committed, so that nothing counts as published in it.
    assert sample("tillflow_events_published_total", type=TYPE) == before
    assert sample("tillflow_events_processed_total", subscriber=name, type=TYPE) == 2
    assert sample("tillflow_events_failed_total", subscriber=name, type=TYPE) == 2
    assert sample("tillflow_events_dead_total", subscriber=name, type=TYPE) == 1
    assert sample("tillflow_event_apply_seconds_count", subscriber=name) == 2
    assert sample("tillflow_reaction_seconds_count", listener=name) >= 5


def test_a_commit_counts_what_was_published(committed: Tenant) -> None:
    before = sample("tillflow_events_published_total", type=TYPE)

    say("a", "b")

    assert sample("tillflow_events_published_total", type=TYPE) == before + 2


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield exporter
    provider.shutdown()


def test_a_drains_span_is_linked_to_the_requests(api: Terminal, spans: InMemorySpanExporter) -> None:
    make.variant()
    make.shift()
    api.post("/orders", order_body())

    drain("payments.record_payments")

    by_name = {span.name: span for span in spans.get_finished_spans()}
    request = by_name["POST /api/v1/orders"]
    applied = by_name["apply payments.record_payments"]
    linked = {(link.context.trace_id, link.context.span_id) for link in applied.links}
    assert linked == {(request.context.trace_id, request.context.span_id)}
    assert applied.attributes["tillflow.tenant"] == "north"
    assert applied.attributes["tillflow.type"] == "pos.order_placed"
    assert Event.objects.filter(type="pos.order_completed").get().traceparent.split("-")[1] == format(
        request.context.trace_id, "032x"
    )


def test_without_a_provider_nothing_is_traced() -> None:
    assert telemetry.is_traced() is False
    assert telemetry.current_traceparent() == ""
    with telemetry.request_span("GET /", ""), telemetry.reaction_span("apply", []):
        pass


def test_a_handler_that_leaves_its_tenants_schema_fails_and_its_effects_are_gone(
    shop: Tenant, subscribe: Subscribe
) -> None:
    def wander(event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        if event.tenant_name == "a":
            tenant_connection().set_tenant(Tenant.objects.get(schema_name="south"))

    name = subscribe(wander, TenantSuspended)
    say("a", "b")

    assert drain(name) == 1

    assert current_tenant() == "north"
    assert parked(name) == [(1, "RETRYING")]
    assert "WrongTenant" in ParkedEvent.objects.get(subscriber=name).error


def test_at_debug_there_is_one_line_for_each_step(
    committed: Tenant, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[tuple[str, object]] = []

    class Notebook:
        def debug(self, step: str, **named: object) -> None:
            lines.append((step, named["event_id"]))

    monkeypatch.setattr(instruments, "logger", Notebook())
    monkeypatch.setattr(instruments.stdlib, "level", logging.DEBUG)
    instruments.stdlib.manager._clear_cache()
    name = subscribe(Recorder().record, TenantSuspended)

    say("a")
    drain(name)

    event_id = str(Event.objects.get(type=TYPE, tenant_id="north").event_id)
    assert lines == [("event_published", event_id), ("event_applied", event_id)]
    monkeypatch.undo()
    instruments.stdlib.manager._clear_cache()


def test_spans_are_exported_where_a_collector_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    providers: list[object] = []
    monkeypatch.setattr(trace, "set_tracer_provider", providers.append)

    assert trace_to_collector("web") is True

    (provider,) = providers
    assert provider.resource.attributes["service.name"] == "tillflow-web"
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    assert trace_to_collector("web") is False
