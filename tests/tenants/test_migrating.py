"""Migrations visit the schemas that exist, whatever the rows of tenants say (W16)."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection
from django_tenants.migration_executors import standard

from kernel.tenancy import in_public_schema
from tenants.migrating import existing
from tenants.models import Tenant
from tests.support.unchanged import nothing_happened


@pytest.mark.parametrize(
    ("status", "said"),
    [("CLOSED", ""), ("PROVISIONING", "tenant gone has no schema yet and is not migrated: provision or close it\n")],
)
def test_w16_a_tenant_without_a_schema_does_not_stop_the_migration(
    db: None, status: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Tenant.objects.create(schema_name="gone", name="Gone", status=status)

    call_command("migrate_schemas", verbosity=0)

    assert capsys.readouterr().err == said


def test_schemas_that_exist_are_migrated_in_the_order_asked_for(db: None) -> None:
    with in_public_schema():
        assert existing(["south", "nowhere", "public", "north"], database="default") == ["south", "public", "north"]


def test_w16_a_tenant_that_cannot_be_migrated_is_named_and_the_others_are_migrated(
    db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    migrated: list[str] = []

    def run(_arguments: Any, _options: Any, _executor: str, schema_name: str, **_more: Any) -> None:
        if schema_name == "north":
            raise ProgrammingError('relation "pos_order" does not exist')
        migrated.append(schema_name)

    monkeypatch.setattr(standard, "run_migrations", run)
    monkeypatch.setattr(connection, "close", lambda: None)

    with pytest.raises(CommandError, match="not migrated: north; all the others are"):
        call_command("migrate_schemas", verbosity=0)

    assert migrated == ["public", "south"]
    assert 'north: FAILED: relation "pos_order" does not exist' in capsys.readouterr().err


def test_w16_verify_names_a_tenant_whose_tables_are_gone_and_checks_the_others(committed: Tenant) -> None:
    Tenant.objects.bulk_create([Tenant(schema_name="gone", name="Gone", status="ACTIVE")])
    out = StringIO()
    try:
        with pytest.raises(SystemExit):
            call_command("verify", stdout=out)
    finally:
        Tenant.objects.filter(schema_name="gone").delete()

    assert "gone             its tables can be read                       BROKEN" in out.getvalue()
    assert "tenants=3" in out.getvalue()
    assert "broken=1" in out.getvalue()


@pytest.mark.parametrize("command", ["create_tenant", "clone_tenant", "delete_tenant", "rename_schema"])
def test_w02_what_would_bypass_the_rules_of_tenants_is_refused(db: None, command: str) -> None:
    with nothing_happened(), pytest.raises(CommandError, match="tenant"):
        call_command(command)
    with nothing_happened(), pytest.raises(ValueError, match="closed by a service"):
        Tenant.objects.get(schema_name="north").delete()
