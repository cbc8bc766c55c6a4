"""What the admin pages share: the look, and rows that people may read but not write."""

from typing import Any

from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from kernel.tenancy import in_public

__all__ = ["ModelAdmin", "ReadOnlyAdmin", "ReadOnlyInline", "ShopAdmin", "ShopReadOnlyAdmin", "TabularInline"]


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


class OnShopHost:
    """For what only a shop has: on the platform's host the page does not exist."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return not in_public() and bool(super().has_module_permission(request))  # type: ignore[misc]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not in_public() and bool(super().has_view_permission(request, obj))  # type: ignore[misc]


class ShopAdmin(OnShopHost, ModelAdmin):  # type: ignore[misc]
    list_per_page = 50


class ShopReadOnlyAdmin(OnShopHost, ReadOnlyAdmin):
    """Rows of a shop that services write."""
