"""The shop's profile in the admin: a new version is made of the current one, and old ones are read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from pos.profile.models import ShopProfile
from pos.profile.queries import current_profile
from pos.profile.services import EDITED, put_profile
from web.admin import ShopAdmin


@admin.register(ShopProfile)
class ShopProfileAdmin(ShopAdmin):
    list_display = ("version", "current", "legal_name", "vat_number", "cut_over_hour", "made_at")
    ordering = ("-version",)
    fields = EDITED

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        profile = current_profile()
        return {**{name: getattr(profile, name) for name in EDITED}, **super().get_changeform_initial_data(request)}

    def has_change_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def save_model(self, _request: HttpRequest, obj: ShopProfile, form: Any, change: bool) -> None:  # noqa: FBT001
        assert not change
        made = put_profile(values={name: form.cleaned_data[name] for name in EDITED})
        obj.pk, obj.version = made.pk, made.version
