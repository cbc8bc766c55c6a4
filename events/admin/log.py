"""The log in the admin: every event, and the reactions to it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join

from events.event import types_with_members
from events.models import Event
from events.operations.tracing import trace
from kernel.permissions import TELL_DIFFERENCES
from web.admin import ReadOnlyAdmin, sees_differences


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} ms"


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("position", "type", "stream", "occurred_at", "recorded_at", "actor", "tenant_id")
    list_filter = ("category", "type")
    search_fields = ("stream__startswith", "type", "correlation_id__exact", "event_id__exact")
    ordering = ("-recorded_at",)
    readonly_fields = ("what_came_of_it",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """Leave out events that tell what should be in a drawer, for whoever may not see it."""
        rows: QuerySet[Event] = super().get_queryset(request)
        return rows if sees_differences(request) else rows.exclude(type__in=types_with_members(TELL_DIFFERENCES))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """A stream finds every event of the requests that touched it."""
        if ":" in search_term:
            correlations = queryset.filter(stream=search_term).values("correlation_id")
            return queryset.filter(correlation_id__in=correlations), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="reactions")
    def what_came_of_it(self, event: Event) -> str:
        rows = []
        for traced in trace(event.tenant_id, event.correlation_id):
            applied = format_html_join(
                "", "<div>→ {}: {} {}</div>",
                ((a.subscriber, a.state, _milliseconds(a.after_ms)) for a in traced.applied),
            )  # fmt: skip
            rows.append((traced.position, f"{traced.after_ms:.1f}", traced.type, applied))
        return format_html_join("", "<div><b>{}</b> +{} ms {}{}</div>", rows)
