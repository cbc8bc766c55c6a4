"""The rules for signing in, of this shop or of the platform: one page."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from events.operations import audit
from staff.models import SignInRules
from web.admin import ModelAdmin


@admin.register(SignInRules)
class SignInRulesAdmin(ModelAdmin):
    list_display = ("__str__", "second_factor_required", "idle_minutes")
    fields = ("second_factor_required", "idle_minutes")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(super().has_add_permission(request)) and not SignInRules.objects.exists()

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: SignInRules, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        required = "required" if obj.second_factor_required else "not required"
        detail = f"second factor {required}, idle for {obj.idle_minutes} minutes at most"
        audit.record(action="rules for signing in changed", detail=detail)
