"""Feeds, webhooks and version pins on the API."""

from django.urls import path

from integrations.api import webhooks
from integrations.api.feed import EventFeedView
from integrations.api.live import LiveFeedView

urlpatterns = [
    path("events", EventFeedView.as_view()),
    path("events/stream", LiveFeedView.as_view()),
    path("webhook-endpoints", webhooks.EndpointsView.as_view()),
    path("webhook-endpoints/<uuid:endpoint_id>", webhooks.EndpointView.as_view()),
    path("webhook-endpoints/<uuid:endpoint_id>/rotate-secret", webhooks.RotateSecretView.as_view()),
    path("webhook-endpoints/<uuid:endpoint_id>/test", webhooks.TestEndpointView.as_view()),
    path("webhook-endpoints/<uuid:endpoint_id>/replay", webhooks.ReplayView.as_view()),
    path("webhook-deliveries", webhooks.DeliveriesView.as_view()),
    path("webhook-deliveries/<uuid:delivery_id>/redeliver", webhooks.RedeliverView.as_view()),
    path("webhook-deliveries/<uuid:delivery_id>/skip", webhooks.SkipView.as_view()),
    path("version-pins", webhooks.PinsView.as_view()),
]
