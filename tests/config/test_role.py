"""No process serves with a database role that row-level security does not bind: cases C18 and F05."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from demo.stack import programs
from demo.stack.broker import free_port
from kernel.tenancy import RoleNotBound
from tenants.models import Tenant


def superuser() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolsuper ORDER BY rolname LIMIT 1")
        return str(cursor.fetchone()[0])


def url_as(role: str) -> str:
    database = connection.settings_dict
    return f"postgresql://{role}@/{database['NAME']}?host={database['HOST']}"


def connect_as(role: str) -> BaseDatabaseWrapper:
    other = connections["default"].copy()
    other.settings_dict["USER"] = role
    return other


@pytest.fixture
def roles(shop: Tenant) -> Iterator[psycopg.Connection]:
    """A superuser's connection; roles named `txn_…` are dropped afterwards."""
    with psycopg.connect(url_as(superuser()), autocommit=True) as admin:
        yield admin
        for (name,) in admin.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'txn\\_%' ORDER BY 1 DESC"):
            admin.execute(psycopg.sql.SQL("DROP ROLE {}").format(psycopg.sql.Identifier(name)))


def refuses(role: str) -> bool:
    with closing(connect_as(role)) as other:
        try:
            other.ensure_connection()
        except RoleNotBound as refusal:
            assert "Connect as an ordinary role" in str(refusal)
            assert other.connection is None
            return True
    return False


@pytest.mark.parametrize(
    ("made", "refused"),
    [
        ("CREATE ROLE txn_a LOGIN", False),
        ("CREATE ROLE txn_a LOGIN SUPERUSER", True),
        ("CREATE ROLE txn_a LOGIN BYPASSRLS", True),
        ("CREATE ROLE txn_a LOGIN CREATEROLE CREATEDB", False),
        ("CREATE ROLE txn_b BYPASSRLS; CREATE ROLE txn_a LOGIN IN ROLE txn_b", True),
        ("CREATE ROLE txn_b BYPASSRLS; CREATE ROLE txn_a LOGIN NOINHERIT IN ROLE txn_b", True),
        ("CREATE ROLE txn_c SUPERUSER; CREATE ROLE txn_b IN ROLE txn_c; CREATE ROLE txn_a LOGIN IN ROLE txn_b", True),
        ("CREATE ROLE txn_b; CREATE ROLE txn_a LOGIN IN ROLE txn_b", False),
        ("CREATE ROLE txn_b; CREATE ROLE txn_a LOGIN SUPERUSER; ALTER ROLE txn_a SET role = 'txn_b'", True),
    ],
)
def test_c18_a_connection_of_a_role_without_walls_is_refused(
    roles: psycopg.Connection, made: str, refused: bool
) -> None:
    for statement in made.split("; "):
        roles.execute(statement)  # type: ignore[call-overload]

    assert refuses("txn_a") is refused


def test_c18_a_role_that_gains_the_power_is_refused_by_the_next_connection(roles: psycopg.Connection) -> None:
    roles.execute("CREATE ROLE txn_a LOGIN")
    before = refuses("txn_a")
    roles.execute("ALTER ROLE txn_a BYPASSRLS")

    assert (before, refuses("txn_a")) == (False, True)


def test_c18_the_database_check_names_the_role(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(connect_as(superuser())) as other:
        monkeypatch.setattr("tenants.checks.connection", other)

        with pytest.raises(SystemCheckError, match=r"tenants\.E001"):
            call_command("check", databases=["default"])


PROGRAMS = {
    "web": lambda: programs.web(free_port(), 1),
    "worker": lambda: programs.worker("refused"),
    "beat": programs.beat,
    "flower": lambda: programs.flower(free_port(), "a", "b"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_f05_a_program_that_serves_does_not_start_as_a_superuser(shop: Tenant, name: str) -> None:
    program = PROGRAMS[name]()
    environment = {**os.environ, **program.environment, "DATABASE_URL": url_as(superuser())}

    done = subprocess.run(program.command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode != 0
    assert "Connect as an ordinary role" in done.stderr


@pytest.mark.parametrize("arguments", [["tenant", "list"], ["runserver", "--noreload", "0"], ["verify"]])
def test_f05_a_command_does_not_work_as_a_superuser(shop: Tenant, arguments: list[str]) -> None:
    command = [sys.executable, "-W", "ignore", "manage.py", *arguments]
    environment = {**os.environ, "DATABASE_URL": url_as(superuser())}

    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode != 0
    assert "Connect as an ordinary role" in done.stderr
