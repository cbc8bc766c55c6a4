"""The first wall, as the database's catalogue shows it: row-level security on every table that tenants share."""

import pytest
from django.apps import apps
from django.db import connection

from kernel.tenancy import in_public_schema
from kernel.walls import WalledManager
from tenants.models import Tenant
from tests.support.walls.catalogue import tables_with
from tests.support.walls.statements import TENANT_ID

REGISTRY = {"tenants_domain"}
"""Who looks up which tenant a host belongs to works for none yet; a tenant's session sends it nothing (watch.py)."""

_SECURITY = "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass"
_POLICIES = "SELECT cmd, permissive, roles::text[], qual, with_check FROM pg_policies WHERE (schemaname, tablename) = ('public', %s)"
_PARENT = "SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = %s::regclass"


def faults(table: str) -> list[str]:
    """Say what is missing for rows of other tenants to be neither read nor written through a table."""
    with connection.cursor() as cursor:
        cursor.execute(_SECURITY, [f"public.{table}"])
        enabled, forced = cursor.fetchone()
        cursor.execute(_PARENT, [f"public.{table}"])
        is_partition = cursor.fetchone() is not None
        cursor.execute(_POLICIES, [table])
        policies = cursor.fetchall()
    found = [] if enabled else ["row-level security is off"]
    found += [] if forced else ["row-level security does not bind the owner"]
    if not policies and not is_partition:
        found.append("no policy")
    for command, permissive, roles, reads, writes in policies:
        walls = [reads] if writes is None else [reads, writes]
        if (command, permissive, roles) != ("ALL", "PERMISSIVE", ["public"]):
            found.append(f"a policy for {command}, {permissive}, {roles}: one for all is expected")
        if any(wall is None or "events_tenant()" not in wall for wall in walls):
            found.append(f"a policy that does not ask for the tenant: {walls}")
    return [f"{table}: {fault}" for fault in found]


def test_every_table_that_tenants_share_has_a_wall_for_reads_and_writes(shop: Tenant) -> None:
    shared = [table for table in tables_with([TENANT_ID]) if table not in REGISTRY]

    assert {"events_event", "events_auditentry", "events_webhookattempt"} <= set(shared)
    assert [fault for table in shared for fault in faults(table)] == []


def test_every_model_with_tenants_rows_names_the_tenant_in_all_its_managers(shop: Tenant) -> None:
    with_rows = [m for m in apps.get_models() if TENANT_ID in {field.attname for field in m._meta.concrete_fields}]
    careless = [
        model._meta.label
        for model in with_rows
        for manager in (*model._meta.managers, model._base_manager, model._default_manager)
        if not isinstance(manager, WalledManager) and model._meta.db_table not in REGISTRY
    ]

    assert len(with_rows) > 12
    assert careless == []


@pytest.mark.parametrize("table", ["events_subscription", "events_auditentry", "events_outgoing"])
def test_a_table_whose_wall_is_taken_down_is_named(shop: Tenant, table: str) -> None:
    with connection.cursor() as cursor, in_public_schema():
        cursor.execute(
            f"ALTER TABLE public.{table} NO FORCE ROW LEVEL SECURITY; DROP POLICY tenant_wall ON public.{table}"
        )

        assert faults(table) == [f"{table}: row-level security does not bind the owner", f"{table}: no policy"]
        cursor.execute(f"CREATE POLICY lax ON public.{table} FOR SELECT USING (true)")
        assert len(faults(table)) == 3
