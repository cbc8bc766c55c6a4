"""Entering a schema and reading there is one round trip, which finds a dead connection too."""

from typing import Any

import pytest
from django.db import OperationalError, close_old_connections, connection, transaction
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext

from kernel.tenancy import in_public_schema, in_tenant
from pos.models import Location
from tenants.models import Tenant

PATH = "SELECT current_setting('search_path')"
database: Any = connection


def kill() -> None:
    """End this process's session on the server; nobody here is told."""
    with connection._nodb_cursor() as elsewhere:
        elsewhere.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])


def test_it_is_one_statement_and_the_next_ones_need_no_other(committed: Tenant) -> None:
    Location.objects.count()
    close_old_connections()

    with in_public_schema(), in_tenant(committed), CaptureQueriesContext(connection) as sent:
        assert database.enter(PATH) == ("north, public",)
        Location.objects.count()

    assert len(sent) == 2


def test_there_may_be_no_row(committed: Tenant) -> None:
    assert database.enter("SELECT 1 WHERE false") is None
    assert Location.objects.count() == 1


def test_a_kept_connection_that_has_died_is_replaced(committed: Tenant) -> None:
    Location.objects.count()
    kill()
    close_old_connections()

    assert database.enter(PATH) == ("north, public",)
    assert Location.objects.count() == 1


def test_one_that_dies_after_it_was_checked_is_an_outage(committed: Tenant) -> None:
    close_old_connections()
    database.enter(PATH)
    kill()

    with pytest.raises(OperationalError):
        database.enter(PATH)
    connection.close()


def test_an_error_is_passed_on_and_the_next_statement_enters_again(committed: Tenant, south: Tenant) -> None:
    close_old_connections()
    with in_tenant(south):
        Location.objects.count()

    with pytest.raises(ProgrammingError):
        database.enter("SELECT 1 FROM nothing_of_that_name")

    with connection.cursor() as cursor:
        cursor.execute(PATH)
        assert cursor.fetchone() == ("north, public",)


def test_a_transaction_is_not_entered(committed: Tenant) -> None:
    with transaction.atomic(), pytest.raises(AssertionError):
        database.enter(PATH)
