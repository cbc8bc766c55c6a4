"""People and their roles, on every host for its own."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from kernel.admin import ModelAdmin, ShopReadOnlyAdmin, unit_for
from staff.models import ApiKey, User

admin.site.unregister(Group)


@admin.register(User)
class StaffUserAdmin(UserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Open the unit of work before Django's own page for users opens its transaction."""
        with unit_for(request):
            return super().add_view(request, *args, **kwargs)


@admin.register(Group)
class RoleAdmin(GroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Roles: named sets of permissions."""


@admin.register(ApiKey)
class ApiKeyAdmin(ShopReadOnlyAdmin):
    """Keys are made with `manage.py apikey`, which shows them once."""

    list_display = ("name", "scopes", "created_at", "revoked_at")
    fields = ("name", "scopes", "created_at", "revoked_at")
    ordering = ("name",)
