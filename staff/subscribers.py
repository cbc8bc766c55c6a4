"""What the staff room hears."""

from events.subscribing import Delivery, subscriber
from staff.services import define_roles
from tenants.events import TenantProvisioned


@subscriber("staff.define_roles", TenantProvisioned)
def define_roles_of_new_shop(_event: TenantProvisioned, _delivery: Delivery[TenantProvisioned]) -> None:
    define_roles()
