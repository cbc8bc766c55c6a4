"""API keys in the admin of a shop. A key is shown in the answer to its making, and never again."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from kernel.refusals import Refusal
from staff import reach
from staff.models import ApiKey
from staff.services import issue_api_key, revoke_api_key, rotate_api_key
from web.admin import Confirmation, ModelAdmin, OnShopHost, Secret, show_once
from web.admin.saving import sentence_of
from web.scopes import ALL_SCOPES

NEEDED = {
    "events:read": {"view_event"},
    "events:operate": {"view_event", "change_parkedevent", "change_subscription", "change_outgoing"},
    "webhooks:write": {"add_webhookendpoint", "change_webhookendpoint", "delete_webhookendpoint"},
    "catalogue:read": {"view_product", "view_variant"},
    "catalogue:write": {"add_product", "change_product", "add_variant", "change_variant"},
    "prices:read": {"view_variant"},
    "prices:write": {"change_variant"},
    "stock:read": {"view_stockitem", "view_stockmovement"},
    "stock:write": {"change_stockitem", "add_stockmovement"},
    "orders:read": {"view_order", "view_return"},
    "orders:write": {"add_order", "change_order", "add_return"},
    "payments:read": {"view_payment", "view_paymentintent", "view_paymentrefund"},
    "payments:write": {"add_payment"},
    "receipts:read": {"view_order", "view_return"},
    "receipts:write": {"change_order", "change_return"},
    "reports:read": {"view_reportfigure"},
}
"""What a person must have themselves to hand on a scope."""


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    scopes = forms.MultipleChoiceField(choices=[(s, s) for s in ALL_SCOPES], widget=forms.CheckboxSelectMultiple)
    days = forms.IntegerField(
        min_value=1, max_value=3650, required=False, label="valid for days", widget=UnfoldAdminIntegerFieldWidget,
        help_text="Empty: until it is revoked",
    )  # fmt: skip

    class Meta:
        model = ApiKey
        fields = ("name", "scopes")
        widgets = {"name": UnfoldAdminTextInputWidget}


@admin.register(ApiKey)
class ApiKeyAdmin(OnShopHost, ModelAdmin):  # type: ignore[misc]
    form = ApiKeyForm
    list_display = ("name", "scopes_granted", "created_at", "last_used_at", "expires_at", "revoked_at")
    ordering = ("name",)
    actions = ("rotate", "revoke")

    @admin.display(description="scopes")
    def scopes_granted(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    def get_fields(self, _request: HttpRequest, obj: Any = None) -> Any:
        shown = ("name", "scopes_granted", "created_at", "last_used_at", "expires_at", "previous_until", "revoked_at")
        return shown if obj else ("name", "scopes", "days")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj) if obj else ()

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return self.on_its_host() and request.user.has_perm("staff.change_apikey")

    def has_rotate_permission(self, request: HttpRequest) -> bool:
        return self.has_revoke_permission(request) and request.user.has_perm("staff.add_apikey")

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Offer only the scopes that stand for what the person has themselves."""
        form = super().get_form(request, obj, **kwargs)
        if obj is None and "scopes" in form.base_fields:
            form.base_fields["scopes"].choices = [(scope, scope) for scope in ALL_SCOPES if _may(request, [scope])]
        return form

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:  # noqa: FBT001
        days = form.cleaned_data["days"]
        expires_at = timezone.now() + timedelta(days=days) if days else None
        key = issue_api_key(name=obj.name, scopes=form.cleaned_data["scopes"], expires_at=expires_at)
        obj.pk = ApiKey.objects.get(name=obj.name).pk
        obj._state.adding = False  # noqa: SLF001 - Django documents it for this
        request.made = Secret(label=f"The key {obj.name}", value=key)  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: Any = None) -> HttpResponse:
        return show_once(self, request, "An API key was issued", [request.made])  # type: ignore[attr-defined]

    @admin.action(description="Make a new key; the one before stays valid for a day", permissions=["rotate"])
    def rotate(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> Any:
        made = []
        for key in keys.filter(revoked_at=None):
            if not _may(request, key.scopes):
                messages.error(request, f"{key.name} may do more than you may: somebody else must rotate it")
                continue
            try:
                made.append(Secret(label=f"The key {key.name}", value=rotate_api_key(name=key.name)))
            except Refusal as refusal:
                messages.error(request, sentence_of(refusal))
        return show_once(self, request, "New API keys", made) if made else None

    @admin.action(description="Revoke for good", permissions=["revoke"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> Any:
        asked = Confirmation(
            action="revoke",
            title="Revoke for good",
            consequence="Whoever uses these keys is refused from now on. It cannot be taken back.",
            asks_reason=False,
        )
        if not asked.is_given(request):
            return asked.ask(self, request, keys)
        for key in keys.filter(revoked_at=None):
            revoke_api_key(name=key.name)
        return None


def _may(request: HttpRequest, scopes: list[str]) -> bool:
    held = set(reach.permissions_of(request.user).values_list("codename", flat=True))
    return all(NEEDED[scope] <= held for scope in scopes)
