"""Webhook endpoints and their deliveries in the admin. Endpoints are made here or through the API."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.views.decorators.csrf import csrf_protect

from events.models import VersionPin
from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.webhooks import deliveries, endpoints
from kernel.refusals import Refusal
from kernel.tenancy import in_public
from web.admin import Confirmation, ModelAdmin, ReadOnlyAdmin, Secret, acting_on, operator_of, sentence_of, show_once
from web.admin.zones import clock


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    types = forms.CharField(
        required=False, help_text="Names of events, separated by commas; none for all", widget=forms.Textarea
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("url", "description", "types")

    def clean_types(self) -> list[str]:
        return [name.strip() for name in self.cleaned_data["types"].split(",") if name.strip()]

    def clean(self) -> dict[str, Any] | None:
        """Refuse in the form what the service would refuse."""
        cleaned = super().clean()
        if not self.errors:
            try:
                endpoints.require_endpoint(**self.cleaned_data)
            except Refusal as refusal:
                self.add_error(refusal.details["field"], sentence_of(refusal))
        return cleaned


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ModelAdmin):
    list_display = (
        "url",
        "tenant_id",
        "state",
        "failures",
        "failing_since",
        "next_call_at",
        "pause_reason",
        "created_at",
    )
    list_filter = ("state",)
    ordering = ("tenant_id", "created_at")
    actions = ("pause", "resume", "rotate", "test")
    form = EndpointForm
    readonly_fields = ("state", "pause_reason", "pins", "failures", "failing_since", "next_call_at", "created_at")

    def get_fields(self, _request: HttpRequest, obj: Any = None) -> Any:
        return ("url", "description", "types", *(self.readonly_fields if obj else ()))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return not in_public() and bool(super().has_add_permission(request))

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.change_webhookendpoint")

    @method_decorator(csrf_protect)
    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Delete without a transaction around it: on the platform's host the endpoint is a tenant's, with its unit."""
        return self._delete_view(request, object_id, extra_context)

    def delete_model(self, _request: HttpRequest, obj: WebhookEndpoint) -> None:
        with acting_on(obj):
            endpoints.delete_endpoint(endpoint_id=obj.id, now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        for endpoint in queryset:
            self.delete_model(request, endpoint)

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool) -> None:  # noqa: FBT001
        made, secret = endpoints.create_endpoint(
            url=obj.url, description=obj.description, types=form.cleaned_data["types"], now=timezone.now()
        )
        obj.id = made.id
        obj._state.adding = False  # noqa: SLF001 - Django documents it for this
        request.made = Secret(label=f"The signing secret of {obj.url}", value=secret)  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, _obj: WebhookEndpoint, _post_url_continue: str | None = None
    ) -> HttpResponse:
        return show_once(self, request, "A webhook endpoint was made", [request.made])  # type: ignore[attr-defined]

    @admin.action(description="Pause: deliveries wait", permissions=["operate"])
    def pause(self, request: HttpRequest, chosen: QuerySet[WebhookEndpoint]) -> HttpResponse | None:
        asked = Confirmation(
            action="pause",
            title="Pause",
            consequence="These endpoints are sent nothing until they are resumed; what happens meanwhile waits.",
        )
        if not asked.is_given(request):
            return asked.ask(self, request, chosen)
        for endpoint in chosen:
            with acting_on(endpoint):
                reason = f"{asked.reason(request)} (paused by {operator_of(request)})"
                endpoints.pause_endpoint(endpoint_id=endpoint.id, reason=reason, now=timezone.now())
        return None

    @admin.action(description="Resume where it stopped", permissions=["operate"])
    def resume(self, request: HttpRequest, chosen: QuerySet[WebhookEndpoint]) -> None:
        for endpoint in chosen:
            with acting_on(endpoint):
                endpoints.resume_endpoint(endpoint_id=endpoint.id, now=timezone.now())

    @admin.action(description="Make a new secret; the old one stays valid for a day", permissions=["operate"])
    def rotate(self, request: HttpRequest, chosen: QuerySet[WebhookEndpoint]) -> HttpResponse:
        made = []
        for endpoint in chosen:
            with acting_on(endpoint):
                secret = endpoints.rotate_secret(endpoint_id=endpoint.id, now=timezone.now())
            made.append(Secret(label=f"The new signing secret of {endpoint.url}", value=secret))
        return show_once(self, request, "New signing secrets", made)

    @admin.action(description="Send a test event", permissions=["operate"])
    def test(self, request: HttpRequest, chosen: QuerySet[WebhookEndpoint]) -> None:
        for endpoint in chosen:
            with acting_on(endpoint):
                queued = deliveries.queue_test(endpoint_id=endpoint.id, now=timezone.now())
            page = reverse("admin:integrations_webhookdelivery_change", args=[queued.id])
            said = format_html('A test of {} is on its way: <a href="{}">what it was answered</a>', endpoint.url, page)
            self.message_user(request, said, messages.SUCCESS)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "called", "type", "position", "state", "attempts", "next_attempt_at", "replay")
    list_filter = ("state", "type")
    ordering = ("-created_at", "-position")
    actions = ("redeliver", "skip")
    readonly_fields = ("log_of_attempts",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        rows: QuerySet[WebhookDelivery] = super().get_queryset(request)
        return rows.prefetch_related("endpoint")

    @admin.display(description="endpoint", ordering="endpoint_id")
    def called(self, delivery: WebhookDelivery) -> str:
        """Name the endpoint without a join, which would not name the tenant on the endpoint's side."""
        return delivery.endpoint.url

    @admin.display(description="attempts")
    def log_of_attempts(self, delivery: WebhookDelivery) -> str:
        return format_html_join(
            "",
            "<div><b>{}</b> {} {} {} ms {}</div>",
            (
                (
                    each.number,
                    clock(each.attempted_at, "%Y-%m-%d %H:%M:%S"),
                    each.status or each.error,
                    each.milliseconds,
                    each.response[:200],
                )
                for each in delivery.tries.order_by("number")
            ),
        )

    @admin.action(description="Send again", permissions=["operate"])
    def redeliver(self, request: HttpRequest, chosen: QuerySet[WebhookDelivery]) -> None:
        for delivery in chosen:
            self._try(request, delivery, lambda d: deliveries.redeliver(delivery_id=d.id, now=timezone.now()))

    @admin.action(description="Skip: let the next ones of its stream go on", permissions=["operate"])
    def skip(self, request: HttpRequest, chosen: QuerySet[WebhookDelivery]) -> None:
        for delivery in chosen:
            self._try(request, delivery, lambda d: deliveries.skip(delivery_id=d.id))

    def _try(self, request: HttpRequest, delivery: WebhookDelivery, act: Any) -> None:
        try:
            with acting_on(delivery):
                act(delivery)
        except Refusal as refusal:
            self.message_user(request, refusal.detail, messages.ERROR)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.change_webhookdelivery")


@admin.register(VersionPin)
class VersionPinAdmin(ReadOnlyAdmin):
    list_display = ("tenant_id", "type", "version")
    ordering = ("tenant_id", "type")
