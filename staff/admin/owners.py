"""The owners of shops, who are invited on the platform's host."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from kernel.refusals import Refusal
from staff.invitations import days_of_validity, invite_owner
from tenants.admin import TenantAdmin
from tenants.models import Domain, Tenant
from web.admin import Secret, sentence_of, show_once

admin.site.unregister(Tenant)


@admin.register(Tenant)
class OwnedTenantAdmin(TenantAdmin):
    actions = (*TenantAdmin.actions, "invite")

    def has_invite_permission(self, request: HttpRequest) -> bool:
        """Whoever makes the link could open it: it is for those who may do everything anyway."""
        return self.on_its_host() and request.user.is_active and request.user.is_superuser

    @admin.action(description="Invite the owner: make a link that sets their password", permissions=["invite"])
    def invite(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> HttpResponse | None:
        made = []
        for tenant in tenants:
            try:
                path = invite_owner(tenant=tenant)
            except Refusal as refusal:
                messages.error(request, sentence_of(refusal))
            else:
                label = f"Send this link to {tenant.owner_email}. It works once, within {days_of_validity()} days"
                made.append(Secret(label=label, value=f"{_address_of(tenant, request)}{path}"))
        return show_once(self, request, "The owner is invited", made) if made else None


def _address_of(tenant: Tenant, request: HttpRequest) -> str:
    """Return the address of a shop, at the scheme and the port of this request."""
    host = Domain.objects.get(tenant=tenant, is_primary=True).domain
    _, colon, port = request.get_host().partition(":")
    return f"{request.scheme}://{host}{colon}{port}"
