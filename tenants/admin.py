"""Tenants, on the platform's own host."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from kernel.refusals import Refusal
from tenants.hostnames import tenant_host
from tenants.models import Domain, Tenant
from tenants.registering import default_host, register_tenant, require_free
from tenants.services import provision_tenant, reactivate_tenant, suspend_tenant
from web.admin import Confirmation, ModelAdmin, OnPlatformHost, ReadOnlyInline, save_changes


class DomainInline(ReadOnlyInline):
    model = Domain
    fields = ("domain", "is_primary")


class NewTenantForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a tenant is created from; its rules are those of `manage.py tenant create`."""

    host = forms.CharField(required=False, help_text="When left empty, the schema name under the platform's domain")

    def _post_clean(self) -> None:
        """Django checks the model's own rules here; what is left is whether name and host are free."""
        super()._post_clean()  # type: ignore[misc]
        name = self.cleaned_data.get("schema_name")
        if not name:
            return
        field = "host" if self.cleaned_data.get("host") else "schema_name"
        try:
            self.cleaned_data["host"] = tenant_host(self.cleaned_data.get("host") or default_host(name))
            require_free(name=name, host=self.cleaned_data["host"])
        except ValidationError as invalid:
            self.add_error(field, invalid)
        except Refusal as taken:
            self.add_error(field, taken.detail)


@admin.register(Tenant)
class TenantAdmin(OnPlatformHost, ModelAdmin):
    """Creating one makes its schema and its shop; a tenant is closed with `manage.py tenant close`."""

    list_display = ("name", "schema_name", "status", "currency", "created_at")
    list_filter = ("status",)
    search_fields = ("name", "schema_name")
    fields = ("schema_name", "name", "status", "currency", "timezone", "owner_email")
    actions: tuple[str, ...] = ("suspend", "reactivate", "finish")
    inlines = (DomainInline,)

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        if obj is None:
            options["form"] = NewTenantForm
            options["help_texts"] = {"currency": "ISO 4217, as EUR, JPY or KWD: with two, no or three decimals"}
        return super().get_form(request, obj, **options)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        return fields if obj else (*fields, "host")

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
            host=form.cleaned_data["host"],
        )
        obj.pk, obj.status = created.pk, created.status
        obj._state.adding = False  # noqa: SLF001 - Django documents it for this
        request.registered_tenant = created  # type: ignore[attr-defined]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """A new tenant gets its schema after the unit of work of the page: the tenant's log has its own units."""
        response = super().changeform_view(request, *args, **kwargs)
        registered: Tenant | None = getattr(request, "registered_tenant", None)
        if registered is not None:
            self._try(request, registered, provision_tenant)
        return response

    @admin.action(description="Suspend: no requests, no subscribers; nothing is lost", permissions=["change"])
    def suspend(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> HttpResponse | None:
        asked = Confirmation(
            action="suspend",
            title="Suspend",
            consequence="From now on every request to these shops is refused: their tills cannot sell. Their "
            "subscribers and webhooks stop, and catch up when the shops are reactivated.",
            asks_reason=False,
        )
        if not asked.is_given(request):
            return asked.ask(self, request, tenants)
        for tenant in tenants:
            self._try(request, tenant, suspend_tenant)
        return None

    @admin.action(description="Reactivate: its subscribers catch up", permissions=["change"])
    def reactivate(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        for tenant in tenants:
            self._try(request, tenant, reactivate_tenant)

    @admin.action(description="Finish: make what an interrupted creation has left out", permissions=["add"])
    def finish(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        for tenant in tenants:
            self._try(request, tenant, provision_tenant)

    def _try(self, request: HttpRequest, tenant: Tenant, service: Any) -> None:
        try:
            service(tenant=tenant)
        except Refusal as refusal:
            self.message_user(request, refusal.detail, messages.ERROR)
        else:
            self.message_user(request, f"{tenant.name} is {tenant.get_status_display().lower()}", messages.SUCCESS)
