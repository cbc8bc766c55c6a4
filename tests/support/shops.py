"""The two shops of the tests: furnished once, and brought back after each test that commits."""

from typing import Any

from django.db import connection

from events.operations.tenant_records import TENANT_TABLES, subscribe_tenant
from kernel.tenancy import in_public_schema, in_tenant
from notifications.services import receive_alerts
from pos.furnishing import furnish_shop
from staff.duty.services.members import define_roles_at_the_till
from tenants.models import Tenant
from tenants.services import create_tenant

SHOPS = ("north", "south")
SHARED = (*TENANT_TABLES, "operatoraction", "auditentry")
OWN_APPS = ("pos", "inventory", "payments", "notifications")
PEOPLE = ("staff_user", "staff_apikey", "staff_role", "staff_pintries")

Contents = frozenset[tuple[str, int, int]]
"""The rows and the newest transaction of each table: equal to an earlier one where nothing was written since."""

PLATFORM = "public"
PLATFORM_TABLES = ("event", "processedevent", "binding", "subscription", "operatoraction", "auditentry")
RELEASE_TABLES = ("release", "renamed", "epochstart", "epoch")

_brought_back: dict[str, tuple[Contents, Contents]] = {}


def create_shops() -> None:
    for name in SHOPS:
        if not Tenant.objects.filter(schema_name=name).exists():
            create_tenant(name=name, currency="EUR", owner_email=f"owner@{name}.test")
    _brought_back.clear()
    bring_back()


def bring_back() -> None:
    """Bring the platform and both shops to the moment after they were furnished."""
    _bring_back_platform()
    for name in SHOPS:
        _bring_back_shop(name)


def _bring_back_platform() -> None:
    with in_public_schema(), connection.cursor() as cursor:
        now = _contents_of_platform(cursor)
        if _brought_back.get(PLATFORM) == now:
            return
        for table in PLATFORM_TABLES:
            cursor.execute(f"DELETE FROM events_{table} WHERE tenant_id = 'public'")
        cursor.execute("DELETE FROM events_release; DELETE FROM events_renamed")
        cursor.execute("DELETE FROM events_epochstart; DELETE FROM events_epoch WHERE number > 1")
        subscribe_tenant()
        _brought_back[PLATFORM] = _contents_of_platform(cursor)


def _bring_back_shop(name: str) -> None:
    """Bring back what has changed of a shop: its rows in shared tables, the tables of its schema."""
    before = _brought_back.get(name)
    with in_public_schema(), connection.cursor() as cursor:
        Tenant.objects.filter(schema_name=name).exclude(status=Tenant.Status.ACTIVE).update(status=Tenant.Status.ACTIVE)
        tenant = Tenant.objects.get(schema_name=name)
        shared, own = _contents_of_shared(cursor, name), _contents_of_schema(cursor, name)
        shared_changed, own_changed = before is None or before[0] != shared, before is None or before[1] != own
        if shared_changed:
            for table in SHARED:
                cursor.execute(f"DELETE FROM events_{table} WHERE tenant_id = %s", [name])
    if not (shared_changed or own_changed):
        return
    with in_tenant(tenant), connection.cursor() as cursor:
        if own_changed:
            _empty(cursor, name)
            define_roles_at_the_till()
        if shared_changed:
            subscribe_tenant()
        if own_changed:
            furnish_shop(name=name, currency="EUR", timezone="UTC")
            receive_alerts(email=f"owner@{name}.test", kept_as="")
    with in_public_schema(), connection.cursor() as cursor:
        _brought_back[name] = _contents_of_shared(cursor, name), _contents_of_schema(cursor, name)


def _contents_of_platform(cursor: Any) -> tuple[Contents, Contents]:
    shared = _contents(cursor, [f"public.events_{table} WHERE tenant_id = 'public'" for table in PLATFORM_TABLES])
    return shared, _contents(cursor, [f"public.events_{table}" for table in RELEASE_TABLES])


def _contents_of_shared(cursor: Any, name: str) -> Contents:
    return _contents(cursor, [f"public.events_{table} WHERE tenant_id = '{name}'" for table in SHARED])


def _contents_of_schema(cursor: Any, name: str) -> Contents:
    return _contents(cursor, [f"{name}.{table}" for table in _tables_of(cursor, name)])


def _contents(cursor: Any, sources: list[str]) -> Contents:
    counted = (
        f"SELECT $${source}$$, count(*), coalesce(max(xmin::text::bigint), 0) FROM {source}"  # noqa: S608
        for source in sources
    )
    cursor.execute(" UNION ALL ".join(counted))
    return frozenset(cursor.fetchall())


def _tables_of(cursor: Any, name: str) -> list[str]:
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relispartition AND relname <> 'django_migrations'",
        [name],
    )
    return [table for (table,) in cursor.fetchall()]


def _empty(cursor: Any, name: str) -> None:
    own = [table for table in _tables_of(cursor, name) if table.startswith(tuple(f"{app}_" for app in OWN_APPS))]
    cursor.execute(f"TRUNCATE {', '.join((*own, *PEOPLE))} CASCADE")
