"""System checks of the admin: no process starts with a page or an action that anybody may use."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.checks import CheckMessage, Error, register

from web.admin import ModelAdmin
from web.admin.pages import names_permission

KINDS = ("actions_list", "actions_row", "actions_detail", "actions_submit_line")


@register()
def every_action_names_its_permission(**_options: Any) -> list[CheckMessage]:
    """An action without a permission would be run by whoever may see the list."""
    return [
        Error(
            f"the action {name!r} of {type(page).__qualname__} names no permission",
            hint="@admin.action(permissions=[…]), with a method has_…_permission at the page.",
            id="staff.E001",
        )
        for page in admin.site._registry.values()  # noqa: SLF001 - Django has no other way
        for name, action in actions_of(page)
        if not names_permission(action)
    ]


@register()
def every_page_is_ours(**_options: Any) -> list[CheckMessage]:
    """A page that a library brings opens no unit of work, and may show secrets of the second factor."""
    return [
        Error(
            f"the page of {model._meta.label} is not a web.admin.ModelAdmin",
            hint="Unregister it, or register one of ours.",
            id="staff.E002",
        )
        for model, page in admin.site._registry.items()  # noqa: SLF001 - Django has no other way
        if not isinstance(page, ModelAdmin)
    ]


def actions_of(page: Any) -> Iterator[tuple[str, Any]]:
    """List all actions of a page, whoever may use them: in lists, and the theme's in rows and forms."""
    for action, name, _ in page._get_base_actions():  # noqa: SLF001 - before Django filters them by permission
        yield name, action
    for kind in KINDS if isinstance(page, ModelAdmin) else ():
        for name in page._extract_action_names(getattr(page, kind)):  # noqa: SLF001 - the theme's own reading
            yield name, page._get_instance_method(name)  # noqa: SLF001
