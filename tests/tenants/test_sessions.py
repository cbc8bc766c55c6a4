"""What a statement does to its session: no later statement runs in another schema, or finds what another tenant left."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, transaction

from events.models import ProcessedEvent
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import Backoff
from events.subscriptions.registry import find_subscriber
from events.tasks import drain_tenant
from events.testing.work import published
from kernel.ids import new_id
from kernel.tenancy import StatementRefused, WriteElsewhereRefused, in_public_schema, in_tenant
from pos.models import Location
from tenants.database.statements import read
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support.recording import Subscribe, parked, say

RUNS = 6
"""More than three events need, of which one fails."""


@pytest.fixture(autouse=True)
def _own_session(committed: Tenant) -> Iterator[None]:
    yield
    connection.close()


def sql(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else None


@pytest.mark.parametrize(
    "statement",
    [
        "/* x */ ROLLBACK",
        "-- x\nCOMMIT",
        "/* a /* b */ c */ ABORT",
        "/* it's */ ROLLBACK; SELECT 'x'",
        "SELECT '$'; ROLLBACK",
        "SELECT $$x$$; COMMIT",
        "/**/ROLLBACK AND CHAIN",
        "SELECT 1;/* x */ROLLBACK",
    ],
)
def test_a03_no_comment_and_no_quote_hides_the_end_of_a_units_transaction(statement: str) -> None:
    with pytest.raises(StatementRefused, match="transaction"), unit_of_work():
        Location.objects.create(code="EARLIER", name="x", currency="EUR")
        sql(statement)

    assert list(Location.objects.values_list("code", flat=True)) == ["MAIN"]


def test_a03_a_unit_whose_transaction_was_ended_in_a_way_that_no_text_shows_fails() -> None:
    with pytest.raises(StatementRefused), unit_of_work():
        publish(TenantSuspended(tenant_uuid=new_id(), tenant_name="a"))
        connection.connection.execute("ROLLBACK")
        connection.connection.autocommit = True
        try:
            sql("SELECT 1")
        finally:
            connection.connection.autocommit = False

    assert published() == []


@pytest.mark.parametrize(
    "statement",
    [
        "/* x */ ROLLBACK",
        "SELECT 1; ROLLBACK",
        "SET SCHEMA 'public'",
        "/* */ RESET ALL",
        "SET Search_Path = public",
        "SELECT set_config('search' || '_path', 'public', false)",
        "DO $$ BEGIN EXECUTE 'SET search' || '_path = public'; END $$",
    ],
)
def test_a04_whatever_moves_the_search_path_the_next_statement_runs_in_the_tenants_schema(statement: str) -> None:
    with in_public_schema():
        sql("SELECT 1")

    with transaction.atomic():
        Location.objects.count()
        sql(statement)
        inside = sql("SELECT current_schema()")

    assert (inside, sql("SELECT current_schema()")) == (("north",), ("north",))


@pytest.fixture
def function() -> Iterator[Callable[[str], str]]:
    """Make a stored function of a body; return its call, in whose text nothing can be seen."""

    def make(body: str) -> str:
        with transaction.atomic():
            sql(f"CREATE FUNCTION north.tests_stored() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN {body} END $f$")
        return "SELECT north.tests_stored()"

    yield make
    connection.close()
    sql("DROP FUNCTION IF EXISTS north.tests_stored()")


@pytest.mark.parametrize("inside_unit", [True, False])
def test_a04_a_stored_function_that_moves_the_search_path_moves_it_for_no_later_statement(
    function: Callable[[str], str], inside_unit: bool
) -> None:
    call = function("PERFORM set_config('search_path', 'public', false);")

    with unit_of_work() if inside_unit else transaction.atomic():
        sql("SELECT 1")
        sql(call)
        inside = sql("SELECT current_schema()")

    assert (inside, sql("SELECT current_schema()")) == (("north",), ("north",))


@pytest.mark.parametrize(
    "body",
    [
        "SET default_transaction_read_only = on;",
        "PERFORM set_config('TimeZone', 'Asia/Tokyo', false);",
        "SET DateStyle = 'German';",
    ],
)
def test_what_a_stored_function_sets_no_other_tenant_finds(
    function: Callable[[str], str], south: Tenant, subscribe: Subscribe, body: str
) -> None:
    call = function(body)

    def leave(event: TenantSuspended, delivery: Any) -> None:
        sql(call)

    name = subscribe(leave, TenantSuspended, backoff=Backoff(attempts=1))
    say("a")
    settings = f"{LEFT}, current_setting('DateStyle')"
    clean = sql(settings)

    done = drain_tenant(find_subscriber(name), "north")
    with in_tenant(south):
        found = sql(settings)

    assert (done["handled"], parked(name), found) == (1, [], clean)


def driver_rolls_back() -> None:
    connection.connection.rollback()


def driver_commits() -> None:
    connection.connection.commit()


def driver_rolls_back_and_goes_on() -> None:
    connection.connection.rollback()
    Location.objects.create(code="LATER", name="x", currency="EUR")


def driver_is_left_by_with() -> None:
    with suppress(ZeroDivisionError), connection.connection.transaction():
        raise ZeroDivisionError
    with suppress(ZeroDivisionError):
        connection.connection.rollback()


def error_is_caught() -> None:
    with suppress(StatementRefused):
        connection.connection.rollback()


@pytest.mark.parametrize(
    "end",
    [
        driver_rolls_back,
        driver_commits,
        driver_rolls_back_and_goes_on,
        driver_is_left_by_with,
        error_is_caught,
    ],
)
@pytest.mark.parametrize("batch", [False, True])
def test_a03_an_event_whose_handler_ends_the_transaction_through_the_driver_is_parked_and_others_go_on(
    subscribe: Subscribe, end: Callable[[], None], batch: bool
) -> None:
    def handle(name: str) -> None:
        Location.objects.create(code=name, name="x", currency="EUR")
        if name == "bad":
            end()

    def each(event: TenantSuspended, delivery: Any) -> None:
        handle(event.tenant_name)

    def together(deliveries: Any) -> None:
        for delivery in deliveries:
            handle(delivery.event.tenant_name)

    name = subscribe(together if batch else each, TenantSuspended, batch=batch, backoff=Backoff(attempts=1))
    say("a", "bad", "b")

    for _ in range(RUNS):
        drain_tenant(find_subscriber(name), "north")

    assert parked(name) == [(2, "DEAD")]
    assert processed(name) == [1, 3]
    assert set(Location.objects.values_list("code", flat=True)) == {"MAIN", "a", "b"}


def test_a03_an_event_whose_handler_ends_with_a_rollback_that_only_the_driver_sees_is_parked(
    subscribe: Subscribe,
) -> None:
    def roll_back(event: TenantSuspended, delivery: Any) -> None:
        Location.objects.create(code=event.tenant_name, name="x", currency="EUR")
        if event.tenant_name == "bad":
            connection.connection.execute("ROLLBACK")

    name = subscribe(roll_back, TenantSuspended, backoff=Backoff(attempts=1))
    say("a", "bad", "b")

    for _ in range(RUNS):
        drain_tenant(find_subscriber(name), "north")

    assert (parked(name), processed(name)) == ([(2, "DEAD")], [1, 3])
    assert set(Location.objects.values_list("code", flat=True)) == {"MAIN", "a", "b"}


def test_a03_a_unit_is_not_ended_through_the_driver() -> None:
    for end in (driver_rolls_back, driver_commits):
        with pytest.raises(StatementRefused, match=f"{end.__name__.split('_')[1][:-1]}.*of the driver"), unit_of_work():
            Location.objects.create(code="EARLIER", name="x", currency="EUR")
            end()

    with transaction.atomic():
        Location.objects.create(code="PLAIN", name="x", currency="EUR")
        driver_rolls_back()
    assert list(Location.objects.values_list("code", flat=True)) == ["MAIN"]


def processed(name: str) -> list[int]:
    rows = ProcessedEvent.objects.filter(subscriber=name).order_by("position")
    return list(rows.values_list("position", flat=True))


def test_a04_a_cursor_that_was_made_in_another_schema_works_in_the_one_of_now(south: Tenant) -> None:
    cursor = connection.cursor()
    with in_tenant(south):
        cursor.execute("SELECT current_schema()")
        inside = cursor.fetchone()
    cursor.execute("SELECT current_schema()")

    assert (inside, cursor.fetchone()) == (("south",), ("north",))


@pytest.mark.parametrize(
    "statement",
    [
        "/* x */ TRUNCATE pos_location CASCADE",
        "-- x\nCREATE TABLE t (a int)",
        "INSERT/**/INTO pos_location DEFAULT VALUES",
        "UPDATE/**/pos_location SET name = 'x'",
        "SELECT * INTO foo FROM pos_location",
        "LOCK TABLE pos_location IN SHARE MODE",
        "/* x */ lock pos_location",
        "SELECT setval('a', 100)",
        "SELECT pg_catalog.nextval ('a')",
    ],
)
def test_a06_no_comment_hides_a_write_in_another_schema(south: Tenant, statement: str) -> None:
    with pytest.raises(WriteElsewhereRefused), unit_of_work(), in_tenant(south):
        sql(statement)


def test_a06_a_copy_into_another_schema_is_a_write_too(south: Tenant) -> None:
    copying = "COPY pos_location (id, code, name, currency, timezone) FROM STDIN"
    with pytest.raises(WriteElsewhereRefused), unit_of_work(), in_tenant(south), connection.cursor() as cursor:
        with cursor.copy(copying) as copy:
            copy.write_row([str(new_id()), "COPIED", "x", "EUR", "UTC"])

    with unit_of_work(), connection.cursor() as cursor, cursor.copy(copying) as copy:
        copy.write_row([str(new_id()), "COPIED", "x", "EUR", "UTC"])
    assert Location.objects.filter(code="COPIED").exists()


LEFT = """
SELECT (SELECT count(*) FROM pg_class WHERE relpersistence = 't'),
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
    (SELECT count(*) FROM pg_listening_channels()), (SELECT count(*) FROM pg_prepared_statements),
    (SELECT count(*) FROM pg_cursors WHERE is_holdable), current_setting('app.shop', true),
    current_setting('default_transaction_read_only'), current_setting('TimeZone')
