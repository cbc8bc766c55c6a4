"""The drain: exactly once, in order, whatever fails."""

import threading
import time

import pytest

from events.delivery.drain import Drain
from events.models import OperatorAction, ProcessedEvent, Subscription
from events.operations.pausing import pause_subscription, resume_subscription
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import Delivery
from events.subscriptions.registry import find_subscriber
from events.testing.doorbells import SilentDoorbells
from events.testing.work import drain, names
from kernel.ids import new_id
from kernel.refusals import NotFound
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.support.racing import in_thread
from tests.support.recording import Recorder, Subscribe, say, write, written
from tests.support.unchanged import nothing_happened


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


def test_what_a_handler_publishes_is_caused_by_its_event(shop: Tenant, subscribe: Subscribe) -> None:
    def answer(event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        publish(TenantReactivated(tenant_uuid=event.tenant_uuid, tenant_name=event.tenant_name))

    name = subscribe(answer, TenantSuspended)
    say("a")

    drain(name)

    from events.testing.work import published

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
    with nothing_happened(), pytest.raises(NotFound):
        pause_subscription(subscriber="tests.nobody", operator="user:ada", reason="a test")


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
    while drain(name):
        pass

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


def test_only_declared_events_are_heard(shop: Tenant, recorder: Recorder, subscribe: Subscribe) -> None:
    name = subscribe(recorder.record, TenantSuspended)
    with unit_of_work():
        publish(TenantReactivated(tenant_uuid=new_id(), tenant_name="a"))
        publish(TenantSuspended(tenant_uuid=new_id(), tenant_name="b"))

    drain(name)

    assert recorder.calls == ["b"]
    assert names() == ["tenants.tenant_reactivated", "tenants.tenant_suspended"]


def test_the_budget_is_about_time_and_longer_in_the_backlog(shop: Tenant, subscribe: Subscribe) -> None:
    def dawdle(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        ticks.append(ticks[-1] + 0.15)

    ticks = [time.monotonic()]
    name = subscribe(dawdle, TenantSuspended, batch_size=1)
    say(*"abcdefghij")
    bells = SilentDoorbells()

    def drained() -> int:
        return Drain(find_subscriber(name), "north", bells, clock=lambda: ticks[-1]).run()

    assert drained() == 2
    assert bells.behind == {name}
    assert drained() == 7
    assert drained() == 1
    assert bells.behind == set()


def test_names_of_events_and_subscribers_are_given_once(recorder: Recorder, subscribe: Subscribe) -> None:
    from events.event import Category, event
    from events.subscribing import subscriber

    name = subscribe(recorder.record, TenantSuspended)

    with pytest.raises(TypeError, match="two subscribers"):
        subscriber(name, TenantSuspended)(recorder.record)
    with pytest.raises(TypeError, match="two events"):
        event("tenants.tenant_suspended", category=Category.SYSTEM, stream="x")(type("Twin", (), {}))
