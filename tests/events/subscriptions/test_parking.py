"""What fails: retried, parked with its successors, dead, released; the others go on."""

from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import OperationalError, connection, transaction

from events.delivery.drain import Drain
from events.delivery.store import Store
from events.log.envelope import Envelope
from events.models import OperatorAction, ParkedEvent, ProcessedEvent, Subscription
from events.operations.actions import ReasonMissing
from events.operations.parked import NotParked, discard_parked, retry_parked
from events.subscribing import Backoff, Delivery
from events.subscriptions.doorbells import Doorbells
from events.subscriptions.parking import LONGEST_SUMMARY, State, summary
from events.subscriptions.registry import find_subscriber
from events.testing.work import drain
from kernel.tenancy import in_public_schema
from pos.models import Barcode
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support import make
from tests.support.outages import outage
from tests.support.recording import SOON, Recorder, Subscribe, parked, say, write, written
from tests.support.unchanged import nothing_happened


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


class Tripping(Store):
    """Fails where a drain puts a waiting event aside, before any handler runs."""

    def park(self, subscriber: str, envelope: Envelope, state: State, **options: Any) -> None:
        if state is State.WAITING and not options:
            raise ValueError("no parking")
        super().park(subscriber, envelope, state, **options)


def test_an_event_whose_stream_is_blocked_waits_whatever_fails_in_the_drain(
    recorder: Recorder, subscribe: Subscribe
) -> None:
    recorder.failing = {"bad": 99}
    name = subscribe(recorder.record, TenantSuspended, backoff=SOON)
    say("bad")
    for _ in range(5):
        drain(name)
    say("bad")

    Drain(find_subscriber(name), "north", Doorbells(), store=Tripping()).run()

    assert parked(name) == [(1, "DEAD"), (2, "WAITING")]
    assert "no parking" in ParkedEvent.objects.get(subscriber=name, position=2).error


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

    with nothing_happened(), pytest.raises(ReasonMissing):
        discard_parked(subscriber=name, position=1, operator="user:ada", reason=" ")
    with nothing_happened(), pytest.raises(NotParked):
        discard_parked(subscriber=name, position=1, operator="user:ada", reason="why not")


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
            """INSERT INTO events_event SELECT 'north', 1, gen_random_uuid(), 'tenants.tenant_suspended', 1, 'SYSTEM',
            's', 1, now(), now(), gen_random_uuid(), NULL, '', '', '{}'"""
        )
    say("good")

    drain(name)

    assert written() == ["2-good"]
    assert parked(name) == [(1, "DEAD")]
    assert "missing required field" in ParkedEvent.objects.get(subscriber=name).error


def test_an_infrastructure_error_is_no_attempt(shop: Tenant, subscribe: Subscribe) -> None:
    def lose_connection(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        raise outage()

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


def test_a_backoff_grows_to_its_cap_and_is_never_negative() -> None:
    backoff = Backoff(base=2.0, cap=60.0)

    delays = [[backoff.delay(attempt) for _ in range(200)] for attempt in range(1, 12)]

    for attempt, drawn in enumerate(delays, start=1):
        assert 0 <= min(drawn)
        assert max(drawn) <= min(60.0, 2.0 * 2 ** (attempt - 1))
    assert max(delays[0]) > 1.0


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


def test_a_retry_that_meets_an_infrastructure_error_is_left_for_later(shop: Tenant, subscribe: Subscribe) -> None:
    def fail_then_lose(_event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if delivery.attempt == 1:
            raise ValueError("first")
        raise outage()

    name = subscribe(fail_then_lose, TenantSuspended, backoff=SOON)
    say("a")

    with pytest.raises(OperationalError):
        drain(name)

    assert parked(name) == [(1, "RETRYING")]


def test_h06_a_parked_event_whose_row_is_gone_is_dead_with_the_reason_and_others_go_on(
    committed: Tenant, subscribe: Subscribe
) -> None:
    recorder = Recorder()
    recorder.failing = {"bad": 99}
    name = subscribe(recorder.record, TenantSuspended, backoff=Backoff(base=600))
    say("bad", "fine")
    drain(name)
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_event WHERE tenant_id = 'north' AND position = 1")
    say("new")
    ParkedEvent.objects.filter(subscriber=name).update(next_attempt_at=make.NOW)

    assert drain(name) == 1

    assert parked(name) == [(1, "DEAD")]
    assert "position 1" in ParkedEvent.objects.get(subscriber=name).error
    assert written() == ["2-fine", "3-new"]


def test_h02_one_doorbell_rings_for_the_next_retry_whatever_else_failed(
    committed: Tenant, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        raise ValueError("a dependency is down")

    delays = (60.0 - number for number in range(30))
    monkeypatch.setattr(Backoff, "delay", lambda *_of: next(delays))
    name = subscribe(fail, TenantSuspended)
    say(*(f"t{number}" for number in range(30)))
    broker = redis.Redis.from_url(settings.REDIS_URL)
    bells = Doorbells()
    before = broker.llen("events")

    Drain(find_subscriber(name), "north", bells, budget=60).run()
    first = broker.llen("events") - before
    for _ in range(5):
        Drain(find_subscriber(name), "north", bells, budget=60).run()

    assert Subscription.objects.get(subscriber=name).cursor == 30
    assert (first, broker.llen("events") - before) == (1, 1)
    assert 20_000 < broker.pttl(f"later:north:{name}") <= 31_001

    delayed = broker.llen("events") - before
    assert 1 <= delayed <= 3
    assert 0 < broker.pttl(f"later:north:{name}") <= 60_001


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize("error", [Speechless(), ValueError("x" * 1_000_000), ValueError("nul \0, half \ud800")])
def test_an_error_is_parked_whatever_it_says_or_cannot_say(
    shop: Tenant, subscribe: Subscribe, error: Exception
) -> None:
    def complain(event: TenantSuspended, _delivery: object) -> None:
        if event.tenant_name == "bad":
            raise error

    name = subscribe(complain, TenantSuspended, backoff=Backoff(attempts=1))
    say("bad", "good")

    handled = drain(name)

    assert handled == 1
    assert parked(name) == [(1, "DEAD")]
    assert len(summary(error)) <= LONGEST_SUMMARY
