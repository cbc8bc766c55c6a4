"""The event layer in the admin: on a shop's host its own rows, on the platform's host everyone's."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join

from events import services
from events.models import Event, OperatorAction, Outgoing, ParkedEvent, Subscription
from events.tracing import trace
from kernel.admin import ReadOnlyAdmin
from kernel.refusals import Refusal
from kernel.tenancy import current_tenant, find_any_tenant, in_public_schema, in_tenant


def acting_in(tenant_id: str) -> Any:
    return in_public_schema() if tenant_id == "public" else in_tenant(find_any_tenant(tenant_id))


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} ms"


def operator_of(request: HttpRequest) -> str:
    return f"user:{request.user.get_username()}"


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("position", "type", "stream", "occurred_at", "recorded_at", "actor", "tenant_id")
    list_filter = ("category", "type")
    search_fields = ("stream__startswith", "type", "correlation_id__exact", "event_id__exact")
    ordering = ("-recorded_at",)
    readonly_fields = ("what_came_of_it",)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """A stream finds every event of the requests that touched it."""
        if ":" in search_term:
            correlations = queryset.filter(stream=search_term).values("correlation_id")
            return queryset.filter(correlation_id__in=correlations), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="what came of it")
    def what_came_of_it(self, event: Event) -> str:
        rows = []
        for traced in trace(event.tenant_id, event.correlation_id):
            applied = format_html_join(
                "", "<div>→ {}: {} {}</div>",
                ((a.subscriber, a.state, _milliseconds(a.after_ms)) for a in traced.applied),
            )  # fmt: skip
            rows.append((traced.position, f"{traced.after_ms:.1f}", traced.type, applied))
        return format_html_join("", "<div><b>{}</b> +{} ms {}{}</div>", rows)


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    list_display = ("tenant_id", "subscriber", "cursor", "paused_at", "updated_at")
    list_filter = ("subscriber",)
    search_fields = ("tenant_id", "subscriber")
    ordering = ("tenant_id", "subscriber")
    actions = ("pause", "resume")

    @admin.action(description="Pause", permissions=["operate"])
    def pause(self, request: HttpRequest, subscriptions: QuerySet[Subscription]) -> None:
        for subscription in subscriptions:
            with acting_in(subscription.tenant_id):
                services.pause_subscription(subscriber=subscription.subscriber, operator=operator_of(request))

    @admin.action(description="Resume", permissions=["operate"])
    def resume(self, request: HttpRequest, subscriptions: QuerySet[Subscription]) -> None:
        for subscription in subscriptions:
            with acting_in(subscription.tenant_id):
                services.resume_subscription(subscriber=subscription.subscriber, operator=operator_of(request))

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("events.change_subscription")


@admin.register(ParkedEvent)
class ParkedEventAdmin(ReadOnlyAdmin):
    list_display = ("tenant_id", "subscriber", "position", "type", "state", "attempts", "last_line", "next_attempt_at")
    list_filter = ("state", "subscriber", "fingerprint")
    search_fields = ("stream", "event_id")
    ordering = ("tenant_id", "subscriber", "position")
    actions = ("retry", "discard")

    @admin.display(description="error")
    def last_line(self, parked: ParkedEvent) -> str:
        lines = parked.error.strip().splitlines()
        return lines[-1][:120] if lines else ""

    @admin.action(description="Retry now, with fresh attempts", permissions=["operate"])
    def retry(self, request: HttpRequest, parked: QuerySet[ParkedEvent]) -> None:
        for event in parked:
            with acting_in(event.tenant_id):
                services.retry_parked(
                    subscriber=event.subscriber, position=event.position, operator=operator_of(request)
                )

    @admin.action(description="Discard: give it up, let its successors go on", permissions=["operate"])
    def discard(self, request: HttpRequest, parked: QuerySet[ParkedEvent]) -> None:
        for event in parked:
            try:
                with acting_in(event.tenant_id):
                    services.discard_parked(
                        subscriber=event.subscriber,
                        position=event.position,
                        operator=operator_of(request),
                        reason=f"discarded in the admin of {current_tenant()}",
                    )
            except Refusal as refusal:
                self.message_user(request, refusal.detail, messages.ERROR)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("events.change_parkedevent")


@admin.register(Outgoing)
class OutgoingAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "tenant_id", "kind", "state", "attempts", "next_attempt_at", "error")
    list_filter = ("kind", "state")
    ordering = ("-created_at",)


@admin.register(OperatorAction)
class OperatorActionAdmin(ReadOnlyAdmin):
    list_display = ("acted_at", "tenant_id", "operator", "action", "subscriber", "position", "reason")
    ordering = ("-acted_at",)
