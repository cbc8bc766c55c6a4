"""What fails: retried, parked with its successors, dead, released; the others go on."""

import contextlib
import os

import pytest
from django.db import OperationalError, connection, transaction

from events.delivery import Delivery
from events.drain import Drain
from events.models import OperatorAction, ParkedEvent, ProcessedEvent, Subscription
from events.services import (
    NotParked,
    ReasonMissing,
    discard_parked,
    retry_parked,
)
from events.subscriptions import Backoff, find_subscriber
from pos.models import Barcode
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests import make
from tests.events.recording import SOON, Recorder, Subscribe, parked, say, write, written
from tests.work import SilentDoorbells, drain


def test_only_the_failing_event_is_parked_and_its_effects_are_gone(recorder: Recorder, subscribe: Subscribe) -> None:
    recorder.failing = {"bad": 99}
    name = subscribe(recorder.record, TenantSuspended, backoff=Backoff(base=600, attempts=3))
    say("a", "bad", "b")

    drain(name)

    assert written() == ["1-a", "3-b"]
    [(position, state)] = parked(name)
    assert position == 2
    assert state == "RETRYING"
    failed = ParkedEvent.objects.get(subscriber=name)
    assert "ValueError: no bad today" in failed.error
    assert failed.attempts == 1


def test_a_handler_that_fails_twice_then_works_is_applied_once(recorder: Recorder, subscribe: Subscribe) -> None:
    recorder.failing = {"bad": 2}
    name = subscribe(recorder.record, TenantSuspended, backoff=SOON)
    say("bad")

    for _ in range(3):
        drain(name)

    assert written() == ["1-bad"]
    assert parked(name) == []
    assert ProcessedEvent.objects.filter(subscriber=name).count() == 1


def test_a_stream_waits_behind_its_failed_event_and_others_go_on(recorder: Recorder, subscribe: Subscribe) -> None:
    recorder.failing = {"bad": 99}
    name = subscribe(recorder.record, TenantSuspended, backoff=SOON, batch_size=1)
    say("bad")
    for _ in range(5):
        drain(name)
    say("bad", "good", "bad")

    drain(name)

    assert written() == ["3-good"]
    assert parked(name) == [(1, "DEAD"), (2, "WAITING"), (4, "WAITING")]


def test_a_retried_event_releases_its_successors_in_order(recorder: Recorder, subscribe: Subscribe) -> None:
    recorder.failing = {"bad": 99}
    name = subscribe(recorder.record, TenantSuspended, backoff=SOON)
    say("bad")
    for _ in range(5):
        drain(name)
    say("bad", "good", "bad")
    drain(name)
    recorder.failing = {}
    recorder.calls.clear()

    count = retry_parked(subscriber=name, operator="user:ada")
    drain(name)

    assert count == 1
    assert recorder.calls == ["bad", "bad", "bad"]
    assert parked(name) == []
    processed = ProcessedEvent.objects.filter(subscriber=name).values_list("position", flat=True)
    assert sorted(processed) == [1, 2, 3, 4]
    action = OperatorAction.objects.get(subscriber=name)
    assert (action.action, action.operator, action.position) == ("retry", "user:ada", 1)


def test_what_a_failed_batch_had_parked_is_parked_again(recorder: Recorder, subscribe: Subscribe) -> None:
    recorder.failing = {"bad": 99, "worse": 99}
    name = subscribe(recorder.record, TenantSuspended, backoff=Backoff(base=600))
    say("bad")
    drain(name)
    say("bad", "bad", "worse")

    drain(name)

    assert parked(name) == [(1, "RETRYING"), (2, "WAITING"), (3, "WAITING"), (4, "RETRYING")]


def test_an_event_behind_a_failed_one_is_not_taken_for_the_killer(recorder: Recorder, subscribe: Subscribe) -> None:
    recorder.failing = {"bad": 99}
    name = subscribe(recorder.record, TenantSuspended, backoff=Backoff(base=600))
    say("bad")
    drain(name)
    say("bad")
    Subscription.objects.filter(subscriber=name).update(started_position=2, starts=2)
    bells = SilentDoorbells()
    bells.unended = True

    Drain(find_subscriber(name), "north", bells).run()

    assert parked(name) == [(1, "RETRYING"), (2, "WAITING")]


def test_a_discarded_event_lets_its_successors_go_on(recorder: Recorder, subscribe: Subscribe) -> None:
    recorder.failing = {"bad": 99}
    name = subscribe(recorder.record, TenantSuspended, backoff=SOON)
    say("bad")
    for _ in range(5):
        drain(name)
    say("bad")
    drain(name)
    recorder.failing = {}

    discard_parked(subscriber=name, position=1, operator="user:ada", reason="a test")
    drain(name)

    assert written() == ["2-bad"]
    assert parked(name) == [(1, "DISCARDED")]
    assert OperatorAction.objects.get(subscriber=name).reason == "a test"


