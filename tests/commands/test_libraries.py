"""Commands of libraries: they work within the platform's rules, or name what to use instead (W2, W16, W9, W11)."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.db import connection

from events.models import AuditEntry
from kernel.commands import OneSentence, Replaced
from kernel.tenancy import in_public_schema
from tenants import schemas
from tenants.models import Domain, Tenant
from tests.support.people import sign_in

LIBRARIES = ("django_tenants", "axes", "django_otp", "django.contrib.auth", "import_export")
REPLACED = [
    "create_missing_schemas", "create_domain", "delete_domain", "collectstatic_schemas", "flush", "create_tenant",
    "clone_tenant", "delete_tenant", "rename_schema", "createsuperuser", "create_tenant_superuser", "changepassword",
    "addstatictoken", "axes_list_attempts", "axes_reset", "axes_reset_failure_logs", "axes_reset_ip",
    "axes_reset_ip_username", "axes_reset_logs", "axes_reset_username", "import", "export", "loaddata",
]  # fmt: skip


@pytest.fixture(params=["CLOSED", "PROVISIONING"])
def unfurnished(request: Any, db: None) -> Tenant:
    return Tenant.objects.create(schema_name="esc", name="Esc", status=request.param)


def output(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


def schemas_seen(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().out.split() if line in {"public", "north", "south", "esc"}]


PRINT_SCHEMA = ("shell", "-v0", "-c", "from django.db import connection; print(connection.schema_name)")


def test_w02_no_command_of_a_library_that_knows_tenants_or_people_is_left_as_it_is() -> None:
    theirs = [name for name, app in get_commands().items() if str(app).startswith(LIBRARIES)]

    assert theirs == []
    assert all(
        isinstance(load_command_class(get_commands()[name], name), OneSentence)
        for name in (*REPLACED, "tenant_command", "all_tenants_command", "migrate")
    )


@pytest.mark.parametrize("command", REPLACED)
def test_w02_w16_what_would_bypass_the_rules_names_what_to_use(unfurnished: Tenant, command: str) -> None:
    found = load_command_class(get_commands()[command], command)
    before = list(Domain.objects.values_list("domain", flat=True))

    assert isinstance(found, Replaced)
    with pytest.raises(CommandError, match=r"manage\.py|permanent|docs/importing\.md"):
        call_command(command)
    assert not schemas.exists(unfurnished.schema_name)
    assert list(Domain.objects.values_list("domain", flat=True)) == before


@pytest.mark.parametrize("arguments", [["shell", "--schema=esc", "-c", "1"], ["--schema", "esc", "shell", "-c", "1"]])
def test_w02_no_command_runs_in_a_schema_that_is_not_furnished(unfurnished: Tenant, arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="tenant 'esc' is not finished, or is closed"):
        call_command("tenant_command", *arguments)


@pytest.mark.parametrize("arguments", [["shell"], ["shell", "--schema"], ["shell", "--schema="], ["--schema=north"]])
def test_w02_a_command_for_a_tenant_needs_its_name(db: None, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("tenant_command", *arguments)


@pytest.mark.parametrize("schema", ["north", "public"])
def test_a_command_runs_in_the_schema_that_is_named(db: None, schema: str, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("tenant_command", *PRINT_SCHEMA, f"--schema={schema}")

    assert schemas_seen(capsys) == [schema]
    assert connection.schema_name == "public"  # type: ignore[attr-defined]


def test_w02_a_command_for_all_tenants_leaves_out_those_that_are_not_furnished(
    unfurnished: Tenant, capsys: pytest.CaptureFixture[str]
) -> None:
    Tenant.objects.filter(schema_name="south").update(status=Tenant.Status.SUSPENDED)

    shown = output("all_tenants_command", *PRINT_SCHEMA)

    assert shown.split("\n") == ["north: shell", "south: shell", ""]
    assert schemas_seen(capsys) == ["north", "south"]


def test_w16_a_command_that_fails_for_one_tenant_is_run_for_the_others(db: None) -> None:
    with pytest.raises(CommandError, match="apikey has failed for north, south"):
        call_command("all_tenants_command", "apikey", "revoke", "none", "--tenant=north", stdout=StringIO())


@pytest.fixture
def failed(shop: Tenant) -> Iterator[None]:
    sign_in("Ada", "wrong", address="2001:db8:1:2:3:4:5:6")
    sign_in("ADA", "wrong", address="203.0.113.7")
    with in_public_schema():
        yield


def test_w09_failures_to_sign_in_are_listed(failed: None) -> None:
    assert output("sign_in", "list") == "    2  ada@north\n    1  203.0.113.7\n    1  2001:db8:1:2::\n"


@pytest.mark.parametrize(
    ("whom", "left"),
    [
        ("Ada@north", []),
        ("ada@north", []),
        ("2001:DB8:1:2::9", ["203.0.113.7"]),
        ("2001:db8:1:2:3:4:5:6", ["203.0.113.7"]),
        ("203.0.113.7", ["2001:db8:1:2::"]),
    ],
)
def test_w09_somebody_is_let_in_as_they_are_typed(failed: None, whom: str, left: list[str]) -> None:
    assert "are forgotten" in output("sign_in", "unlock", whom)

    assert list(AccessAttempt.objects.values_list("ip_address", flat=True)) == left
    assert AuditEntry.objects.filter(action="sign-in unlocked", subject=whom).count() == 1


@pytest.mark.parametrize(
    ("whom", "reason"),
    [
        ("ada", "neither NAME@SHOP nor an address"),
        ("ada@", "neither"),
        ("@north", "neither"),
        ("203.0.113", "neither"),
        ("ada@south", "no failures of 'ada@south' are counted"),
        ("203.0.113.8", "no failures"),
    ],
)
def test_w09_an_unlock_that_finds_nothing_says_so(failed: None, whom: str, reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        call_command("sign_in", "unlock", whom)
    assert AccessAttempt.objects.count() == 2
