"""Traces: a request's trace goes on in the drains that apply its events, as span links (OpenTelemetry).

The libraries are an extra (`pip install tillflow[telemetry]`); without them, or without a tracer provider, nothing is
traced and nothing is paid for it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

try:
    from opentelemetry import trace as api
    from opentelemetry.trace import Link, SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError:  # the extra is not installed
    api = None  # type: ignore[assignment]

MOST_LINKS = 32
TRACER = "tillflow.events"


def is_traced() -> bool:
    """Say whether a tracer provider was set up in this process."""
    return api is not None and not isinstance(api.get_tracer_provider(), api.ProxyTracerProvider)


def current_traceparent() -> str:
    """Return the W3C `traceparent` of the span that runs now, empty without one."""
    if not is_traced():
        return ""
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent", "")


@contextmanager
def request_span(name: str, traceparent: str, **attributes: Any) -> Iterator[None]:
    """A span for a request from outside, in the caller's trace where it named one."""
    if not is_traced():
        yield
        return
    parent = TraceContextTextMapPropagator().extract({"traceparent": traceparent})
    tracer = api.get_tracer(TRACER)
    with tracer.start_as_current_span(name, context=parent, kind=SpanKind.SERVER, attributes=attributes):
        yield


@contextmanager
def reaction_span(name: str, traceparents: Sequence[str], **attributes: Any) -> Iterator[None]:
    """A span for a reaction, linked to the spans in which its events were published."""
    if not is_traced():
        yield
        return
    links = [Link(context) for context in map(_span_context, traceparents[:MOST_LINKS]) if context.is_valid]
    tracer = api.get_tracer(TRACER)
    with tracer.start_as_current_span(name, links=links, kind=SpanKind.CONSUMER, attributes=attributes):
        yield


def _span_context(traceparent: str) -> Any:
    context = TraceContextTextMapPropagator().extract({"traceparent": traceparent})
    return api.get_current_span(context).get_span_context()
