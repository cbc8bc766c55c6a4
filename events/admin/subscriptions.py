"""Subscriptions in the admin, and what operators did."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join

from events.models import Binding, OperatorAction, Subscription
from events.operations import pausing
from events.subscriptions.registry import known_subscriber
from web.admin import Confirmation, ReadOnlyAdmin, acting_on, operator_of


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    list_display = ("tenant_id", "subscriber", "cursor", "paused_at", "updated_at")
    list_filter = ("subscriber",)
    search_fields = ("tenant_id", "subscriber")
    ordering = ("tenant_id", "subscriber")
    actions = ("pause", "resume")
    readonly_fields = ("hears",)
    fields = (
        "tenant_id", "subscriber", "hears", "start", "cursor", "paused_at", "started_position", "starts", "started_at",
        "lease", "leased_until", "updated_at",
    )  # fmt: skip

    @admin.display(description="hears")
    def hears(self, subscription: Subscription) -> str:
        """List the bound types, each with the positions between which it is heard."""
        rows = Binding.objects.filter(tenant_id=subscription.tenant_id, subscriber=subscription.subscriber)
        known = known_subscriber(subscription.subscriber)
        lines = [
            f"{row.type} after {row.since}{'' if row.until is None else f' up to {row.until}'}"
            f"{'' if known and row.type in known.heard else ' (not in this code)'}"
            for row in rows.order_by("type", "since")
        ]
        return format_html_join("", "{}<br>", ((line,) for line in lines)) or "nothing"

    @admin.action(description="Pause", permissions=["operate"])
    def pause(self, request: HttpRequest, subscriptions: QuerySet[Subscription]) -> HttpResponse | None:
        asked = Confirmation(
            action="pause",
            title="Pause",
            consequence="These subscribers stop before their next event, until somebody resumes them: stock is not "
            "counted, payments not recorded, mails not sent, whatever they do. The shop's mailboxes are informed.",
        )
        if not asked.is_given(request):
            return asked.ask(self, request, subscriptions)
        operator, reason = operator_of(request), asked.reason(request)
        for subscription in subscriptions:
            with acting_on(subscription):
                pausing.pause_subscription(subscriber=subscription.subscriber, operator=operator, reason=reason)
        return None

    @admin.action(description="Resume", permissions=["operate"])
    def resume(self, request: HttpRequest, subscriptions: QuerySet[Subscription]) -> None:
        for subscription in subscriptions:
            with acting_on(subscription):
                pausing.resume_subscription(subscriber=subscription.subscriber, operator=operator_of(request))

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("events.change_subscription")


@admin.register(OperatorAction)
class OperatorActionAdmin(ReadOnlyAdmin):
    list_display = ("acted_at", "tenant_id", "operator", "action", "subscriber", "position", "reason")
    ordering = ("-acted_at",)
