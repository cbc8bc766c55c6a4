"""What the admin pages share: the look, their transactions, and rows that people may read but not write."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin as StyledAdmin
from unfold.admin import TabularInline

from kernel.tenancy import in_public
from kernel.units import open_unit

__all__ = [
    "ModelAdmin",
    "OnPlatformHost",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "ShopAdmin",
    "ShopReadOnlyAdmin",
    "TabularInline",
    "save_changes",
    "unit_for",
]


def save_changes(row: Model, form: Any) -> None:
    """Write only what was changed in the form: the rest of the row may have moved since it was read."""
    names = {field.name for field in row._meta.concrete_fields}
    changed = names & set(form.changed_data)
    touched = {field.name for field in row._meta.concrete_fields if getattr(field, "auto_now", False)}
    if changed:
        row.save(update_fields=changed | touched)


class InUnits:
    """Makes each save and each deletion one unit of work, so that services called in it may publish.

    Django opens a transaction around these; a unit of work owns its transaction, so it comes first. Actions have no
    transaction: each service that they call opens its unit.
    """

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with unit_for(request):
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with unit_for(request):
            return super().delete_view(request, *args, **kwargs)  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Rows that are edited in the list are saved together."""
        with unit_for(request) if "_save" in request.POST else nullcontext():
            return super().changelist_view(request, *args, **kwargs)  # type: ignore[misc]

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        with open_unit():
            super().delete_queryset(request, queryset)  # type: ignore[misc]


def unit_for(request: HttpRequest) -> AbstractContextManager[object]:
    """Open a unit of work for a request that may write."""
    return nullcontext() if request.method in {"GET", "HEAD", "OPTIONS", "TRACE"} else open_unit()


class ModelAdmin(InUnits, StyledAdmin):  # type: ignore[misc]
    """A page of ours, in the admin's look."""


class _ReadOnly:
    """Services write these rows; the admin shows them."""

    def has_add_permission(self, _request: HttpRequest, _parent: Any = None) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _row: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _row: Any = None) -> bool:
        return False


class ReadOnlyAdmin(_ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_per_page = 50
    show_full_result_count = False


class ReadOnlyInline(_ReadOnly, TabularInline):  # type: ignore[misc]
    extra = 0
    can_delete = False

    def get_readonly_fields(self, _request: HttpRequest, _obj: Any = None) -> Any:
        return self.fields


class OnHost:
    """For what only a shop has, or only the platform: on the other's host the page does not exist for anyone."""

    def on_its_host(self) -> bool:
        """Say whether this connection works where the rows are."""
        raise AssertionError("each kind of host says for itself")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.on_its_host() and bool(super().has_module_permission(request))  # type: ignore[misc]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.on_its_host() and bool(super().has_view_permission(request, obj))  # type: ignore[misc]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.on_its_host() and bool(super().has_change_permission(request, obj))  # type: ignore[misc]

    def has_add_permission(self, request: HttpRequest, _parent: Any = None) -> bool:
        return self.on_its_host() and bool(super().has_add_permission(request))  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.on_its_host() and bool(super().has_delete_permission(request, obj))  # type: ignore[misc]


class OnPlatformHost(OnHost):
    def on_its_host(self) -> bool:
        return in_public()


class OnShopHost(OnHost):
    def on_its_host(self) -> bool:
        return not in_public()


class ShopAdmin(OnShopHost, ModelAdmin):  # type: ignore[misc]
    list_per_page = 50

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            save_changes(obj, form)
        else:
            super().save_model(request, obj, form, change)


class ShopReadOnlyAdmin(OnShopHost, ReadOnlyAdmin):
    """Rows of a shop that services write."""
