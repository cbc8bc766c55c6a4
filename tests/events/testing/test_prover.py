"""The prover names what a handler may not do: swallow errors, leave its tenant, end its process, go on for too long."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import DataError, IntegrityError, connection, transaction

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import Backoff
from events.testing import (
    EndsItsProcess,
    HandlerFails,
    LeavesTenant,
    NeverEnds,
    NotIdempotent,
    SwallowsErrors,
    TooSlow,
    prove_idempotent,
    watch,
)
from kernel.ids import new_id
from kernel.refusals import NotFound
from kernel.tenancy import in_public_schema, in_tenant, tenant_connection
from pos.models import Location
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.support.processes import database_url
from tests.support.recording import SOON, Subscribe, say, write


class Clock:
    """Seconds that pass when a test lets them."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def south() -> Tenant:
    return Tenant.objects.get(schema_name="south")


def rename(schema: str) -> None:
    with psycopg.connect(database_url(), autocommit=True) as other:
        other.execute(f"UPDATE {schema}.pos_location SET name = name || '!'")


def swallow_orm() -> None:
    try:
        Location.objects.create(code="MAIN", name="again", currency="EUR")
    except IntegrityError:
        pass


def swallow_sql() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1/0")
    except DataError:
        pass


def swallow_a_refusal() -> None:
    try:
        with unit_of_work():
            raise NotFound("no such order")
    except NotFound:
        pass


def roll_back_in_silence() -> None:
    transaction.set_rollback(True)


def close_the_connection() -> None:
    connection.close()


def go_and_stay() -> None:
    tenant_connection().set_tenant(south())


def go_and_write() -> None:
    with in_tenant(south()):
        Location.objects.create(code="VISIT", name="x", currency="EUR")


def open_a_unit_there() -> None:
    with in_tenant(south()), unit_of_work():
        Location.objects.create(code="VISIT", name="x", currency="EUR")


def write_in_public() -> None:
    with in_public_schema():
        Tenant.objects.filter(schema_name="south").update(name="Renamed")


def write_there_by_name() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE south.pos_location SET name = name || '!'")


def write_there_over_another_connection() -> None:
    rename("south")


def write_in_public_by_name() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE public.tenants_tenant SET owner_email = 'x@example.test' WHERE schema_name = 'south'")


def exit_the_process() -> None:
    raise SystemExit(1)


def cancel() -> None:
    raise asyncio.CancelledError


def stop_the_generator() -> None:
    raise GeneratorExit


def fail() -> None:
    raise ValueError("not today")


BAD = [
    (swallow_orm, SwallowsErrors, "IntegrityError"),
    (swallow_sql, SwallowsErrors, "statement failed"),
    (swallow_a_refusal, SwallowsErrors, "NotFound: no such order"),
    (roll_back_in_silence, SwallowsErrors, "set_rollback"),
    (close_the_connection, SwallowsErrors, "connection was closed"),
    (go_and_stay, LeavesTenant, "'north' in 'south'"),
    (go_and_write, LeavesTenant, "write in 'south'"),
    (open_a_unit_there, LeavesTenant, "in 'south'"),
    (write_in_public, LeavesTenant, "write in 'public'"),
    (write_there_by_name, LeavesTenant, r"wrote south\.pos_location"),
    (write_there_over_another_connection, LeavesTenant, r"wrote south\.pos_location"),
    (write_in_public_by_name, LeavesTenant, r"wrote public\.tenants_tenant"),
    (exit_the_process, EndsItsProcess, "SystemExit at position 2"),
    (cancel, EndsItsProcess, "CancelledError at position 2"),
    (stop_the_generator, EndsItsProcess, "GeneratorExit at position 2"),
]


@pytest.fixture(autouse=True)
def _south_is_as_before(committed: Tenant) -> Any:
    tenant = south()
    yield
    with in_public_schema():
        Tenant.objects.filter(schema_name="south").update(name=tenant.name, owner_email=tenant.owner_email)


@pytest.mark.parametrize("backoff", [Backoff(attempts=1), SOON], ids=["dead at once", "tried again"])
@pytest.mark.parametrize(("act", "found", "message"), BAD, ids=[act.__name__ for act, *_ in BAD])
def test_a_bad_handler_is_caught_by_name(
    committed: Tenant, subscribe: Subscribe, backoff: Backoff, act: Callable[[], None], found: Any, message: str
) -> None:
    def react(event: TenantSuspended, delivery: Any) -> None:
        write(event.tenant_name, delivery)
        if event.tenant_name == "bad":
            act()

    name = subscribe(react, TenantSuspended, backoff=backoff)
    say("a", "bad")

    with pytest.raises(found, match=message) as caught:
        prove_idempotent(name)

    assert type(caught.value) is found
    assert isinstance(caught.value, NotIdempotent)
    assert name in str(caught.value)


