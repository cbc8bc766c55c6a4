"""What the platform says about a tenant."""

from uuid import UUID

from events.event import Category, Event, event


@event("tenants.tenant_provisioned", category=Category.SYSTEM, stream="tenant:{tenant_name}")
class TenantProvisioned(Event):
    """A tenant's schema stands, and the apps may furnish it. `currency` is ISO 4217, `timezone` IANA."""

    tenant_uuid: UUID
    tenant_name: str
    name: str
    currency: str
    timezone: str
    owner_email: str


@event("tenants.tenant_suspended", category=Category.SYSTEM, stream="tenant:{tenant_name}")
class TenantSuspended(Event):
    tenant_uuid: UUID
    tenant_name: str


@event("tenants.tenant_reactivated", category=Category.SYSTEM, stream="tenant:{tenant_name}")
class TenantReactivated(Event):
    tenant_uuid: UUID
    tenant_name: str


@event("tenants.tenant_closed", category=Category.SYSTEM, stream="tenant:{tenant_name}")
class TenantClosed(Event):
    tenant_uuid: UUID
    tenant_name: str
