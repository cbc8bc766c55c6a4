"""Tenant records: the event layer's rows of a tenant, made with it and forgotten after it."""

from django.db import connection, transaction

from events.subscriptions import bindings
from events.subscriptions.declarations import wanted
from kernel.tenancy import current_tenant, in_public

TENANT_TABLES = (
    "event",
    "processedevent",
    "binding",
    "subscription",
    "parkedevent",
    "outgoing",
    "idempotencyrecord",
    "account",
    "floor",
    "streamfloor",
    "epochstart",
    "keptmonth",
    "versionpin",
    "keptsecret",
    "webhookattempt",
    "webhookdelivery",
    "webhooksecret",
    "webhookendpoint",
)


def subscribe_tenant() -> int:
    """Create the subscriptions that the current tenant lacks, and bind what they hear; return how many were created.

    A subscriber that is new to a tenant starts at the log's head, or at its beginning where it asks for that.
    """
    with transaction.atomic():
        changes = bindings.bind(current_tenant(), wanted(platform=in_public()))
    return sum(not change.type for change in changes)


def drop_tenant_records(*, tenant_id: str) -> None:
    """Forget everything that the event layer keeps for a tenant whose schema is gone. Only from `public`."""
    with connection.cursor() as cursor:
        for table in TENANT_TABLES:
            cursor.execute(f"DELETE FROM events_{table} WHERE tenant_id = %s", [tenant_id])
