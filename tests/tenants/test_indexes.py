"""No index is the beginning of another one: each costs every row of every shop its bytes, and every sale its time."""

import pytest
from django.apps import apps
from django.db import connection

from kernel.tenancy import in_public_schema
from tenants.models import Tenant

APPS = {"audit", "events", "integrations", "inventory", "notifications", "payments", "pos", "staff", "tenants"}
OURS = [model._meta.db_table for model in apps.get_models() if model._meta.app_label in APPS]
"""Without the tables between two models, whose indexes Django chooses."""
# Plain B-trees only: what has a condition, an expression or a class that is named serves other statements.
_DOUBLE = """
WITH plain AS (
    SELECT x.indrelid, i.relname::text AS name, x.indisunique, i.relnamespace,
        x.indkey::text || ' ' AS columns, x.indclass::text || ' ' AS classes
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am a ON a.oid = i.relam
    WHERE x.indrelid = ANY(%s::regclass[]) AND a.amname = 'btree' AND x.indpred IS NULL AND x.indexprs IS NULL AND NOT i.relispartition
        AND i.relnamespace IN ('public'::regnamespace, 'north'::regnamespace)
)
SELECT shorter.name || ' begins ' || longer.name
FROM plain shorter JOIN plain longer USING (indrelid)
WHERE shorter.name <> longer.name AND NOT shorter.indisunique AND starts_with(longer.columns, shorter.columns)
    AND starts_with(longer.classes, shorter.classes)
ORDER BY 1
"""


def doubles() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_DOUBLE, [_present()])
        return [double for (double,) in cursor.fetchall()]


def _present() -> list[str]:
    """Return the tables that a shop's schema and `public` have."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(name) IS NOT NULL", [OURS])
        return [name for (name,) in cursor.fetchall()]


def test_no_index_is_the_beginning_of_another(shop: Tenant) -> None:
    assert doubles() == []


@pytest.mark.parametrize("columns", ["subscriber", "tenant_id"])
def test_one_that_is_would_be_named(shop: Tenant, columns: str) -> None:
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX doubled ON public.events_binding ({columns})")

    assert doubles() == (["doubled begins events_binding_pkey"] if columns == "tenant_id" else [])