def test_discarding_needs_a_reason_and_a_dead_event(recorder: Recorder, subscribe: Subscribe) -> None:
    name = subscribe(recorder.record, TenantSuspended)

    with pytest.raises(ReasonMissing):
        discard_parked(subscriber=name, position=1, operator="user:ada", reason=" ")
    with pytest.raises(NotParked):
        discard_parked(subscriber=name, position=1, operator="user:ada", reason="why not")

    assert OperatorAction.objects.count() == 0


def test_an_error_that_never_heals_is_dead_at_once(recorder: Recorder, subscribe: Subscribe) -> None:
    recorder.failing = {"bad": 99}
    name = subscribe(recorder.record, TenantSuspended, permanent=(ValueError,))
    say("bad")

    drain(name)

    assert parked(name) == [(1, "DEAD")]


def test_an_error_that_cannot_be_stored_as_it_is_stops_nobody(recorder: Recorder, subscribe: Subscribe) -> None:
    recorder.failing = {"bad": 99}
    recorder.complaint = "nul \0 and half a pair \ud800"
    name = subscribe(recorder.record, TenantSuspended, backoff=SOON)
    say("bad", "good")
    for _ in range(4):
        drain(name)

    assert parked(name) == [(1, "DEAD")]
    assert written() == ["2-good"]
    assert "ValueError: nul \ufffd and half a pair ?" in ParkedEvent.objects.get(subscriber=name).error


def test_an_unordered_subscriber_lets_successors_pass(recorder: Recorder, subscribe: Subscribe) -> None:
    recorder.failing = {"bad": 1}
    name = subscribe(recorder.record, TenantSuspended, unordered=True, backoff=Backoff(base=600))
    say("bad")
    drain(name)
    recorder.failing = {}
    say("bad")

    drain(name)

    assert written() == ["2-bad"]


