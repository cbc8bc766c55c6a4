"""Verdicts: an outage is what its SQLSTATE or a dead connection says; a handler's death is counted; the rest fails."""

import asyncio
import sys
from typing import Any

import psycopg
import pytest
import redis
import requests
from celery.exceptions import SoftTimeLimitExceeded
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
    transaction,
)

from events import tasks
from events.delivery import failures, verdicts
from events.delivery.drain import Drain
from events.delivery.verdicts import is_outage, outages_raised_for_a_retry
from events.models import ParkedEvent, ProcessedEvent
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import Backoff, Delivery
from events.subscriptions.doorbells import Doorbells
from events.subscriptions.registry import find_subscriber
from events.testing.doorbells import SilentDoorbells
from events.testing.work import drain
from kernel.refusals import NotFound, Refusal
from kernel.tenancy import tenant_connection
from pos.models import Location
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support.outages import outage, with_state
from tests.support.recording import Subscribe, let_a_second_pass, parked, say, write, written

ONCE = Backoff(attempts=1)


def raised(error: Exception, *, cause: BaseException | None = None, context: BaseException | None = None) -> Exception:
    if cause is not None:
        error.__cause__ = cause
    error.__context__ = context
    return error


@pytest.mark.parametrize(
    "state", ["08006", "40001", "40P01", "53300", "53100", "57P01", "57P03", "58030", "25006", "25P03", "55P03"]
)
def test_an_outage_is_told_by_its_sqlstate(state: str) -> None:
    assert is_outage(raised(OperationalError(), cause=with_state(state)), connected=True)
    assert is_outage(raised(ValueError(), cause=raised(OperationalError(), cause=with_state(state))), connected=True)
    assert is_outage(with_state(state), connected=True)


@pytest.mark.parametrize(
    "error",
    [
        raised(OperationalError("index row size exceeds"), cause=with_state("54000")),
        raised(OperationalError("canceling statement"), cause=with_state("57014")),
        OperationalError("raised by hand"),
        raised(ValueError(), cause=OperationalError("raised by hand")),
        raised(OperationalError("by hand"), cause=redis.ConnectionError("refused")),
        raised(OperationalError("no SQLSTATE"), cause=psycopg.OperationalError("connection to elsewhere refused")),
        raised(InterfaceError("the cursor is closed"), cause=psycopg.InterfaceError("the cursor is closed")),
        raised(IntegrityError(), cause=with_state("23505")),
        raised(ValueError("its own"), context=raised(OperationalError(), cause=with_state("40P01"))),
        redis.ConnectionError("refused"),
        requests.ConnectionError("refused"),
        with_state("57014"),
        psycopg.OperationalError("raised unwrapped, over a connection to elsewhere"),
        psycopg.errors.InternalError_("cache lookup failed"),
        ConnectionResetError(),
        TimeoutError(),
    ],
)
def test_all_else_is_the_events_own_failure_unless_the_connection_is_dead(error: Exception) -> None:
    assert not is_outage(error, connected=True)
    assert is_outage(error, connected=False)


def test_an_error_of_the_database_that_follows_an_outage_is_its_aftermath() -> None:
    aftermath = transaction.TransactionManagementError("the transaction is aborted")

    assert is_outage(raised(aftermath, context=raised(OperationalError(), cause=with_state("40P01"))), connected=True)


def test_an_outage_of_any_class_lets_the_task_be_tried_again() -> None:
    read_only = raised(InternalError("read-only transaction"), cause=with_state("25006"))
    lasting = raised(InternalError("cache lookup failed"), cause=with_state("XX000"))

    with pytest.raises(OperationalError, match="an outage: InternalError"), outages_raised_for_a_retry():
        raise read_only
    with pytest.raises(InternalError), outages_raised_for_a_retry():
        raise lasting


def raise_by_hand() -> None:
    raise OperationalError("server closed the connection unexpectedly")


def use_a_closed_cursor() -> None:
    cursor = connection.cursor()
    cursor.close()
    cursor.execute("SELECT 1")


def fill_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE wide (text text PRIMARY KEY) ON COMMIT DROP;"
            "INSERT INTO wide SELECT string_agg(md5(n::text), '') FROM generate_series(1, 2000) AS n"
        )


