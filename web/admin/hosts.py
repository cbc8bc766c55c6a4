"""Pages for what only a shop has, or only the platform: on the other's host they do not exist for anyone."""

from typing import Any

from django.http import HttpRequest

from kernel.tenancy import in_public


class OnHost:
    def on_its_host(self) -> bool:
        """Say whether this connection works where the rows are."""
        raise AssertionError("each kind of host says for itself")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Find no row on the other host: its table is not there, and a history looks before it asks who may see it."""
        return super().get_object(request, object_id, from_field) if self.on_its_host() else None  # type: ignore[misc]

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
