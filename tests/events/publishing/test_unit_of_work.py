"""The unit of work owns its transaction: nothing is half done, nothing is published that is not true."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from psycopg import IsolationLevel

from events.bus.local import bus
from events.log.log import head
from events.operations.dry_run import dry_run
from events.operations.pausing import pause_subscription
from events.publishing.errors import (
    InCommitHook,
    NotInUnitOfWork,
    NotTheOutermost,
    TenantChangedInUnitOfWork,
    UnitRolledBack,
    WrongIsolation,
)
from events.publishing.publish import publish
from events.publishing.unit_of_work import rehearsal, unit_of_work
from events.subscribing import Backoff
from events.testing.work import drain, published
from kernel.ids import new_id
from kernel.refusals import NotFound
from kernel.tenancy import StatementRefused, in_public_schema, in_tenant
from pos.models import Location
from tenants.database.base import TransactionAborted
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.support.recording import Subscribe, parked, say
from tests.support.unchanged import nothing_happened


def suspend(name: str) -> None:
    publish(TenantSuspended(tenant_uuid=new_id(), tenant_name=name))


def place(code: str) -> None:
    Location.objects.create(code=code, name="a place", currency="EUR")


def places() -> list[str]:
    return sorted(Location.objects.values_list("code", flat=True))


def said() -> list[str]:
    return [event.data["tenant_name"] for event in published()]


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def search_path() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('search_path')")
        return cursor.fetchone()[0]


# A03, A04: errors that were caught


def catch_sql() -> None:
    try:
        sql("SELECT 1/0")
    except DataError:
        pass


def catch_sql_in_joined_block() -> None:
    with transaction.atomic(savepoint=False):
        catch_sql()


def catch_orm() -> None:
    try:
        place("MAIN")
    except IntegrityError:
        pass


def catch_orm_and_clear_the_mark() -> None:
    catch_orm()
    transaction.set_rollback(False)


def catch_bulk() -> None:
    try:
        Location.objects.bulk_create([Location(code="MAIN", name="x", currency="EUR")])
    except IntegrityError:
        pass


def mark_for_rollback() -> None:
    transaction.set_rollback(True)


def catch_inner_unit() -> None:
    try:
        with unit_of_work():
            raise NotFound("no such order")
    except NotFound:
        pass


def catch_inner_unit_in_inner_unit() -> None:
    with unit_of_work():
        catch_inner_unit()


def close_the_connection() -> None:
    connection.close()


SWALLOWING = [
    catch_sql,
    catch_sql_in_joined_block,
    catch_orm,
    catch_orm_and_clear_the_mark,
    catch_bulk,
    mark_for_rollback,
    catch_inner_unit,
    catch_inner_unit_in_inner_unit,
    close_the_connection,
]


@pytest.mark.parametrize("swallow", SWALLOWING)
def test_a03_a_unit_in_which_an_error_was_caught_fails_and_nothing_of_it_stays(
    committed: Tenant, swallow: Callable[[], None]
) -> None:
    with pytest.raises(UnitRolledBack), unit_of_work():
        place("EARLIER")
        suspend("earlier")
        swallow()

    assert places() == ["MAIN"]
    assert said() == []
    assert search_path() == "north, public"


@pytest.mark.parametrize("swallow", [each for each in SWALLOWING if each is not close_the_connection])
def test_a03_the_same_holds_in_a_test_that_rolls_back(shop: Tenant, swallow: Callable[[], None]) -> None:
    with pytest.raises(UnitRolledBack), unit_of_work():
        place("EARLIER")
        swallow()

    assert places() == ["MAIN"]


@pytest.mark.parametrize("swallow", [each for each in SWALLOWING if each is not close_the_connection])
def test_a03_an_event_whose_handler_catches_an_error_fails_like_any_other(
    committed: Tenant, subscribe: Subscribe, swallow: Callable[[], None]
) -> None:
    calls = []

    def careful(event: TenantSuspended, delivery: Any) -> None:
        calls.append(event.tenant_name)
        place(event.tenant_name)
        if event.tenant_name == "bad":
            swallow()

    name = subscribe(careful, TenantSuspended, backoff=Backoff(attempts=1))
    say("a", "bad", "b")

    handled = drain(name, budget=60)

    assert handled == 2
    assert parked(name) == [(2, "DEAD")]
    assert places() == ["MAIN", "a", "b"]
    assert len(calls) <= 6


def test_a03_an_event_whose_handler_closes_the_connection_fails(committed: Tenant, subscribe: Subscribe) -> None:
    def close(event: TenantSuspended, delivery: Any) -> None:
        connection.close()

    name = subscribe(close, TenantSuspended, backoff=Backoff(attempts=1))
    say("a")

    assert drain(name) == 0

    assert parked(name) == [(1, "DEAD")]


@pytest.mark.parametrize("batch", [False, True])
def test_a03_an_event_whose_handler_leaves_a_transaction_open_fails_alone(
    committed: Tenant, subscribe: Subscribe, batch: bool
) -> None:
    def leave_open(event: TenantSuspended, delivery: Any) -> None:
        place(event.tenant_name)
        if event.tenant_name == "bad":
            transaction.atomic().__enter__()
            transaction.atomic(savepoint=False).__enter__()

    def leave_all_open(deliveries: Any) -> None:
        for delivery in deliveries:
            leave_open(delivery.event, delivery)

    name = subscribe(leave_all_open if batch else leave_open, TenantSuspended, backoff=Backoff(attempts=1), batch=batch)
    say("a", "bad", "b")

    handled = drain(name)

    assert handled == 2
    assert parked(name) == [(2, "DEAD")]
    assert places() == ["MAIN", "a", "b"]
    assert not connection.in_atomic_block


def test_a03_a_transaction_that_is_left_open_by_an_error_does_not_outlive_the_unit(committed: Tenant) -> None:
    with pytest.raises(ValueError, match="too late"), unit_of_work():
        transaction.atomic().__enter__()
        raise ValueError("too late")

    with unit_of_work():
        suspend("after")
    assert said() == ["after"]


def test_a03_the_message_names_the_error_that_was_caught(committed: Tenant) -> None:
    with pytest.raises(UnitRolledBack, match="NotFound: no such order") as caught, unit_of_work():
        catch_inner_unit()

    assert isinstance(caught.value.__cause__, NotFound)


@pytest.mark.parametrize("swallow", [catch_sql, catch_orm, mark_for_rollback, catch_inner_unit])
def test_a03_a_dry_run_says_that_an_event_whose_handler_catches_an_error_fails(
    committed: Tenant, subscribe: Subscribe, swallow: Callable[[], None]
) -> None:
    def careful(event: TenantSuspended, delivery: Any) -> None:
        swallow()

    name = subscribe(careful, TenantSuspended)
    say("a")

    found = dry_run(subscriber=name, position=1)

    assert not found.succeeds
    assert found.changes == []


def test_an_error_caught_around_a_savepoint_is_no_failure(committed: Tenant) -> None:
    with unit_of_work():
        place("BEFORE")
        with pytest.raises(IntegrityError), transaction.atomic():
            place("MAIN")
        with pytest.raises(DataError), transaction.atomic():
            sql("SELECT 1/0")
        with pytest.raises(NotFound), transaction.atomic(), unit_of_work():
            raise NotFound("no such order")
        suspend("after")

    assert places() == ["BEFORE", "MAIN"]
    assert said() == ["after"]


def test_a_constraint_that_fails_at_commit_fails_the_unit(committed: Tenant, subscribe: Subscribe) -> None:
    def orphan(event: TenantSuspended, delivery: Any) -> None:
        if event.tenant_name == "bad":
            sql(
                "INSERT INTO pos_register (id, code, name, location_id, next_receipt_number, next_return_number)"
                " VALUES (gen_random_uuid(), 'X', 'x', gen_random_uuid(), 1, 1)"
            )

    name = subscribe(orphan, TenantSuspended, backoff=Backoff(attempts=1))
    say("a", "bad", "b")

    handled = drain(name, budget=60)

    assert handled == 2
    assert parked(name) == [(2, "DEAD")]
    assert search_path() == "north, public"


@pytest.mark.parametrize("statement", ["ROLLBACK", "commit", " BEGIN", "SAVEPOINT a", "SELECT 1; COMMIT", "ABORT"])
def test_a03_a_unit_refuses_statements_that_would_end_its_transaction(committed: Tenant, statement: str) -> None:
    with pytest.raises(StatementRefused, match="transaction"), unit_of_work():
        place("EARLIER")
        sql(statement)

    assert places() == ["MAIN"]


# A05: hooks


def open_late_unit() -> None:
    with unit_of_work():
        place("LATE")
        suspend("late")


@pytest.mark.parametrize("late", [lambda: suspend("late"), open_late_unit])
@pytest.mark.parametrize("opened", [unit_of_work, transaction.atomic])
def test_a05_publish_and_units_are_refused_in_commit_hooks(
    committed: Tenant, late: Callable[[], None], opened: Callable[[], Any]
) -> None:
    refused = []

    def hook() -> None:
        with pytest.raises(InCommitHook, match="subscriber") as caught:
            late()
        refused.append(caught.value)

    with opened():
        place("SAID")
        transaction.on_commit(hook)

    assert len(refused) == 1
    assert places() == ["MAIN", "SAID"]
    assert said() == []


def test_a05_a_hook_of_a_hooks_transaction_is_a_hook_too_and_the_next_unit_is_none(committed: Tenant) -> None:
    refused = []

    def outer() -> None:
        with transaction.atomic():
            transaction.on_commit(lambda: None)
        with pytest.raises(InCommitHook):
            suspend("late")
        refused.append("outer")

    with unit_of_work():
        transaction.on_commit(outer)
    say("next")

    assert refused == ["outer"]
    assert said() == ["next"]


# A06, A08: other tenants


def test_a06_a_unit_of_another_tenant_inside_a_unit_is_refused_before_it_writes(
    committed: Tenant, south: Tenant
) -> None:
    with pytest.raises(TenantChangedInUnitOfWork, match="'north'.*'south'"), unit_of_work():
        place("NORTH")
        with in_tenant(south), unit_of_work():
            place("SOUTH")

    assert places() == ["MAIN"]
    with in_tenant(south):
        assert places() == ["MAIN"]


def test_a06_a_unit_of_the_platform_inside_a_tenants_is_refused(committed: Tenant) -> None:
    with nothing_happened(), pytest.raises(TenantChangedInUnitOfWork, match="'north'.*'public'"), unit_of_work():
        with in_public_schema(), unit_of_work():
            suspend("a")

    assert head("north") == 0


def test_a06_publish_in_another_schema_than_the_units_is_refused(committed: Tenant, south: Tenant) -> None:
    with nothing_happened(), pytest.raises(TenantChangedInUnitOfWork), unit_of_work(), in_tenant(south):
        suspend("a")

    with in_public_schema():
        assert head("north") == head("south") == 0


def test_a06_a_write_in_another_schema_is_refused_a_read_is_not(committed: Tenant, south: Tenant) -> None:
    with pytest.raises(StatementRefused, match="'north'.*'south'"), unit_of_work():
        with in_tenant(south):
            assert places() == ["MAIN"]
            place("SOUTH")

    with in_tenant(south):
        assert places() == ["MAIN"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tenants_tenant SET name = 'x'",
        "WITH gone AS (DELETE FROM tenants_domain RETURNING 1) SELECT * FROM gone",
        "CREATE TABLE stray (id int)",
        "TRUNCATE tenants_domain",
    ],
)
def test_a06_a_write_in_public_is_refused_inside_a_tenants_unit(committed: Tenant, statement: str) -> None:
    with nothing_happened(), pytest.raises(StatementRefused, match="'public'"), unit_of_work(), in_public_schema():
        sql(statement)

    committed.refresh_from_db()
    assert committed.name != "x"


def test_a06_locking_rows_of_the_platform_is_no_write(committed: Tenant) -> None:
    with unit_of_work(), in_public_schema():
        locked = Tenant.objects.select_for_update(no_key=True).get(pk=committed.pk)

    assert locked == committed


def test_a08_an_event_whose_handler_works_for_another_tenant_fails_and_writes_nothing(
    committed: Tenant, south: Tenant, subscribe: Subscribe
) -> None:
    def visit(event: TenantSuspended, delivery: Any) -> None:
        with in_tenant(south), unit_of_work():
            place("VISIT")
            publish(TenantReactivated(tenant_uuid=new_id(), tenant_name="from north"))

    name = subscribe(visit, TenantSuspended, backoff=Backoff(attempts=1))
    say("a")

    assert drain(name) == 0

    assert parked(name) == [(1, "DEAD")]
    with in_tenant(south):
        assert places() == ["MAIN"]
        assert published("tenants.tenant_reactivated") == []


# A07: savepoints


def test_a07_an_event_goes_with_the_savepoint_in_which_it_was_published(committed: Tenant) -> None:
    heard: list[str] = []
    hooks: list[str] = []
    off = bus.subscribe(TenantSuspended, lambda event: heard.append(event.tenant_name))

    try:
        with unit_of_work() as unit:
            suspend("before")
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                place("GHOST")
                suspend("ghost")
                unit.after_append.append(lambda: hooks.append("appended"))
                transaction.on_commit(lambda: hooks.append("committed"))
                raise ZeroDivisionError
            suspend("after")
    finally:
        off()

    assert said() == ["before", "after"]
    assert [event.stream_version for event in published()] == [1, 1]
    assert places() == ["MAIN"]
    assert hooks == []
    assert "ghost" not in heard


def test_a07_released_savepoints_keep_their_events_unless_an_outer_one_goes(committed: Tenant) -> None:
    with unit_of_work():
        with transaction.atomic():
            suspend("kept")
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                with transaction.atomic():
                    suspend("released, then undone")
                suspend("undone")
                raise ZeroDivisionError
            suspend("kept too")

    assert said() == ["kept", "kept too"]


def test_a07_savepoints_made_by_hand_take_their_events_too(committed: Tenant) -> None:
    with unit_of_work():
        suspend("a")
        sid = transaction.savepoint()
        suspend("b")
        transaction.savepoint_rollback(sid)
        suspend("c")
        transaction.savepoint_rollback(sid)
        suspend("d")
        transaction.savepoint_commit(sid)

    assert said() == ["a", "d"]


def test_a07_a_unit_that_failed_in_a_savepoint_leaves_the_outer_one_whole(committed: Tenant) -> None:
    with unit_of_work():
        suspend("a")
        with pytest.raises(NotFound), transaction.atomic(), unit_of_work():
            place("GHOST")
            suspend("ghost")
            raise NotFound("no such order")

    assert said() == ["a"]
    assert places() == ["MAIN"]


def test_a07_a_handlers_events_go_with_its_savepoint(committed: Tenant, subscribe: Subscribe) -> None:
    def attempt(event: TenantSuspended, delivery: Any) -> None:
        try:
            with transaction.atomic():
                publish(TenantReactivated(tenant_uuid=new_id(), tenant_name="ghost"))
                place("MAIN")
        except IntegrityError:
            publish(TenantReactivated(tenant_uuid=new_id(), tenant_name="refused"))

    name = subscribe(attempt, TenantSuspended)
    say("a")

    assert drain(name) == 1

    assert [event.data["tenant_name"] for event in published("tenants.tenant_reactivated")] == ["refused"]


# B08: outer transactions


def test_b08_a_unit_inside_a_transaction_of_somebody_else_is_refused(committed: Tenant) -> None:
    with transaction.atomic(), pytest.raises(NotTheOutermost, match="unit_of_work"), unit_of_work():
        suspend("a")

    assert said() == []


def test_b08_a_service_inside_a_transaction_of_somebody_else_is_refused(committed: Tenant) -> None:
    with transaction.atomic(), pytest.raises(NotTheOutermost):
        pause_subscription(subscriber="pos.note_shelf_levels", operator="user:ada", reason="a test")


def test_b08_a_unit_without_autocommit_is_refused(committed: Tenant) -> None:
    transaction.set_autocommit(False)
    try:
        with pytest.raises(NotTheOutermost), unit_of_work():
            suspend("a")
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)

    assert said() == []


def test_b08_a_unit_after_a_begin_by_hand_is_refused(committed: Tenant) -> None:
    sql("BEGIN")
    try:
        with pytest.raises(NotTheOutermost), unit_of_work():
            suspend("a")
    finally:
        sql("ROLLBACK")

    assert said() == []


def test_b08_a_transaction_that_rolls_a_test_back_is_no_obstacle(shop: Tenant) -> None:
    with unit_of_work():
        suspend("a")

    assert said() == ["a"]


def test_b08_nor_is_a_block_inside_it(shop: Tenant) -> None:
    with transaction.atomic(), unit_of_work():
        suspend("a")

    assert said() == ["a"]


# Isolation


@pytest.mark.parametrize(
    "statement",
    [
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET LOCAL transaction_isolation = 'serializable'",
        "set session characteristics as transaction isolation level serializable",
        "SET default_transaction_isolation = 'serializable'",
    ],
)
def test_a_unit_refuses_statements_that_would_change_its_isolation(committed: Tenant, statement: str) -> None:
    with pytest.raises(StatementRefused), unit_of_work():
        sql(statement)


def test_a_unit_of_a_session_with_another_isolation_is_refused(committed: Tenant) -> None:
    sql("SET default_transaction_isolation = 'repeatable read'")
    try:
        with pytest.raises(WrongIsolation, match="repeatable read"), unit_of_work():
            suspend("a")
    finally:
        connection.close()

    assert said() == []


def test_a_unit_of_a_driver_with_another_isolation_is_refused_at_once(committed: Tenant) -> None:
    connection.ensure_connection()
    connection.connection.isolation_level = IsolationLevel.SERIALIZABLE
    try:
        with pytest.raises(WrongIsolation), unit_of_work():
            place("NEVER")
    finally:
        connection.close()

    assert places() == ["MAIN"]


def test_a_unit_of_a_database_whose_default_is_another_isolation_is_refused_at_once(committed: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT format('ALTER ROLE %I SET default_transaction_isolation = serializable', current_user)")
        sql(cursor.fetchone()[0])
    connection.close()
    try:
        with pytest.raises(WrongIsolation, match="serializable"), unit_of_work():
            place("NEVER")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT format('ALTER ROLE %I RESET default_transaction_isolation', current_user)")
            sql(cursor.fetchone()[0])
        connection.close()

    assert places() == ["MAIN"]


def test_a_rehearsal_sees_one_snapshot_and_leaves_nothing(committed: Tenant) -> None:
    with rehearsal() as unit:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('transaction_isolation')")
            isolation = cursor.fetchone()[0]
        place("NEVER")
        suspend("never")
        count = len(unit.events)

    assert (isolation, count) == ("repeatable read", 1)
    assert places() == ["MAIN"]
    assert said() == []


def test_a_rehearsal_inside_a_unit_is_refused(committed: Tenant) -> None:
    with unit_of_work(), pytest.raises(NotTheOutermost), rehearsal():
        pass


# What it costs


def test_a_unit_with_an_event_sends_one_statement_more_than_its_own(committed: Tenant) -> None:
    statements: list[str] = []

    def note(execute: Any, statement: str, *rest: Any) -> Any:
        statements.append(statement)
        return execute(statement, *rest)

    say("warm")
    with connection.execute_wrapper(note), unit_of_work():
        place("ONE")
        suspend("a")

    assert [statement.split()[0] for statement in statements] == ["INSERT", "SELECT"]


def test_outside_a_unit_publish_says_where_it_is_possible(committed: Tenant) -> None:
    with pytest.raises(NotInUnitOfWork, match="unit_of_work"):
        suspend("a")


def test_a04_a_plain_transaction_that_is_aborted_is_not_committed(committed: Tenant) -> None:
    with pytest.raises(TransactionAborted, match="rolled back"), transaction.atomic():
        place("NEVER")
        catch_sql()

    assert places() == ["MAIN"]
    assert search_path() == "north, public"
