"""Subscribers of staff."""

from events.subscribing import Delivery, subscriber
from staff import services
from staff.duty.services.members import define_roles_at_the_till
from tenants.events import TenantProvisioned


@subscriber("staff.define_roles", TenantProvisioned)
def define_roles(_event: TenantProvisioned, _delivery: Delivery[TenantProvisioned]) -> None:
    services.define_roles()
    define_roles_at_the_till()
