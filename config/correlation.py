"""The request's id: taken from `X-Request-Id` or made, answered, and carried by every event it causes."""

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from config.request_ids import HEADER, request_id_of
from events.log.causes import Cause, caused_by
from events.observability.telemetry import request_span
from kernel.tenancy import current_tenant
from web.client import coming_from


class CorrelationMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        correlation_id = request_id_of(request.headers.get(HEADER, ""))
        traceparent = request.headers.get("traceparent", "")[:55]
        cause = Cause(correlation_id=correlation_id, traceparent=traceparent)
        span = request_span(f"{request.method} {request.path}", traceparent, **{"tillflow.tenant": current_tenant()})
        with (
            caused_by(cause),
            coming_from(request),
            span,
            structlog.contextvars.bound_contextvars(correlation_id=str(correlation_id)),
        ):
            response = self.get_response(request)
        response[HEADER] = str(correlation_id)
        return response
