"""The event layer's part of the API."""

from django.urls import path

from events.api import dead_letters, undelivered

urlpatterns = [
    path("dead-letters", dead_letters.DeadLettersView.as_view()),
    path("dead-letters/dry-run", dead_letters.DryRunView.as_view()),
    path("dead-letters/retry", dead_letters.RetryView.as_view()),
    path("dead-letters/discard", dead_letters.DiscardView.as_view()),
    path("dead-letters/edited-copy", dead_letters.EditedCopyView.as_view()),
    path("subscriptions", dead_letters.SubscriptionsView.as_view()),
    path("undelivered-calls", undelivered.UndeliveredCallsView.as_view()),
    path("undelivered-calls/send-again", undelivered.SendAgainView.as_view()),
]
