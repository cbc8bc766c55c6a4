"""The sweeper: ring for every subscription that is behind, whatever happened to its doorbells."""

from datetime import UTC, datetime

from django.db import connection

from events import outgoing
from events.doorbells import doorbells
from events.queries import behind
from events.services import subscribe_tenant
from events.subscriptions import all_subscribers
from events.webhooks.ringing import ring as ring_endpoint
from events.webhooks.sending import due_endpoints
from kernel.tenancy import TenantLike, in_public_schema, in_tenant, working_schemas

MOMENT_SECONDS = 1.0


def sweep() -> int:
    """Ring for all that is behind or due to leave, in all tenants that may work; return how many were rung."""
    by_name = {subscriber.name: subscriber for subscriber in all_subscribers()}
    with in_public_schema():
        late = behind(moment_seconds=MOMENT_SECONDS)
        unsent = outgoing.due()
        untold = due_endpoints()
    if not late and not unsent and not untold:
        return 0
    working = working_schemas()
    subscriptions = [(tenant_id, by_name[name]) for tenant_id, name in late if tenant_id in working and name in by_name]
    for tenant_id, subscriber in subscriptions:
        doorbells.ring_again(tenant_id, subscriber)
    rows = [row for row in unsent if row[0] in working]
    for tenant_id, outgoing_id, kind in rows:
        outgoing.ring(tenant_id, outgoing_id, outgoing.find_sender(kind).queue)
    endpoints = [row for row in untold if row[0] in working]
    for tenant_id, endpoint_id in endpoints:
        ring_endpoint(tenant_id, endpoint_id)
    return len(subscriptions) + len(rows) + len(endpoints)


def subscribe_everyone(tenants: list[TenantLike]) -> int:
    """Create the subscriptions that are missing, after new code brought new subscribers; return how many."""
    with in_public_schema():
        created = subscribe_tenant()
    for tenant in tenants:
        with in_tenant(tenant):
            created += subscribe_tenant()
    return created


def make_partitions() -> int:
    """Make the log's partitions of the coming months; return how many were new."""
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("SELECT public.events_make_partitions(3)")
        made: int = cursor.fetchone()[0]
        return made


def oldest_to_keep(now: datetime, months: int) -> datetime:
    """Return the beginning of the earliest month to keep, when so many whole months before this one are kept."""
    whole = now.year * 12 + now.month - 1 - months
    return datetime(whole // 12, whole % 12 + 1, 1, tzinfo=UTC)
