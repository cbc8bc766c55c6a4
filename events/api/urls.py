"""The event layer's part of the API."""

from django.urls import path

from events.api import dead_letters, undelivered
from integrations.api import webhooks
from integrations.api.feed import EventFeedView
from integrations.api.live import LiveFeedView

urlpatterns = [
    path("events", EventFeedView.as_view()),
    path("events/stream", LiveFeedView.as_view()),
    path("dead-letters", dead_letters.DeadLettersView.as_view()),
    path("dead-letters/dry-run", dead_letters.DryRunView.as_view()),
    path("dead-letters/retry", dead_letters.RetryView.as_view()),
    path("dead-letters/discard", dead_letters.DiscardView.as_view()),
    path("dead-letters/edited-copy", dead_letters.EditedCopyView.as_view()),
    path("subscriptions", dead_letters.SubscriptionsView.as_view()),
    path("undelivered-calls", undelivered.UndeliveredCallsView.as_view()),
    path("undelivered-calls/send-again", undelivered.SendAgainView.as_view()),
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