@pytest.mark.parametrize("way", [raise_by_hand, use_a_closed_cursor, fill_an_index])
def test_b05_what_fails_every_time_is_parked_though_it_is_typed_as_an_outage(
    committed: Tenant, subscribe: Subscribe, way: Any
) -> None:
    def handle(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        write(event.tenant_name, delivery)
        if event.tenant_name == "bad":
            way()

    name = subscribe(handle, TenantSuspended, backoff=ONCE)
    say("good", "bad", "other")

    drain(name)

    assert parked(name) == [(2, "DEAD")]
    assert written() == ["1-good", "3-other"]


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("way", ["state", "connection"])
def test_b05_an_outage_at_one_position_that_does_not_end_fails_like_any_other(
    committed: Tenant, subscribe: Subscribe, way: str, batch: bool
) -> None:
    def fail(name: str) -> None:
        if name != "bad":
            return
        with connection.cursor() as cursor:
            if way == "state":
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    def handle(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        write(event.tenant_name, delivery)
        fail(event.tenant_name)

    def handle_many(deliveries: list[Delivery[TenantSuspended]]) -> None:
        for delivery in deliveries:
            handle(delivery.event, delivery)

    name = subscribe(handle_many if batch else handle, TenantSuspended, backoff=ONCE, batch=batch)
    say("good", "bad", "other")
    outages = 0
    for _ in range(3 * failures.OUTAGES_BEFORE_FAILURE):
        try:
            drain(name)
        except OperationalError:
            outages += 1
        tenant_connection().set_tenant(committed)

    assert parked(name) == [(2, "DEAD")]
    assert written() == ["1-good", "3-other"]
    assert outages == failures.OUTAGES_BEFORE_FAILURE - 1


def test_an_outage_of_a_retry_is_counted_for_its_event_alone(shop: Tenant, subscribe: Subscribe) -> None:
    def handle(_event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if delivery.attempt == 1:
            raise ValueError("first")
        raise outage("40P01")

    name = subscribe(handle, TenantSuspended, backoff=Backoff(base=0, cap=0, attempts=2))
    say("a")
    outages = 0
    for _ in range(10):
        try:
            drain(name)
        except OperationalError:
            outages += 1

    assert outages == failures.OUTAGES_BEFORE_FAILURE - 1
    assert parked(name) == [(1, "DEAD")]
    assert ParkedEvent.objects.get(subscriber=name).attempts == 2


def test_outages_at_different_positions_are_not_counted_together(shop: Tenant, subscribe: Subscribe) -> None:
    away = True

    def handle(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if away:
            raise outage()
        write(event.tenant_name, delivery)

    name = subscribe(handle, TenantSuspended, backoff=ONCE)
    for number in range(3 * failures.OUTAGES_BEFORE_FAILURE):
        say(f"t{number}")
        away = True
        with pytest.raises(OperationalError):
            drain(name)
        away = False
        assert drain(name) == 1

    assert parked(name) == []


DEATHS = [SystemExit(3), asyncio.CancelledError(), GeneratorExit(), KeyboardInterrupt()]


def survive(name: str, drains: int, bells: Any = None) -> int:
    """Drain so often, a second apart; return how many workers died."""
    died = 0
    for _ in range(drains):
        try:
            Drain(find_subscriber(name), "north", bells or SilentDoorbells()).run()
        except BaseException:
            died += 1
        let_a_second_pass(name)
    return died


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: type(death).__name__)
@pytest.mark.parametrize("batch", [False, True])
def test_g03_a_handler_that_ends_its_process_is_dead_after_the_declared_starts(
    committed: Tenant, subscribe: Subscribe, death: BaseException, batch: bool
) -> None:
    def handle(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        write(event.tenant_name, delivery)
        if event.tenant_name == "bad":
            raise death

    def handle_many(deliveries: list[Delivery[TenantSuspended]]) -> None:
        for delivery in deliveries:
            handle(delivery.event, delivery)

    name = subscribe(handle_many if batch else handle, TenantSuspended, batch=batch)
    say("good", "bad", "other")

    died = survive(name, 6, Doorbells())

    assert died == (3 if batch else 2)
    assert parked(name) == [(2, "DEAD")]
    assert written() == ["1-good", "3-other"]
    assert "KilledItsWorker" in ParkedEvent.objects.get(subscriber=name).error


def test_real_exit_a_retry_that_ends_its_process_is_dead_after_the_declared_starts(
    shop: Tenant, subscribe: Subscribe
) -> None:
    def handle(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if delivery.attempt == 1:
            raise ValueError("first")
        sys.exit(3)

    name = subscribe(handle, TenantSuspended, backoff=Backoff(base=0, cap=0, attempts=9))
    say("bad")

    assert survive(name, 6) == 2
    assert parked(name) == [(1, "DEAD")]


@pytest.mark.parametrize("death", DEATHS[:3], ids=lambda death: type(death).__name__)
def test_issue10_a_handler_that_asks_its_process_to_end_ends_no_process(
    committed: Tenant, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch, death: BaseException
) -> None:
    def die(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if event.tenant_name == "bad":
            raise death
        write(event.tenant_name, delivery)

    name, bells = subscribe(die, TenantSuspended), SilentDoorbells()
    monkeypatch.setattr(tasks, "doorbells", bells)
    say("bad", "good")

    answers = []
    for _ in range(4):
        answers.append(tasks.drain_and_live(find_subscriber(name), "north"))
        let_a_second_pass(name)

    assert [type(death).__name__ in answer.get("died", "") for answer in answers] == [True, False, True, False]
    assert parked(name) == [(1, "DEAD")]
    assert written() == ["2-good"]
    assert name in bells.rung


@pytest.mark.parametrize("death", [SystemExit(0), KeyboardInterrupt()], ids=["a signal", "Ctrl-C"])
def test_issue10_a_process_that_is_told_to_end_while_a_handler_runs_ends(
    committed: Tenant, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch, death: BaseException
) -> None:
    def die(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        raise death

    name = subscribe(die, TenantSuspended)
    monkeypatch.setattr(verdicts, "terminate_handler_fired", lambda: isinstance(death, SystemExit))
    say("a")

    with pytest.raises(type(death)):
        tasks.drain_and_live(find_subscriber(name), "north")


def test_a_death_that_cannot_be_counted_leaves_the_note_that_the_drain_runs(
    shop: Tenant, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        raise SystemExit

    name, bells = subscribe(die, TenantSuspended), SilentDoorbells()
    say("a")
    one = Drain(find_subscriber(name), "north", bells)
    monkeypatch.setattr(one.poison, "note_death", lambda *_of, **_options: False)
    ended: list[str] = []
    monkeypatch.setattr(bells, "end", lambda *_of, **_options: ended.append("end"))

    with pytest.raises(SystemExit):
        one.run()

    assert ended == []


@pytest.mark.parametrize("first", [True, False], ids=["at the cursor", "as a retry"])
def test_a_handler_that_the_time_limit_ends_is_dead_after_two_of_them(
    shop: Tenant, subscribe: Subscribe, first: bool
) -> None:
    hung: list[int] = []

    def handle(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if event.tenant_name == "bad" and not first and delivery.attempt == 1:
            raise ValueError("first")
        if event.tenant_name == "bad":
            hung.append(delivery.envelope.position)
            raise SoftTimeLimitExceeded
        write(event.tenant_name, delivery)

    name = subscribe(handle, TenantSuspended, backoff=Backoff(base=0, cap=0, attempts=9))
    bells = SilentDoorbells()
    say("good", "bad", "other")

    assert survive(name, 6, bells) == 0
    assert hung == [2, 2]
    assert parked(name) == [(2, "DEAD")]
    assert written() == ["1-good", "3-other"]
    assert name in bells.rung


def refuse_inside() -> None:
    try:
        with unit_of_work():
            raise NotFound("no such order")
    except Refusal:
        return


def save_twice() -> None:
    try:
        Location.objects.create(code="MAIN", name="again", currency="EUR")
    except IntegrityError:
        return


def divide_by_zero() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1/0")
    except DataError:
        return


@pytest.mark.parametrize("attempt", [1, 2])
@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("way", [refuse_inside, save_twice, divide_by_zero, lambda: transaction.set_rollback(True)])
def test_a03_a_handler_that_swallows_an_error_has_failed_and_the_others_go_on(
    committed: Tenant, subscribe: Subscribe, way: Any, batch: bool, attempt: int
) -> None:
    calls: list[str] = []

    def handle(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        calls.append(event.tenant_name)
        if delivery.attempt < attempt and event.tenant_name == "bad":
            raise ValueError("first")
        write(event.tenant_name, delivery)
        if event.tenant_name == "bad":
            way()

    def handle_many(deliveries: list[Delivery[TenantSuspended]]) -> None:
        for delivery in deliveries:
            handle(delivery.event, delivery)

    backoff = Backoff(base=0, cap=0, attempts=attempt)
    name = subscribe(handle_many if batch else handle, TenantSuspended, backoff=backoff, batch=batch)
    say("good", "bad", "other")

    handled = sum(drain(name) for _ in range(3))

    assert handled == 2
    assert len(calls) <= 9
    assert parked(name) == [(2, "DEAD")]
    assert written() == ["1-good", "3-other"]
    assert sorted(ProcessedEvent.objects.filter(subscriber=name).values_list("position", flat=True)) == [1, 3]
    assert "was caught inside" in ParkedEvent.objects.get(subscriber=name).error


def test_a03_a_savepoint_around_what_may_fail_is_no_failure(shop: Tenant, subscribe: Subscribe) -> None:
    def handle(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        write(event.tenant_name, delivery)
        try:
            with transaction.atomic():
                Location.objects.create(code="MAIN", name="again", currency="EUR")
        except IntegrityError:
            return

    name = subscribe(handle, TenantSuspended)
    say("a")

    assert drain(name) == 1
    assert written() == ["1-a"]


def test_a_drain_has_a_time_limit_and_each_of_its_statements_a_shorter_one(shop: Tenant, subscribe: Subscribe) -> None:
    from celery import Celery

    from events import tasks

    timeouts: list[str] = []

    def look(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            timeouts.append(cursor.fetchone()[0])

    name = subscribe(look, TenantSuspended)
    app = Celery("tests", set_as_current=False)
    tasks.register_drains(app)
    say("a")
    drain(name)

    assert timeouts == ["20s"]
    assert (app.tasks[name].soft_time_limit, app.tasks[name].time_limit) == (30, 45)
