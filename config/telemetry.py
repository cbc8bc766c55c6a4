"""Traces leave for an OpenTelemetry collector when OTEL_EXPORTER_OTLP_ENDPOINT names one and the extra is installed."""

import os

import structlog

logger = structlog.get_logger(__name__)


def trace_to_collector(service: str) -> bool:
    """Set this process up to export its spans; return whether it does."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return False
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        logger.warning("not_traced", reason="pip install tillflow[telemetry] to export traces")
        return False
    provider = TracerProvider(resource=Resource.create({"service.name": f"tillflow-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return True
