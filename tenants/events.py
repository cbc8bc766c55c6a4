"""Events about tenants."""

from uuid import UUID

from events.event import Category, Event, event
from events.versions import Data, downcaster, upcaster


@event("tenants.tenant_provisioned", category=Category.SYSTEM, stream="tenant:{tenant_name}", version=2)
class TenantProvisioned(Event):
    """A tenant's schema is complete, and the apps may furnish it. `currency` is ISO 4217, `timezone` IANA.

    :param owner_email: null since version 2: it is kept beside the log, under the UUID of the tenant.
    """

    tenant_uuid: UUID
    tenant_name: str
    name: str
    currency: str
    timezone: str
    owner_email: str | None


@upcaster("tenants.tenant_provisioned", version=2)
def provisioned_with_an_address(data: Data) -> Data:
    return data


@downcaster("tenants.tenant_provisioned", version=1)
def provisioned_without_an_address(data: Data) -> Data:
    return {**data, "owner_email": data["owner_email"] or ""}


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
