"""Progress: every run commits something, in the time of its slot, whatever fails in it and wherever it stops."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from events.delivery.drain import Drain
from events.delivery.failures import Failures, Outcome
from events.delivery.pace import Pace
from events.delivery.store import Store
from events.models import Subscription
from events.subscribing import Backoff, Delivery
from events.subscriptions.bindings import unbind
from events.subscriptions.cursors import LockedSubscription
from events.subscriptions.registry import find_subscriber
from events.testing.doorbells import SilentDoorbells
from events.testing.work import drain
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support.recording import Recorder, Subscribe, parked, say, write, written

ONCE = Backoff(attempts=1)
SUSPENDED = "tenants.tenant_suspended"


class Ticking:
    """A clock that moves only when somebody works."""

    def __init__(self) -> None:
        self.now = time.monotonic()

    def __call__(self) -> float:
        return self.now


def drain_by(clock: Ticking, name: str, bells: SilentDoorbells, **options: Any) -> int:
    return Drain(find_subscriber(name), "north", bells, clock=clock, **options).run()


def test_a02_a_batch_that_takes_longer_than_its_slot_and_ends_with_a_failure_is_applied(
    shop: Tenant, subscribe: Subscribe
) -> None:
    clock, calls = Ticking(), list[str]()

    def dawdle(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        calls.append(event.tenant_name)
        clock.now += 0.012
        if event.tenant_name == "t99":
            raise ValueError("bad")
        write(event.tenant_name, delivery)

    name, bells = subscribe(dawdle, TenantSuspended, backoff=ONCE), SilentDoorbells()
    say(*(f"t{number}" for number in range(100)))
    for _ in range(12):
        drain_by(clock, name, bells)

    assert len(written()) == 99
    assert parked(name) == [(100, "DEAD")]
    assert len(calls) <= 2 * 100


def test_a02_a_run_whose_whole_time_went_into_a_failure_still_commits_what_precedes_it(
    shop: Tenant, subscribe: Subscribe
) -> None:
    clock = Ticking()

    def dawdle(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        clock.now += 1.0
        if event.tenant_name == "bad":
            raise ValueError("bad")
        write(event.tenant_name, delivery)

    name, bells = subscribe(dawdle, TenantSuspended, backoff=ONCE), SilentDoorbells()
    say("a", "bad", "b")

    cursors = []
    for _ in range(3):
        drain_by(clock, name, bells)
        cursors.append(Subscription.objects.get(subscriber=name).cursor)

    assert cursors == [1, 2, 3]
    assert written() == ["1-a", "3-b"]
    assert parked(name) == [(2, "DEAD")]


@pytest.mark.parametrize("bad", [1, 2, 37, 63, 64])
def test_a_batch_handlers_list_is_halved_until_the_failing_event_is_alone(
    shop: Tenant, subscribe: Subscribe, bad: int
) -> None:
    calls: list[int] = []

    def collect(deliveries: Sequence[Delivery[TenantSuspended]]) -> None:
        calls.append(len(deliveries))
        for delivery in deliveries:
            write(delivery.event.tenant_name, delivery)
        if any(delivery.envelope.position == bad for delivery in deliveries):
            raise ValueError("bad")

    name = subscribe(collect, TenantSuspended, batch=True, batch_size=64, backoff=ONCE)
    say(*(f"t{number}" for number in range(1, 65)))
    pace = Pace(seconds=1e-6, largest=64)
    Drain(find_subscriber(name), "north", SilentDoorbells(), pace=pace, budget=60).run()

    assert calls[0] == 64
    assert len(calls) <= 1 + 8
    assert parked(name) == [(bad, "DEAD")]
    assert len(written()) == 63


def test_isolation_survives_the_run_that_saw_the_failure(shop: Tenant, subscribe: Subscribe) -> None:
    recorder = Recorder()
    recorder.failing = {"bad": 99}
    name = subscribe(recorder.record, TenantSuspended, backoff=ONCE)
    say("a", "b", "c", "bad", "d")

    def die_after_the_failure() -> None:
        drain = Drain(find_subscriber(name), "north", SilentDoorbells(), pace=Pace(seconds=1e-6, largest=9))
        isolate = drain.failures.isolate

        def isolate_and_die(isolation: Any) -> Any:
            isolate(isolation)
            raise KeyboardInterrupt

        drain.failures.isolate = isolate_and_die  # type: ignore[method-assign]
        drain.run()

    with pytest.raises(KeyboardInterrupt):
        die_after_the_failure()
    before, recorder.calls[:] = list(recorder.calls), []
    Drain(find_subscriber(name), "north", SilentDoorbells(), pace=Pace(seconds=1e-6, largest=9)).run()

    assert before == ["a", "b", "c", "bad"]
    assert recorder.calls == ["a", "b", "c", "bad", "d"]
    assert parked(name) == [(4, "DEAD")]


@pytest.mark.parametrize(("seconds", "most"), [(0.06, 4), (0.15, 4), (1.0, 4)])
def test_c12_a_drain_keeps_the_time_of_its_slot_from_the_first_batch_on(
    shop: Tenant, subscribe: Subscribe, seconds: float, most: int
) -> None:
    clock = Ticking()

    def dawdle(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        clock.now += seconds

    name, bells = subscribe(dawdle, TenantSuspended), SilentDoorbells()
    say(*(f"t{number}" for number in range(60)))
    bells.behind.clear()

    handled, began = drain_by(clock, name, bells), clock.now
    bells.behind.add(name)
    drain_by(clock, name, bells)

    assert 1 <= handled <= most
    assert clock.now - began <= 1.0 + seconds
    while drain_by(clock, name, bells):
        pass
    assert Subscription.objects.get(subscriber=name).cursor == 60


def test_c12_quick_events_share_transactions_as_soon_as_that_is_known(shop: Tenant, subscribe: Subscribe) -> None:
    batches: list[int] = []

    def collect(deliveries: Sequence[Delivery[TenantSuspended]]) -> None:
        batches.append(len(deliveries))

    name = subscribe(collect, TenantSuspended, batch=True, batch_size=100)
    say(*(f"t{number}" for number in range(400)))
    Drain(find_subscriber(name), "north", SilentDoorbells(), budget=60).run()

    assert batches[:3] == [4, 16, 64]
    assert sum(batches) == 400
    assert max(batches[3:]) == 100


def test_a_pace_rises_with_the_slowest_batch_and_falls_by_halves() -> None:
    pace = Pace()

    assert pace.size(1.0, 100) == 4
    pace.note(4, 0.042)
    assert pace.size(1.0, 100) == 16
    pace.note(16, 1.602)
    assert pace.size(1.0, 100) == 10
    pace.note(10, 0.0)
    assert pace.size(1.0, 100) == 20
    assert pace.size(0.0, 100) == 1
    pace.note(0, 5.0)
    assert pace.size(1.0, 100) == 20


def test_the_end_of_a_run_is_not_spent_on_small_batches() -> None:
    pace = Pace(seconds=0.0001, largest=1000)

    assert pace.size(0.0001, 1000) == 200
    pace.note(1, 0.002)
    assert pace.size(0.2, 1000) == 1000, "what a transaction costs is not taken for the event's own time"


def test_a_failure_at_commit_is_found_by_halving(committed: Tenant, subscribe: Subscribe) -> None:
    calls: list[str] = []

    def label_nothing(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        calls.append(event.tenant_name)
        if event.tenant_name == "t20":
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO pos_barcode (code, variant_id) VALUES ('4006381333931', gen_random_uuid())")

    name = subscribe(label_nothing, TenantSuspended, backoff=ONCE)
    say(*(f"t{number}" for number in range(1, 33)))
    Drain(find_subscriber(name), "north", SilentDoorbells(), pace=Pace(seconds=1e-6, largest=32), budget=60).run()

    assert parked(name) == [(20, "DEAD")]
    assert len(calls) <= 4 * 32
    assert drain(name) == 0


def test_new_events_and_retries_take_turns(shop: Tenant, subscribe: Subscribe) -> None:
    recorder = Recorder()
    recorder.failing = {f"bad{number}": 99 for number in range(6)}
    name = subscribe(recorder.record, TenantSuspended, batch_size=1, backoff=Backoff(base=0.0, attempts=50))
    say(*recorder.failing)
    drain(name, budget=0.0)
    while len(parked(name)) < 6:
        drain(name, budget=0.0)
    say("good")
    recorder.calls.clear()

    drain(name, budget=0.0)

    assert recorder.calls[-1] == "good"
    assert len(recorder.calls) == 2, "one retry, then what is new, though the time was over"


class DueAfterFirstLook(Store):
    """Says once that what is parked is not due yet."""

    looked = False

    def lock(self, tenant_id: str, subscriber: str) -> LockedSubscription | None:
        held = super().lock(tenant_id, subscriber)
        first, self.looked = not self.looked, True
        return replace(held, due_in=60.0) if held and first else held


def test_what_precedes_a_failure_is_committed_before_an_event_is_tried_again_that_ends_the_process(
    shop: Tenant, subscribe: Subscribe
) -> None:
    def work(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if event.tenant_name == "deadly" and delivery.attempt > 1:
            raise SystemExit
        if event.tenant_name != "good":
            raise ValueError("bad")
        write(event.tenant_name, delivery)

    name = subscribe(work, TenantSuspended, backoff=Backoff(attempts=50))
    say("deadly")
    drain(name)
    say("good", "bad")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE events_parkedevent SET next_attempt_at = clock_timestamp()")

    with pytest.raises(SystemExit):
        drain(name, store=DueAfterFirstLook())

    assert written() == ["2-good"]


def test_an_event_whose_type_is_unbound_between_its_failure_and_its_record_is_not_parked(
    shop: Tenant, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if event.tenant_name == "bad":
            raise ValueError("bad")
        write(event.tenant_name, delivery)

    def unbind_and_park(failures: Failures, event: Any, error: BaseException) -> Outcome:
        unbind("north", name, [SUSPENDED])
        return park(failures, event, error)

    name, park = subscribe(work, TenantSuspended), Failures.park
    say("good")
    drain(name)
    say("bad", "late")
    monkeypatch.setattr(Failures, "park", unbind_and_park)

    drain(name)

    assert written() == ["1-good"]
    assert parked(name) == []
