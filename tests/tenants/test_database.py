"""The database wrapper: a statement runs in the tenant's schema, what is committed is whole, roles have walls."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.db.utils import ProgrammingError

from events.delivery.verdicts import is_outage
from events.models import Event
from events.publishing.errors import UnitRolledBack
from events.publishing.unit_of_work import unit_of_work
from kernel.tenancy import in_public_schema, in_tenant
from pos.models import Location
from tenants.database.base import SearchPathNotSet, TransactionAborted
from tenants.database.statements import read
from tenants.models import Tenant
from tests.support.outages import with_state
from tests.support.recording import say


def sql(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else None


def fail() -> None:
    with pytest.raises(DataError):
        sql("SELECT 1/0")


def search_path() -> str:
    return str(sql("SELECT current_setting('search_path')")[0])


def forget_path() -> None:
    """Come from another schema, so that the next statement sets the search_path inside the transaction."""
    with in_public_schema():
        Tenant.objects.count()


def commit_after_failure() -> None:
    with pytest.raises(TransactionAborted), transaction.atomic():
        fail()


def commit_a_unit_after_failure() -> None:
    with pytest.raises(UnitRolledBack), unit_of_work():
        fail()


def commit_by_hand_after_failure() -> None:
    connection.set_autocommit(False)
    fail()
    with pytest.raises(TransactionAborted):
        connection.commit()
    connection.set_autocommit(True)


def violate_at_commit() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        sql(
            "INSERT INTO pos_register (id, code, name, location_id, next_receipt_number, next_return_number)"
            " VALUES (gen_random_uuid(), 'X', 'x', gen_random_uuid(), 1, 1)"
        )


def violate_at_commit_by_hand() -> None:
    connection.set_autocommit(False)
    sql(
        "INSERT INTO pos_register (id, code, name, location_id, next_receipt_number, next_return_number)"
        " VALUES (gen_random_uuid(), 'X', 'x', gen_random_uuid(), 1, 1)"
    )
    with pytest.raises(IntegrityError):
        connection.commit()
    connection.set_autocommit(True)


def mark_for_rollback() -> None:
    with transaction.atomic():
        Location.objects.count()
        transaction.set_rollback(True)


def roll_back_by_sql() -> None:
    with transaction.atomic():
        Location.objects.count()
        sql("ROLLBACK")


def roll_back_by_hand() -> None:
    connection.set_autocommit(False)
    Location.objects.count()
    connection.rollback()
    connection.set_autocommit(True)


def raise_inside() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Location.objects.count()
        raise ZeroDivisionError


def close_inside() -> None:
    with transaction.atomic():
        Location.objects.count()
        connection.close()


def lose_the_connection() -> None:
    connection.connection.close()
    connection.close()


def set_for_the_transaction() -> None:
    with transaction.atomic():
        sql("SET LOCAL search_path = public")


def set_for_the_session() -> None:
    sql("SELECT set_config('search_path', 'public', false)")


def discard_all() -> None:
    sql("DISCARD ALL")


def fork() -> None:
    connection.connection.close()
    connection.connection = None


WAYS = [
    commit_after_failure,
    commit_a_unit_after_failure,
    commit_by_hand_after_failure,
    violate_at_commit,
    violate_at_commit_by_hand,
    mark_for_rollback,
    roll_back_by_sql,
    roll_back_by_hand,
    raise_inside,
    close_inside,
    lose_the_connection,
    set_for_the_transaction,
    set_for_the_session,
    discard_all,
    fork,
]


@pytest.mark.parametrize("way", WAYS)
def test_a04_the_next_statement_runs_in_the_tenants_schema(
    committed: Tenant, south: Tenant, way: Callable[[], None]
) -> None:
    say("a")
    with in_tenant(south):
        say("b")
    forget_path()

    way()

    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(DISTINCT tenant_id) FROM events_event")
        assert cursor.fetchone() == (["north"],)
    assert search_path() == "north, public"
    assert Event.objects.count() == 1


@pytest.mark.parametrize("made", ["atomic", "by hand", "by SQL"])
def test_a04_a_savepoint_that_is_rolled_back_takes_the_search_path_with_it(committed: Tenant, made: str) -> None:
    with transaction.atomic():
        with in_public_schema():
            Tenant.objects.count()
            if made == "by hand":
                sid = transaction.savepoint()
            elif made == "by SQL":
                sql("SAVEPOINT here")
            else:
                block = transaction.atomic()
                block.__enter__()
        Location.objects.count()
        if made == "by hand":
            transaction.savepoint_rollback(sid)
        elif made == "by SQL":
            sql("ROLLBACK TO here")
        else:
            block.__exit__(ZeroDivisionError, ZeroDivisionError(), None)

        assert search_path() == "north, public"


def test_a04_an_aborted_transaction_leaves_nothing_and_a_hook_does_not_run(committed: Tenant) -> None:
    hooks: list[str] = []

    with pytest.raises(TransactionAborted, match="rolled back"), transaction.atomic():
        Location.objects.create(code="NEVER", name="x", currency="EUR")
        transaction.on_commit(lambda: hooks.append("committed"))
        fail()

    assert not Location.objects.filter(code="NEVER").exists()
    assert hooks == []
    assert connection.in_atomic_block is False
    assert connection.get_autocommit()


def test_a_statement_after_a_mark_for_rollback_is_refused_as_such(committed: Tenant) -> None:
    with transaction.atomic():
        transaction.set_rollback(True)
        with in_public_schema(), pytest.raises(ProgrammingError, match="An error occurred in the current transaction"):
            Tenant.objects.count()


@pytest.mark.parametrize(
    ("statement", "controls"),
    [
        ("COMMIT", True),
        ("  rollback", True),
        ("ROLLBACK TO SAVEPOINT x", True),
        ("RELEASE x", True),
        ("SELECT 1; COMMIT", True),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", True),
        ("SET LOCAL transaction_isolation = 'serializable'", True),
        ("SET LOCAL lock_timeout = '5s'", False),
        ("SET CONSTRAINTS ALL IMMEDIATE", False),
        ("SELECT 'COMMIT'", False),
        ("UPDATE commits SET a = 1", False),
        ("DO $$ BEGIN PERFORM 1; END $$", False),
        ("SELECT pg_advisory_xact_lock(1); INSERT INTO a VALUES (1)", False),
    ],
)
def test_statements_that_control_a_transaction_are_told_from_others(statement: str, controls: bool) -> None:
    assert read(statement).controls is controls


@pytest.mark.parametrize(
    ("statement", "changes"),
    [
        ('INSERT INTO "a" VALUES (1)', True),
        ("update a set b = 1", True),
        ("WITH x AS (UPDATE a SET b = 1 RETURNING 1) SELECT * FROM x", True),
        ("SELECT 1; DROP TABLE a", True),
        ("COPY a FROM stdin", True),
        ("SELECT * FROM a FOR UPDATE OF a", False),
        ("SELECT * FROM a FOR NO KEY UPDATE SKIP LOCKED", False),
        ('SELECT "a"."updated_at", "a"."create" FROM a', False),
    ],
)
def test_statements_that_write_are_told_from_others(statement: str, changes: bool) -> None:
    assert read(statement).writes is changes


def test_statements_that_may_change_the_search_path_are_told_from_others() -> None:
    assert read("set local search_path to public").may_move
    assert read("ROLLBACK TO x").may_move
    assert not read("SELECT 1").may_move


def test_statements_of_psycopg_are_looked_at_too(committed: Tenant) -> None:
    with transaction.atomic():
        sql(psycopg.sql.SQL("SET LOCAL search_path = {}").format(psycopg.sql.Identifier("public")))  # type: ignore[arg-type]

        assert search_path() == "north, public"


def break_off_the_next_search_path(state: str) -> None:
    """Let the next SET search_path be answered with an error of that SQLSTATE, over a connection that lives."""
    connection.search_path_set_schemas = None  # type: ignore[attr-defined]

    def answer(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if str(sql).startswith("SET search_path"):
            connection.execute_wrappers.remove(answer)
            raise OperationalError("said the server") from with_state(state)
        return execute(sql, params, many, context)

    connection.execute_wrappers.append(answer)


@pytest.mark.parametrize(("state", "away"), [("57P01", True), ("53200", True), ("54000", False)])
def test_a_search_path_that_was_not_set_is_an_outage_where_its_cause_is_one(
    committed: Tenant, state: str, away: bool
) -> None:
    break_off_the_next_search_path(state)

    with pytest.raises(SearchPathNotSet) as raised:
        sql("SELECT 1")

    assert is_outage(raised.value, connected=True) is away


def test_a_search_path_that_was_not_set_over_a_dead_connection_is_an_outage(committed: Tenant) -> None:
    sql("SELECT 1")
    connection.search_path_set_schemas = None  # type: ignore[attr-defined]
    with connection._nodb_cursor() as elsewhere:
        elsewhere.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])

    with pytest.raises(SearchPathNotSet) as raised:
        sql("SELECT 1")
    connection.close()

    assert is_outage(raised.value, connected=True)


def test_a_schema_that_does_not_exist_fails_where_its_tables_are_looked_for(committed: Tenant) -> None:
    with in_tenant(Tenant(schema_name="nowhere")), pytest.raises(ProgrammingError, match="does not exist") as raised:
        Location.objects.count()

    assert not is_outage(raised.value, connected=True)


def test_zz_needs_a_database(shop: Tenant) -> None: ...
