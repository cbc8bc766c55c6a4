"""Migrations visit the schemas that exist, whatever the rows of tenants say (W16)."""

import pytest
from django.core.management import call_command

from kernel.tenancy import in_public_schema
from tenants.migrating import existing
from tenants.models import Tenant


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