def test_a_bad_handler_of_lists_is_caught_too(committed: Tenant, subscribe: Subscribe) -> None:
    def react(deliveries: Any) -> None:
        swallow_orm()

    name = subscribe(react, TenantSuspended, batch=True)
    say("a", "b")

    with pytest.raises(SwallowsErrors, match="IntegrityError"):
        prove_idempotent(name)


def test_a_handler_that_always_fails_is_told_from_one_that_has_nothing_to_do(
    committed: Tenant, subscribe: Subscribe
) -> None:
    def react(event: TenantSuspended, delivery: Any) -> None:
        fail()

    name = subscribe(react, TenantSuspended)
    say("a")

    with pytest.raises(HandlerFails, match="ValueError: not today"):
        prove_idempotent(name)


@pytest.mark.parametrize(("seconds", "slow"), [(0.15, False), (0.25, True), (500.0, True)])
def test_a_handler_that_takes_longer_than_a_drain_may_is_caught_by_the_clock(
    committed: Tenant, subscribe: Subscribe, seconds: float, slow: bool
) -> None:
    clock = Clock()

    def react(event: TenantSuspended, delivery: Any) -> None:
        write(event.tenant_name, delivery)
        if event.tenant_name == "b":
            clock.now += seconds

    name = subscribe(react, TenantSuspended)
    say("a", "b")

    if slow:
        with pytest.raises(TooSlow, match=f"{seconds:g} seconds for the event at position 2"):
            prove_idempotent(name, clock=clock)
    else:
        assert prove_idempotent(name, clock=clock).events == 2


def test_a_handler_that_is_slow_once_is_not_caught(committed: Tenant, subscribe: Subscribe) -> None:
    clock, calls = Clock(), []

    def react(event: TenantSuspended, delivery: Any) -> None:
        calls.append(event.tenant_name)
        clock.now += 10.0 if len(calls) == 1 else 0.0

    name = subscribe(react, TenantSuspended)
    say("a")

    assert prove_idempotent(name, clock=clock).events == 1


def test_the_time_of_a_list_is_shared_by_its_events(committed: Tenant, subscribe: Subscribe) -> None:
    clock = Clock()

    def react(deliveries: Any) -> None:
        clock.now += 0.1 * len(deliveries)

    name = subscribe(react, TenantSuspended, batch=True)
    say("a", "b", "c", "d")

    assert prove_idempotent(name, clock=clock).events == 4


@pytest.mark.parametrize("clock", [time.monotonic, Clock()], ids=["real clock", "no time passes"])
def test_a_handler_that_feeds_itself_is_caught(committed: Tenant, subscribe: Subscribe, clock: Any) -> None:
    def react(event: TenantSuspended, delivery: Any) -> None:
        publish(TenantSuspended(tenant_uuid=new_id(), tenant_name="again"))

    name = subscribe(react, TenantSuspended)
    say("a")

    with pytest.raises(NeverEnds, match="without an end"):
        prove_idempotent(name, clock=clock)


@pytest.mark.parametrize("catching", [ZeroDivisionError, Exception])
def test_a_handler_that_does_not_return_is_interrupted(
    committed: Tenant, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch, catching: type[Exception]
) -> None:
    def react(event: TenantSuspended, delivery: Any) -> None:
        while True:
            try:
                time.sleep(0.01)
            except catching:
                pass

    monkeypatch.setattr(watch, "LONGEST_RUN_SECONDS", 0.5)
    name = subscribe(react, TenantSuspended)
    say("a")

    with pytest.raises(NeverEnds, match="does not return at position 1"):
        prove_idempotent(name)


def test_a_handler_that_catches_an_interruption_is_interrupted_again(
    committed: Tenant, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def react(event: TenantSuspended, delivery: Any) -> None:
        for last in (False, True):
            try:
                time.sleep(3)
                raise ValueError("was not interrupted again")
            except watch.Interrupted:
                if last:
                    raise

    monkeypatch.setattr(watch, "LONGEST_RUN_SECONDS", 0.5)
    name = subscribe(react, TenantSuspended, backoff=Backoff(attempts=1))
    say("a")

    with pytest.raises(NeverEnds, match="does not return at position 1"):
        prove_idempotent(name)


def test_an_error_that_is_caught_around_a_savepoint_is_proved(committed: Tenant, subscribe: Subscribe) -> None:
    def react(event: TenantSuspended, delivery: Any) -> None:
        write(event.tenant_name, delivery)
        try:
            with transaction.atomic():
                Location.objects.create(code="MAIN", name="again", currency="EUR")
        except IntegrityError:
            publish(TenantReactivated(tenant_uuid=new_id(), tenant_name="refused"))

    name = subscribe(react, TenantSuspended)
    say("a")

    assert prove_idempotent(name).tables == ["pos_location", "events_event", "events_processedevent"]


def test_zz_needs_a_database(shop: Tenant) -> None: ...
