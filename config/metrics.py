"""`GET /metrics` on the platform's host, for a Prometheus that has the token."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views import View
from prometheus_client import CONTENT_TYPE_LATEST

from events.operations.gauges import scraped


class MetricsView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not constant_time_compare(token, settings.METRICS_TOKEN):
            response = HttpResponse("Give METRICS_TOKEN as a bearer token.\n", status=401)
            response["WWW-Authenticate"] = "Bearer"
            return response
        return HttpResponse(scraped(), content_type=CONTENT_TYPE_LATEST)
