from events.subscriptions.registry import subscriber
from tenants.events import TenantSuspended
from tests.events.deadly.handling import NAME, act

subscriber(NAME, TenantSuspended)(act)