def test_an_event_that_cannot_be_read_is_dead_and_others_go_on(recorder: Recorder, subscribe: Subscribe) -> None:
    name = subscribe(recorder.record, TenantSuspended)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO events_event SELECT 'north', 1, gen_random_uuid(), 'tenants.tenant_suspended', 9, 'SYSTEM',
            's', 1, now(), now(), gen_random_uuid(), NULL, '', '', '{}'"""
        )
    say("good")

    drain(name)

    assert written() == ["2-good"]
    assert parked(name) == [(1, "DEAD")]
    assert "version 9" in ParkedEvent.objects.get(subscriber=name).error


def test_an_infrastructure_error_is_no_attempt(shop: Tenant, subscribe: Subscribe) -> None:
    def lose_connection(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        raise OperationalError("server closed the connection")

    name = subscribe(lose_connection, TenantSuspended)
    say("a")

    with pytest.raises(OperationalError), transaction.atomic():
        drain(name)

    assert parked(name) == []
    assert Subscription.objects.get(subscriber=name).cursor == 0


def test_a_statement_that_times_out_is_the_events_own_failure(shop: Tenant, subscribe: Subscribe) -> None:
    def take_too_long(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '20ms'; SELECT pg_sleep(5)")

    name = subscribe(take_too_long, TenantSuspended, backoff=Backoff(base=600))
    say("a")

    drain(name)

    assert parked(name) == [(1, "RETRYING")]


def test_an_event_that_kills_its_worker_goes_dead_and_others_go_on(committed: Tenant, subscribe: Subscribe) -> None:
    def die(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if event.tenant_name == "poison":
            os._exit(137)
        write(event.tenant_name, delivery)

    name = subscribe(die, TenantSuspended)
    say("good", "poison", "better")

    for _ in range(5):
        connection.close()
        child = os.fork()
        if not child:
            bells = SilentDoorbells()
            bells.unended = True
            Drain(find_subscriber(name), "north", bells).run()
            os._exit(0)
        os.waitpid(child, 0)
        let_a_second_pass(name)

    assert written() == ["1-good", "3-better"]
    assert parked(name) == [(2, "DEAD")]


def let_a_second_pass(name: str) -> None:
    """Let a counted start be older than the moment in which another drain may be about to handle the event."""
    Subscription.objects.filter(subscriber=name).update(started_at=None)
    ParkedEvent.objects.filter(subscriber=name).update(started_at=None)


def test_drains_that_meet_do_not_count_for_one_another(shop: Tenant, subscribe: Subscribe) -> None:
    def exit_on_poison(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if event.tenant_name == "poison":
            raise SystemExit
        write(event.tenant_name, delivery)

    name = subscribe(exit_on_poison, TenantSuspended)
    say("poison")
    bells = SilentDoorbells()
    for _ in range(5):
        bells.unended = True
        with contextlib.suppress(SystemExit):
            Drain(find_subscriber(name), "north", bells).run()

    assert Subscription.objects.get(subscriber=name).starts == 1
    assert bells.rung == [name] * 4
    assert parked(name) == []


def test_a_start_that_an_outage_ended_is_taken_back(shop: Tenant, subscribe: Subscribe) -> None:
    outage = True

    def note(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if outage:
            raise OperationalError
        write(event.tenant_name, delivery)

    name = subscribe(note, TenantSuspended)
    say("good")
    bells = SilentDoorbells()
    for _ in range(5):
        bells.unended = True
        with pytest.raises(OperationalError):
            Drain(find_subscriber(name), "north", bells).run()
        assert Subscription.objects.get(subscriber=name).started_position == 1
        assert Subscription.objects.get(subscriber=name).starts == 0
        let_a_second_pass(name)
    outage = False
    drain(name)

    assert written() == ["1-good"]
    assert parked(name) == []


def test_a_retrys_start_that_an_outage_ended_is_taken_back(shop: Tenant, subscribe: Subscribe) -> None:
    errors = iter([ValueError, *[OperationalError] * 5])

    def note(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if error := next(errors, None):
            raise error
        write(event.tenant_name, delivery)

    name = subscribe(note, TenantSuspended, backoff=Backoff(base=600))
    say("good")
    drain(name)
    ParkedEvent.objects.filter(subscriber=name).update(next_attempt_at=make.NOW)
    bells = SilentDoorbells()
    for _ in range(5):
        bells.unended = True
        with pytest.raises(OperationalError):
            Drain(find_subscriber(name), "north", bells).run()
        row = ParkedEvent.objects.get(subscriber=name)
        assert (row.state, row.attempts, row.starts) == ("RETRYING", 1, 0)
        assert row.started_at is not None
        let_a_second_pass(name)
    drain(name)

    assert written() == ["1-good"]
    assert parked(name) == []


def test_a_backoff_grows_to_its_cap_and_is_never_negative() -> None:
    backoff = Backoff(base=2.0, cap=60.0)

    delays = [[backoff.delay(attempt) for _ in range(200)] for attempt in range(1, 12)]

    for attempt, drawn in enumerate(delays, start=1):
        assert 0 <= min(drawn)
        assert max(drawn) <= min(60.0, 2.0 * 2 ** (attempt - 1))
    assert max(delays[0]) > 1.0


def test_a_start_is_counted_before_the_handler_of_a_suspected_event(shop: Tenant, subscribe: Subscribe) -> None:
    def exit_on_poison(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if event.tenant_name == "poison":
            raise SystemExit
        write(event.tenant_name, delivery)

    name = subscribe(exit_on_poison, TenantSuspended)
    say("poison", "good")

    def drain_after_a_crash() -> None:
        bells = SilentDoorbells()
        bells.unended = True
        Drain(find_subscriber(name), "north", bells).run()

    for _ in range(2):
        with pytest.raises(SystemExit):
            drain_after_a_crash()
        let_a_second_pass(name)
    drain_after_a_crash()

    assert parked(name) == [(1, "DEAD")]
    assert "KilledItsWorker" in ParkedEvent.objects.get(subscriber=name).error
    assert written() == ["2-good"]


def test_what_fails_at_commit_is_the_events_own_failure(committed: Tenant, subscribe: Subscribe) -> None:
    def label_nothing(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        write(event.tenant_name, delivery)
        if event.tenant_name == "bad":
            Barcode.objects.create(code="4006381333931", variant_id=event.tenant_uuid)

    name = subscribe(label_nothing, TenantSuspended, backoff=Backoff(base=600))
    say("a", "bad", "b")

    drain(name)

    assert written() == ["1-a", "3-b"]
    assert parked(name) == [(2, "RETRYING")]
    assert "violates foreign key" in ParkedEvent.objects.get(subscriber=name).error


def test_a_retry_that_kills_its_worker_every_time_goes_dead(shop: Tenant, subscribe: Subscribe) -> None:
    def fail_then_exit(_event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if delivery.attempt == 1:
            raise ValueError("first")
        raise SystemExit

    name = subscribe(fail_then_exit, TenantSuspended, backoff=SOON)
    say("a")
    bells = SilentDoorbells()
    bells.unended = True

    for _ in range(2):
        with pytest.raises(SystemExit):
            Drain(find_subscriber(name), "north", bells).run()
        let_a_second_pass(name)
        bells.unended = True
    Drain(find_subscriber(name), "north", bells).run()

    assert parked(name) == [(1, "DEAD")]
    assert "KilledItsWorker" in ParkedEvent.objects.get(subscriber=name).error


def test_a_retry_that_meets_an_infrastructure_error_is_left_for_later(shop: Tenant, subscribe: Subscribe) -> None:
    def fail_then_lose(_event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if delivery.attempt == 1:
            raise ValueError("first")
        raise OperationalError("server closed the connection")

    name = subscribe(fail_then_lose, TenantSuspended, backoff=SOON)
    say("a")

    with pytest.raises(OperationalError):
        drain(name)

    assert parked(name) == [(1, "RETRYING")]
