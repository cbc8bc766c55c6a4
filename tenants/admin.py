"""Tenants, on the platform's own host."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from kernel.admin import ModelAdmin, OnPlatformHost, ReadOnlyInline, save_changes
from kernel.refusals import Refusal
from tenants.models import Domain, Tenant
from tenants.services import provision_tenant, reactivate_tenant, register_tenant, suspend_tenant


class DomainInline(ReadOnlyInline):
    model = Domain
    fields = ("domain", "is_primary")


@admin.register(Tenant)
class TenantAdmin(OnPlatformHost, ModelAdmin):
    """Creating one makes its schema and its shop; a tenant is closed with `manage.py tenant close`."""

    list_display = ("name", "schema_name", "status", "currency", "created_at")
    list_filter = ("status",)
    search_fields = ("name", "schema_name")
    fields = ("schema_name", "name", "status", "currency", "timezone", "owner_email")
    actions = ("suspend", "reactivate")
    inlines = (DomainInline,)

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("status",) if obj is None else ("status", "schema_name", "currency")

    def get_inlines(self, _request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            save_changes(obj, form)
            return
        created = register_tenant(
            name=obj.schema_name,
            title=obj.name,
            currency=obj.currency,
            timezone=obj.timezone,
            owner_email=obj.owner_email,
        )
        obj.pk, obj.status = created.pk, created.status
        obj._state.adding = False  # noqa: SLF001 - Django documents it for this
        request.registered_tenant = created  # type: ignore[attr-defined]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """A new tenant gets its schema after the unit of work of the page: the tenant's log has its own units."""
        response = super().changeform_view(request, *args, **kwargs)
        registered: Tenant | None = getattr(request, "registered_tenant", None)
        if registered is not None:
            provision_tenant(tenant=registered)
        return response

    @admin.action(description="Suspend: no requests, no subscribers; nothing is lost", permissions=["change"])
    def suspend(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        for tenant in tenants:
            self._try(request, tenant, suspend_tenant)

    @admin.action(description="Reactivate: its subscribers catch up", permissions=["change"])
    def reactivate(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        for tenant in tenants:
            self._try(request, tenant, reactivate_tenant)

    def _try(self, request: HttpRequest, tenant: Tenant, service: Any) -> None:
        try:
            service(tenant=tenant)
        except Refusal as refusal:
            self.message_user(request, refusal.detail, messages.ERROR)
        else:
            self.message_user(request, f"{tenant.name} is {tenant.get_status_display().lower()}", messages.SUCCESS)