"""


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TEMP TABLE pos_location AS SELECT * FROM pos_location",
        "SELECT * INTO TEMPORARY staging FROM pos_location",
        "CREATE TABLE pg_temp.staging (a int)",
        "SELECT set_config('app.shop', 'north', false)",
        "SET app.shop = 'north'",
        "/* x */ SET TIME ZONE 'Asia/Tokyo'",
        "SET default_transaction_read_only = on",
        "DO $$ BEGIN SET default_transaction_read_only = on; END $$",
        "SELECT pg_advisory_lock(4711)",
        "LISTEN something",
        "PREPARE something AS SELECT * FROM pos_location",
        "DECLARE something CURSOR WITH HOLD FOR SELECT * FROM pos_location",
    ],
)
def test_what_a_handler_leaves_in_its_session_no_other_tenant_finds(
    south: Tenant, subscribe: Subscribe, statement: str
) -> None:
    def leave(event: TenantSuspended, delivery: Any) -> None:
        sql(statement)

    name = subscribe(leave, TenantSuspended, backoff=Backoff(attempts=1))
    say("a")
    clean = sql(LEFT)

    done = drain_tenant(find_subscriber(name), "north")
    with in_tenant(south):
        found = sql(LEFT)

    assert (done["handled"], parked(name)) == (1, [])
    assert found == clean


def test_what_a_handler_left_does_not_make_its_failure_an_outage(subscribe: Subscribe) -> None:
    def leave(event: TenantSuspended, delivery: Any) -> None:
        sql("SET ROLE pg_monitor")

    name = subscribe(leave, TenantSuspended, backoff=Backoff(attempts=1))
    say("a")

    drain_tenant(find_subscriber(name), "north")

    assert parked(name) == [(1, "DEAD")]


def fail() -> None:
    raise ValueError("not today")


@pytest.mark.parametrize("then", [fail, Location.objects.count, driver_rolls_back])
@pytest.mark.parametrize("tried", [1, 2])
def test_b05_a_handler_that_fails_after_it_has_closed_the_connection_is_no_outage(
    subscribe: Subscribe, then: Callable[[], object], tried: int
) -> None:
    def close(event: TenantSuspended, delivery: Any) -> None:
        connection.close()
        then()

    name = subscribe(close, TenantSuspended, backoff=Backoff(base=0.0, cap=0.0, attempts=tried))
    say("a")

    for _ in range(tried):
        drain_tenant(find_subscriber(name), "north")

    assert parked(name) == [(1, "DEAD")]


@pytest.mark.parametrize("last", [True, False])
def test_b05_a_handler_that_closes_the_connection_in_a_batch_is_found_and_is_no_outage(
    subscribe: Subscribe, last: bool
) -> None:
    def close(event: TenantSuspended, delivery: Any) -> None:
        if event.tenant_name == "bad":
            connection.close()
        else:
            Location.objects.create(code=event.tenant_name, name="x", currency="EUR")

    name = subscribe(close, TenantSuspended, backoff=Backoff(attempts=1))
    say("a", "bad", *([] if last else ["b"]))

    for _ in range(RUNS):
        drain_tenant(find_subscriber(name), "north")

    assert parked(name) == [(2, "DEAD")]
    assert set(Location.objects.values_list("code", flat=True)) == {"MAIN", "a"} | (set() if last else {"b"})


@pytest.mark.parametrize(
    "statement",
    [
        "SET LOCAL lock_timeout = '5s'",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "SELECT set_config('app.shop', 'x', true)",
        "SELECT pg_advisory_xact_lock(1)",
        'UPDATE "a" SET b = 1',
        "SELECT 'SET x; LISTEN y'",
    ],
)
def test_what_ends_with_the_transaction_is_not_left(statement: str) -> None:
    assert not read(statement).leaves
