"""What the staff room hears."""

from events.log.envelope import Delivery
from events.subscriptions.registry import subscriber
from staff.services import define_roles
from tenants.events import TenantProvisioned


@subscriber("staff.define_roles", TenantProvisioned)
def define_roles_of_new_shop(_event: TenantProvisioned, _delivery: Delivery[TenantProvisioned]) -> None:
    define_roles()
