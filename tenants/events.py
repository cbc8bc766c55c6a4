"""What the platform says about a tenant."""

from uuid import UUID

from events.event import Category, event


@event("tenants.tenant_provisioned", category=Category.SYSTEM, stream="tenant:{tenant_name}")
class TenantProvisioned:
    """A tenant's schema stands, and the apps may furnish it. `currency` is ISO 4217, `timezone` IANA."""

    tenant_uuid: UUID
    tenant_name: str
    name: str
    currency: str
    timezone: str
    owner_email: str


@event("tenants.tenant_suspended", category=Category.SYSTEM, stream="tenant:{tenant_name}")
class TenantSuspended:
    tenant_uuid: UUID
    tenant_name: str


@event("tenants.tenant_reactivated", category=Category.SYSTEM, stream="tenant:{tenant_name}")
class TenantReactivated:
    tenant_uuid: UUID
    tenant_name: str


@event("tenants.tenant_closed", category=Category.SYSTEM, stream="tenant:{tenant_name}")
class TenantClosed:
    tenant_uuid: UUID
    tenant_name: str
