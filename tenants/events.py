"""Events about tenants."""

from uuid import UUID

from events.event import Category, Event, event


@event("tenants.tenant_provisioned", category=Category.SYSTEM, stream="tenant:{tenant_name}")
class TenantProvisioned(Event):
    """A tenant's schema is complete, and the apps may furnish it. `currency` is ISO 4217, `timezone` IANA."""

    tenant_uuid: UUID
    tenant_name: str
    name: str
    currency: str
    timezone: str
    owner_email: str


@event("tenants.tenant_suspended", category=Category.SYSTEM, stream="tenant:{tenant_name}")
class TenantSuspended(Event):
    """A tenant was suspended: its requests are refused, and its subscribers stop."""

    tenant_uuid: UUID
    tenant_name: str


@event("tenants.tenant_reactivated", category=Category.SYSTEM, stream="tenant:{tenant_name}")
class TenantReactivated(Event):
    """A suspended tenant is active again, and its subscribers catch up."""

    tenant_uuid: UUID
    tenant_name: str


@event("tenants.tenant_closed", category=Category.SYSTEM, stream="tenant:{tenant_name}")
class TenantClosed(Event):
    """A tenant was closed for good; its name is not used again."""

    tenant_uuid: UUID
    tenant_name: str
