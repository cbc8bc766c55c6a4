"""A creation that is killed at any step is finished by repeating it, or by `manage.py tenant resume` (W3)."""

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from events.models import Event
from events.testing.work import settle
from kernel.tenancy import in_public_schema, in_tenant
from pos.models import Register
from tenants import schemas, services
from tenants.models import Tenant

NAME = "cut_short"


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


@pytest.fixture
def left_over(committed: Tenant) -> Iterator[Callable[[], Tenant]]:
    with in_public_schema():
        yield lambda: Tenant.objects.get(schema_name=NAME)
    with in_public_schema():
        for tenant in Tenant.objects.filter(schema_name=NAME):
            services.close_tenant(tenant=tenant)
            Tenant.objects.filter(pk=tenant.pk).delete()


@pytest.fixture
def without_create(committed: Tenant) -> Iterator[None]:
    """Let the database belong to somebody else, as after a createdb by a superuser."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        role, database = cursor.fetchone()
    with psycopg.connect(
        f"postgresql://postgres@/{database}?host={connection.settings_dict['HOST']}", autocommit=True
    ) as admin:
        owner = psycopg.sql.SQL("ALTER DATABASE {} OWNER TO {}")
        name = psycopg.sql.Identifier(database)
        admin.execute(owner.format(name, psycopg.sql.Identifier("postgres")))
        yield
        admin.execute(owner.format(name, psycopg.sql.Identifier(role)))


def test_f2_a_database_that_the_role_does_not_own_is_one_sentence_and_leaves_no_row(without_create: None) -> None:
    for command in (["tenant", "create", NAME], ["migrate_schemas"]):
        with pytest.raises(CommandError, match="may not make schemas in the database .* OWNER TO"):
            call_command(*command)

    with in_public_schema():
        assert not Tenant.objects.filter(schema_name=NAME).exists()


def die(*_arguments: Any, **_options: Any) -> None:
    raise Killed


def killed_before_the_schema(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(schemas, "make", die)


def killed_before_the_tables(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(schemas, "call_command", die)


def killed_between_a_migration_and_its_record(patch: pytest.MonkeyPatch) -> None:
    """Django records a migration whose last statements were deferred in a separate transaction."""
    record = MigrationRecorder.record_applied

    def apart_from_its_migration(self: MigrationRecorder, app: str, name: str) -> None:
        if not connection.in_atomic_block:
            raise Killed
        record(self, app, name)

    patch.setattr(MigrationRecorder, "record_applied", apart_from_its_migration)


def killed_before_it_is_active(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(services, "subscribe_tenant", die)


@pytest.mark.parametrize(
    ("kill", "again"),
    [
        (killed_before_the_schema, ["create", NAME, "--currency", "GBP"]),
        (killed_before_the_tables, ["resume", NAME]),
        (killed_between_a_migration_and_its_record, ["create", NAME, "--currency", "GBP"]),
        (killed_before_it_is_active, ["resume", NAME]),
    ],
)
def test_w03_a_killed_creation_is_finished(
    left_over: Callable[[], Tenant],
    monkeypatch: pytest.MonkeyPatch,
    kill: Callable[[pytest.MonkeyPatch], None],
    again: list[str],
) -> None:
    with monkeypatch.context() as patch:
        kill(patch)
        with pytest.raises(Killed):
            call_command("tenant", "create", NAME, "--currency", "GBP")
    connection.close()
    assert left_over().status == Tenant.Status.PROVISIONING
    with pytest.raises(CommandError, match=f"manage.py tenant resume {NAME}"):
        call_command("tenant", "create", NAME, "--currency", "EUR")

    call_command("tenant", *again, stdout=StringIO())

    tenant = left_over()
    assert tenant.status == Tenant.Status.ACTIVE
    assert schemas.unrecorded(tenant) == []
    with in_tenant(tenant):
        settle()
        assert Register.objects.count() == 1
        assert Event.objects.filter(type="tenants.tenant_provisioned").count() == 1


def test_w03_a_tenant_whose_migrations_are_not_recorded_is_not_active(
    left_over: Callable[[], Tenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schemas, "call_command", lambda *_arguments, **_options: None)

    with pytest.raises(CommandError, match="migrations of 'cut_short' are not recorded"):
        call_command("tenant", "create", NAME)

    assert left_over().status == Tenant.Status.PROVISIONING


def test_w03_what_an_active_tenant_has_is_never_made_anew(committed: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "make", die)
    monkeypatch.setattr(schemas, "unrecorded", lambda _tenant: ["pos.0099_new"])

    call_command("tenant", "resume", "north", stdout=StringIO())

    assert Register.objects.count() == 1
