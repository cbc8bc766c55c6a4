"""The pages of our models: what a person may edit, what they may only read."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.paginator import Paginator
from django.db import DataError
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin as StyledAdmin

from web.admin.hosts import OnShopHost
from web.admin.money import MoneyPage
from web.admin.names import remember_names
from web.admin.saving import InUnits, save_changes
from web.admin.texts import PlainTexts, TabularInline

MOST_COUNTED = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts, and leads to, the first 10,000 rows of a list: filters and the search lead to the others."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[:MOST_COUNTED].count())


class ModelAdmin(MoneyPage, PlainTexts, InUnits, StyledAdmin):  # type: ignore[misc]
    """A page of ours, in the admin's look. An action that names no permission is offered to nobody."""

    paginator = BoundedPaginator
    show_full_result_count = False

    def _filter_actions_by_permissions(self, request: HttpRequest, actions: Any) -> list[Any]:
        named = [action for action in actions if names_permission(action[0])]
        return super()._filter_actions_by_permissions(request, named)  # type: ignore[no-any-return]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """:raises IncorrectLookupParameters: also for a value that the database, or a date, cannot hold."""
        try:
            page = super().get_changelist_instance(request)
        except (ValueError, OverflowError, DataError) as error:
            raise IncorrectLookupParameters from error
        remember_names(page.result_list, [getattr(self, str(name), None) for name in page.list_display])
        return page


def names_permission(action: Callable[..., Any]) -> bool:
    """Say whether an action names who may run it: `@admin.action(permissions=[…])`."""
    return bool(getattr(action, "allowed_permissions", ()))


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


class ReadOnlyInline(_ReadOnly, TabularInline):  # type: ignore[misc]
    extra = 0
    can_delete = False

    def get_readonly_fields(self, _request: HttpRequest, _obj: Any = None) -> Any:
        return self.with_currency(self.fields)


class ShopAdmin(OnShopHost, ModelAdmin):  # type: ignore[misc]
    list_per_page = 50

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            save_changes(obj, form)
        else:
            super().save_model(request, obj, form, change)


class ShopReadOnlyAdmin(OnShopHost, ReadOnlyAdmin):
    """Rows of a shop that services write."""
