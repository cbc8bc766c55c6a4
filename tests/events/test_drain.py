"""The drain: exactly once, in order, whatever fails."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from events.delivery import Delivery
from events.drain import Drain
from events.models import OperatorAction, ParkedEvent, ProcessedEvent, Subscription
from events.publishing import publish
from events.services import (
    NotDiscardable,
    ReasonMissing,
    discard_parked,
    pause_subscription,
    resume_subscription,
    retry_parked,
)
from events.subscriptions import Backoff, find_subscriber
from events.unit_of_work import unit_of_work
from kernel.ids import new_id
from kernel.refusals import NotFound
from pos.models import Location
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.events.test_log import in_thread
from tests.work import SilentDoorbells, drain, names

Subscribe = Callable[..., str]
SOON = Backoff(base=0.0, cap=0.0, attempts=3)


def say(*tenant_names: str) -> None:
    with unit_of_work():
        for name in tenant_names:
            publish(TenantSuspended(tenant_uuid=new_id(), tenant_name=name))


class Recorder:
    """A handler that writes a row for what it hears, and fails where it is told to."""

    def __init__(self) -> None:
        self.failing: dict[str, int] = {}
        self.calls: list[str] = []

    def record(self, event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        self.calls.append(event.tenant_name)
        write(event.tenant_name, delivery)
        if self.failing.get(event.tenant_name, 0) >= delivery.attempt:
            message = f"no {event.tenant_name} today"
            raise ValueError(message)


def write(name: str, delivery: Delivery[Any]) -> None:
    code = f"{delivery.envelope.position}-{name}"
    Location.objects.create(code=code, name=name, currency="EUR")


def written() -> list[str]:
    rows = Location.objects.exclude(code="MAIN").values_list("code", flat=True)
    return sorted(rows, key=lambda code: int(code.split("-")[0]))


def parked(name: str) -> list[tuple[int, str]]:
    return list(ParkedEvent.objects.filter(subscriber=name).order_by("position").values_list("position", "state"))


@pytest.fixture
def recorder(shop: Tenant) -> Recorder:
    return Recorder()


def test_events_are_applied_once_and_in_order(recorder: Recorder, subscribe: Subscribe) -> None:
    name = subscribe(recorder.record, TenantSuspended)
    say("a", "b", "a")

    assert drain(name) == 3
    assert drain(name) == 0

    assert written() == ["1-a", "2-b", "3-a"]
    assert recorder.calls == ["a", "b", "a"]
    assert Subscription.objects.get(subscriber=name).cursor == 3
    assert list(ProcessedEvent.objects.filter(subscriber=name).values_list("position", flat=True)) == [1, 2, 3]


def test_the_cursor_steps_over_events_of_no_interest(recorder: Recorder, subscribe: Subscribe) -> None:
    name = subscribe(recorder.record, TenantReactivated)
    say("a", "b")

    assert drain(name) == 0

    assert Subscription.objects.get(subscriber=name).cursor == 2
    assert ProcessedEvent.objects.filter(subscriber=name).count() == 0


def test_a_batch_subscriber_gets_the_list_in_one_transaction(shop: Tenant, subscribe: Subscribe) -> None:
    batches: list[list[int]] = []

    def collect(deliveries: list[Delivery[TenantSuspended]]) -> None:
        batches.append([delivery.envelope.position for delivery in deliveries])

    name = subscribe(collect, TenantSuspended, batch=True, batch_size=2)
    say("a", "b", "c")

    assert drain(name) == 3
    assert batches == [[1, 2], [3]]


def test_an_event_that_is_processed_already_is_not_handled_again(recorder: Recorder, subscribe: Subscribe) -> None:
    name = subscribe(recorder.record, TenantSuspended)
    say("a", "b")
    drain(name)
    Subscription.objects.filter(subscriber=name).update(cursor=0)

    assert drain(name) == 0

    assert recorder.calls == ["a", "b"]


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
    with pytest.raises(NotDiscardable):
        discard_parked(subscriber=name, position=1, operator="user:ada", reason="why not")

    assert OperatorAction.objects.count() == 0


def test_an_error_that_never_heals_is_dead_at_once(recorder: Recorder, subscribe: Subscribe) -> None:
    recorder.failing = {"bad": 99}
    name = subscribe(recorder.record, TenantSuspended, permanent=(ValueError,))
    say("bad")

    drain(name)

    assert parked(name) == [(1, "DEAD")]


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


def test_what_a_handler_publishes_is_caused_by_its_event(shop: Tenant, subscribe: Subscribe) -> None:
    def answer(event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        publish(TenantReactivated(tenant_uuid=event.tenant_uuid, tenant_name=event.tenant_name))

    name = subscribe(answer, TenantSuspended)
    say("a")

    drain(name)

    from tests.work import published

    cause, effect = published()
    assert effect.causation_id == cause.event_id
    assert effect.correlation_id == cause.correlation_id


def test_a_paused_subscription_stands_still_until_it_is_resumed(recorder: Recorder, subscribe: Subscribe) -> None:
    name = subscribe(recorder.record, TenantSuspended)
    pause_subscription(subscriber=name, operator="user:ada", reason="stocktaking")
    say("a")

    assert drain(name) == 0
    resume_subscription(subscriber=name, operator="user:ada")
    assert drain(name) == 1

    assert [action.action for action in OperatorAction.objects.order_by("id")] == ["pause", "resume"]


def test_pausing_what_does_not_exist_is_refused(shop: Tenant) -> None:
    with pytest.raises(NotFound):
        pause_subscription(subscriber="tests.nobody", operator="user:ada")


def test_a_spent_budget_rings_again_and_stops(recorder: Recorder, subscribe: Subscribe) -> None:
    name = subscribe(recorder.record, TenantSuspended, batch_size=1)
    say("a", "b", "c")
    bells = SilentDoorbells()

    handled = Drain(find_subscriber(name), "north", bells, budget=0.0).run()

    assert handled == 1
    assert bells.rung == [name]


def test_two_drains_at_once_apply_everything_once(committed: Tenant, subscribe: Subscribe) -> None:
    recorder = Recorder()
    name = subscribe(recorder.record, TenantSuspended, batch_size=3)
    say(*(f"t{number}" for number in range(60)))

    for thread in [in_thread(committed, lambda: drain(name)) for _ in range(4)]:
        thread.join()
    drain(name)

    assert len(written()) == 60
    assert sorted(recorder.calls) == sorted(set(recorder.calls))
    assert ProcessedEvent.objects.filter(subscriber=name).count() == 60


def test_a_doorbell_that_comes_while_the_lock_is_held_is_not_lost(committed: Tenant, subscribe: Subscribe) -> None:
    entered, leave = threading.Event(), threading.Event()

    def handle_slowly(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        write(event.tenant_name, delivery)
        if event.tenant_name == "first":
            entered.set()
            leave.wait(10)

    name = subscribe(handle_slowly, TenantSuspended)
    say("first")
    holder = in_thread(committed, lambda: drain(name))
    entered.wait(10)
    say("second")
    assert drain(name) == 0
    leave.set()
    holder.join()

    assert written() == ["1-first", "2-second"]


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

    assert written() == ["1-good", "3-better"]
    assert parked(name) == [(2, "DEAD")]


def test_a_backoff_grows_to_its_cap_and_is_never_negative() -> None:
    backoff = Backoff(base=2.0, cap=60.0)

    delays = [[backoff.delay(attempt) for _ in range(200)] for attempt in range(1, 12)]

    for attempt, drawn in enumerate(delays, start=1):
        assert 0 <= min(drawn)
        assert max(drawn) <= min(60.0, 2.0 * 2 ** (attempt - 1))
    assert max(delays[0]) > 1.0


def test_only_declared_events_are_heard(shop: Tenant, recorder: Recorder, subscribe: Subscribe) -> None:
    name = subscribe(recorder.record, TenantSuspended)
    with unit_of_work():
        publish(TenantReactivated(tenant_uuid=new_id(), tenant_name="a"))
        publish(TenantSuspended(tenant_uuid=new_id(), tenant_name="b"))

    drain(name)

    assert recorder.calls == ["b"]
    assert names() == ["tenants.tenant_reactivated", "tenants.tenant_suspended"]


def test_the_budget_is_about_time(shop: Tenant, subscribe: Subscribe) -> None:
    def dawdle(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        ticks.append(ticks[-1] + 0.4)

    ticks = [time.monotonic()]
    name = subscribe(dawdle, TenantSuspended, batch_size=1)
    say(*"abcdef")

    assert drain(name, clock=lambda: ticks[-1]) == 3


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
    drain_after_a_crash()

    assert parked(name) == [(1, "DEAD")]
    assert "KilledItsWorker" in ParkedEvent.objects.get(subscriber=name).error
    assert written() == ["2-good"]


def test_a_retry_that_kills_its_worker_every_time_goes_dead(shop: Tenant, subscribe: Subscribe) -> None:
    def fail_then_exit(_event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if delivery.attempt == 1:
            raise ValueError("first")
        raise SystemExit

    name = subscribe(fail_then_exit, TenantSuspended, backoff=SOON)
    say("a")

    for _ in range(2):
        with pytest.raises(SystemExit):
            drain(name)
        ParkedEvent.objects.update(next_attempt_at="2020-01-01T00:00Z")
    drain(name)

    assert parked(name) == [(1, "DEAD")]
    assert "killed its worker" in ParkedEvent.objects.get(subscriber=name).error


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


def test_names_of_events_and_subscribers_are_given_once(recorder: Recorder, subscribe: Subscribe) -> None:
    from events.event import Category, event
    from events.subscriptions import subscriber

    name = subscribe(recorder.record, TenantSuspended)

    with pytest.raises(TypeError, match="two subscribers"):
        subscriber(name, TenantSuspended)(recorder.record)
    with pytest.raises(TypeError, match="two events"):
        event("tenants.tenant_suspended", category=Category.SYSTEM, stream="x")(type("Twin", (), {}))
