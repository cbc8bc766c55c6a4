from events.subscribing import subscriber
from tenants.events import TenantSuspended
from tests.support.deadly.handling import NAME, act

subscriber(NAME, TenantSuspended)(act)
