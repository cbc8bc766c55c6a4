"""What a unit of work collects is written in its last round trip, by the same rules as everything in it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from events.operations.dry_run import dry_run
from events.publishing.errors import InCommitHook, NotInUnitOfWork, TenantChangedInUnitOfWork, UnitRolledBack
from events.publishing.publish import publish
from events.publishing.unit_of_work import Unit, current_unit, rehearsal, unit_of_work
from events.subscribing import Backoff
from events.testing.work import drain, published
from kernel.ids import new_id
from kernel.refusals import NotFound, Refusal
from kernel.tenancy import StatementRefused, in_public_schema, in_tenant
from pos.models import Location
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support.recording import Subscribe, parked, say

CODE_UNIQUE = "pos_location_code_key"


def suspend(name: str) -> None:
    publish(TenantSuspended(tenant_uuid=new_id(), tenant_name=name))


def place(code: str) -> Location:
    return Location(id=new_id(), code=code, name="a place", currency="EUR")


def places() -> list[str]:
    return sorted(Location.objects.values_list("code", flat=True))


def said() -> list[str]:
    return [event.data["tenant_name"] for event in published()]


def statements_of(act: Callable[[], None]) -> list[str]:
    sent: list[str] = []

    def note(execute: Any, statement: str, *rest: Any) -> Any:
        sent.append(statement)
        return execute(statement, *rest)

    with connection.execute_wrapper(note):
        act()
    return sent


def test_rows_statements_lock_and_events_are_one_round_trip_in_this_order(committed: Tenant) -> None:
    def act() -> None:
        with unit_of_work() as unit:
            suspend("a")
            unit.insert_later([place("ONE"), place("TWO")])
            unit.execute_later(
                "UPDATE pos_location SET name = %(name)s WHERE code = %(code)s", {"name": "%s", "code": "ONE"}
            )
            unit.insert_later([place("THREE")])

    say("warm")
    (sent,) = statements_of(act)

    marks = ['INTO "pos_location"', "UPDATE pos_location", "pg_advisory_xact_lock", "INTO events_event"]
    assert sorted(marks, key=sent.index) == marks
    assert places() == ["MAIN", "ONE", "THREE", "TWO"]
    assert Location.objects.get(code="ONE").name == "%s"
    assert said()[-1:] == ["a"]


def test_a_unit_without_events_writes_what_was_collected(committed: Tenant) -> None:
    def act() -> None:
        with unit_of_work() as unit:
            unit.insert_later([place("ONE")])
            unit.insert_later([])

    places()
    assert len(statements_of(act)) == 1
    assert places() == ["MAIN", "ONE"]


def test_a_unit_that_fails_writes_nothing_of_it(committed: Tenant) -> None:
    with pytest.raises(NotFound), unit_of_work() as unit:
        unit.insert_later([place("ONE")])
        raise NotFound("no")

    assert places() == ["MAIN"]


def test_a_statement_sees_what_was_collected_once_it_was_sent(committed: Tenant) -> None:
    with unit_of_work() as unit:
        unit.insert_later([place("ONE")])
        before = places()
        unit.write_collected()
        after = places()
        unit.insert_later([place("TWO")])

    assert (before, after, places()) == (["MAIN"], ["MAIN", "ONE"], ["MAIN", "ONE", "TWO"])


def test_what_was_collected_in_a_savepoint_goes_with_it(committed: Tenant) -> None:
    with unit_of_work() as unit:
        unit.insert_later([place("BEFORE")])
        with pytest.raises(NotFound), transaction.atomic(), unit_of_work() as inner:
            inner.insert_later([place("INSIDE")])
            raise NotFound("no")
        unit.insert_later([place("AFTER")])
        suspend("after")

    assert places() == ["AFTER", "BEFORE", "MAIN"]
    assert said() == ["after"]


def test_what_a_savepoint_took_with_it_of_earlier_writes_is_written_again(committed: Tenant) -> None:
    with unit_of_work() as unit:
        unit.insert_later([place("BEFORE")])
        with pytest.raises(NotFound), transaction.atomic():
            unit.insert_later([place("INSIDE")])
            unit.write_collected()
            raise NotFound("no")
        with transaction.atomic():
            unit.write_collected()
        unit.insert_later([place("AFTER")])

    assert places() == ["AFTER", "BEFORE", "MAIN"]


class CodeTaken(Refusal):
    code = "code-taken"
    title = "Code taken"


@pytest.mark.parametrize("event", [True, False])
def test_a_unique_violation_is_told_apart_by_its_constraint(committed: Tenant, *, event: bool) -> None:
    def write(*rows: Location) -> None:
        with unit_of_work() as unit:
            unit.insert_later([place("ONE")])
            unit.insert_later(rows, refusals={CODE_UNIQUE: CodeTaken("MAIN is taken")})
            if event:
                suspend("a")

    first = place("TWO")
    write(first)
    Location.objects.filter(code="ONE").delete()

    with pytest.raises(CodeTaken):
        write(place("TWO"))
    with pytest.raises(IntegrityError, match="pos_location_pkey"):
        write(Location(id=first.id, code="FOUR", name="x", currency="EUR"))
    assert places() == ["MAIN", "TWO"]
    assert said() == (["a"] if event else [])


def test_of_two_rows_of_a_unit_the_one_that_exists_is_refused(committed: Tenant) -> None:
    for first, second in (("MAIN", "TWO"), ("TWO", "MAIN")):
        with pytest.raises(CodeTaken, match="MAIN"), unit_of_work() as unit:
            for code in (first, second):
                unit.insert_later([place(code)], refusals={CODE_UNIQUE: CodeTaken(code)})

    with pytest.raises(IntegrityError, match=CODE_UNIQUE), unit_of_work() as unit:
        unit.insert_later([place("MAIN")])
        unit.insert_later([place("TWO")], refusals={CODE_UNIQUE: CodeTaken("TWO")})
    with pytest.raises(IntegrityError, match=CODE_UNIQUE), unit_of_work() as unit:
        with pytest.raises(NotFound), transaction.atomic():
            unit.insert_later([place("TWO")], refusals={CODE_UNIQUE: CodeTaken("TWO")})
            raise NotFound("no")
        unit.insert_later([place("MAIN")])
    assert places() == ["MAIN"]


def test_a_refusal_that_was_caught_inside_fails_the_unit(committed: Tenant) -> None:
    with pytest.raises(UnitRolledBack), unit_of_work() as unit:
        unit.insert_later([place("MAIN")])
        with pytest.raises(IntegrityError):
            unit.write_collected()

    assert places() == ["MAIN"]


def test_writes_in_another_schema_than_the_units_are_refused(committed: Tenant, south: Tenant) -> None:
    for elsewhere in (lambda: in_tenant(south), in_public_schema):
        with unit_of_work() as unit, elsewhere(), pytest.raises(TenantChangedInUnitOfWork):
            unit.insert_later([place("ONE")])
        with pytest.raises(TenantChangedInUnitOfWork), unit_of_work() as unit:
            unit.insert_later([place("ONE")])
            with elsewhere():
                unit.write_collected()

    assert places() == ["MAIN"]


@pytest.mark.parametrize("statement", ["COMMIT", "ROLLBACK", "SELECT 1; COMMIT"])
def test_what_a_unit_does_not_send_it_does_not_send_later(committed: Tenant, statement: str) -> None:
    with pytest.raises(StatementRefused), unit_of_work() as unit:
        unit.insert_later([place("ONE")])
        unit.execute_later(statement, {})

    assert places() == ["MAIN"]


def test_a_unit_that_is_over_collects_nothing(committed: Tenant) -> None:
    refused: list[type] = []

    def hook() -> None:
        with pytest.raises(InCommitHook):
            unit.insert_later([place("LATE")])
        refused.append(InCommitHook)

    with unit_of_work() as unit:
        transaction.on_commit(hook)
    with pytest.raises(NotInUnitOfWork):
        unit.insert_later([place("LATE")])
    with unit_of_work(), pytest.raises(NotInUnitOfWork, match="over"):
        unit.insert_later([place("LATE")])

    assert refused == [InCommitHook]
    assert places() == ["MAIN"]


def test_what_is_collected_between_the_append_and_the_commit_is_written(committed: Tenant) -> None:
    with unit_of_work() as unit:
        suspend("a")
        unit.after_append.append(lambda: unit.insert_later([place("ONE")]))

    assert places() == ["MAIN", "ONE"]


def test_a_rehearsal_sends_what_was_collected_and_leaves_nothing(committed: Tenant) -> None:
    with rehearsal() as unit:
        unit.insert_later([place("ONE")])
    with pytest.raises(IntegrityError), rehearsal() as unit:
        unit.insert_later([place("MAIN")])

    assert places() == ["MAIN"]


def collect(event: TenantSuspended, delivery: Any) -> None:
    unit: Unit = current_unit()
    unit.insert_later([place(event.tenant_name)])


def test_an_event_whose_collected_row_is_refused_fails_alone(committed: Tenant, subscribe: Subscribe) -> None:
    name = subscribe(collect, TenantSuspended, backoff=Backoff(attempts=1))
    say("ONE", "MAIN", "TWO")

    assert drain(name, budget=60) == 2
    assert parked(name) == [(2, "DEAD")]
    assert places() == ["MAIN", "ONE", "TWO"]

    tried = dry_run(subscriber=name, position=2)
    assert CODE_UNIQUE in tried.error
    with unit_of_work():
        Location.objects.filter(code="MAIN").update(code="OTHER")
    assert [change.table for change in dry_run(subscriber=name, position=2).changes] == ["pos_location"]


def test_a_column_that_cannot_hold_its_value_is_refused(committed: Tenant) -> None:
    for code in ("X" * 1000, "nul \0"):
        with pytest.raises(DatabaseError), unit_of_work() as unit:
            unit.insert_later([place(code)])

    assert places() == ["MAIN"]
