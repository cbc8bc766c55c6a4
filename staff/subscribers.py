"""Subscribers of staff."""

from events.subscribing import Delivery, subscriber
from staff import services
from tenants.events import TenantProvisioned


@subscriber("staff.define_roles", TenantProvisioned)
def define_roles(_event: TenantProvisioned, _delivery: Delivery[TenantProvisioned]) -> None:
    services.define_roles()
