"""One owner at a time: drains, bridges and operators keep one another away from what a subscription has pending."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from events.log.log import read_at
from events.models import OperatorAction, ParkedEvent, ProcessedEvent, Subscription
from events.operations.copies import CopyInvalid
from events.operations.parked import discard_parked, publish_edited_copy, retry_parked
from events.operations.pausing import pause_subscription, resume_subscription
from events.operations.rebuilding import rebuild
from events.operations.repairing import repair
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import Backoff, Delivery
from events.subscriptions import cursors, holding, leases, parking
from events.subscriptions.holding import SubscriptionBusy, hold
from events.subscriptions.parking import State
from events.subscriptions.registry import forget_subscriber
from events.testing.work import drain
from kernel.ids import new_id
from kernel.tenancy import in_public_schema
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support.bridging import A, B, FakeBridge, bridged, key
from tests.support.hooking import fail
from tests.support.racing import Aside, Gate
from tests.support.recording import Recorder, Subscribe, parked, say, write, written
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened

ONCE = Backoff(attempts=1)
LEVELS = "pos.note_shelf_levels"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operators who do not wait long."""
    monkeypatch.setattr(holding, "WAIT_SECONDS", 0.2)


@contextmanager
def held_by_a_drain(tenant: Tenant, name: str) -> Iterator[None]:
    """Let another connection have the subscription's lock."""
    gate = Gate()

    def hold_it() -> None:
        with unit_of_work():
            assert cursors.lock("north", name) is not None
            gate.stop()

    holding_it = Aside(tenant, hold_it)
    gate.wait()
    try:
        yield
    finally:
        gate.open.set()
        holding_it.join()


def test_b01_an_operator_who_discards_waits_for_the_drain_that_parks_a_successor(
    committed: Tenant, subscribe: Subscribe
) -> None:
    gate, failing = Gate(), True

    def handle(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if event.tenant_name == "slow":
            gate.stop()
        if event.tenant_name == "s" and failing:
            raise ValueError("bad")
        write(event.tenant_name, delivery)

    name = subscribe(handle, TenantSuspended, backoff=ONCE)
    say("s")
    drain(name)
    failing = False
    say("s", "slow")
    drained = Aside(committed, lambda: drain(name))
    gate.wait()
    discarded = Aside(
        committed, lambda: discard_parked(subscriber=name, operator="user:ada", reason="given up", position=1)
    )
    time.sleep(0.3)
    gate.open.set()
    drained.join()

    assert discarded.join() == 1
    drain(name)

    assert parked(name) == [(1, "DISCARDED")]
    assert written() == ["2-s", "3-slow"]


@pytest.mark.parametrize("act", ["discard", "copy", "retry"])
def test_b02_an_operator_waits_for_the_retry_and_finds_nothing_left_to_change(
    committed: Tenant, subscribe: Subscribe, act: str
) -> None:
    gate, order, slow = Gate(), list[int](), False

    def handle(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if delivery.envelope.position == 1:
            if not slow:
                raise ValueError("bad")
            gate.stop()
        write(event.tenant_name, delivery)
        order.append(delivery.envelope.position)

    name = subscribe(handle, TenantSuspended, backoff=ONCE)
    say("s", "s", "s")
    drain(name)
    slow = True
    retry_parked(subscriber=name, operator="user:ada", position=1)
    drained = Aside(committed, lambda: drain(name))
    gate.wait()
    data = {"tenant_uuid": str(new_id()), "tenant_name": "s"}
    acts: dict[str, Any] = {
        "discard": lambda: discard_parked(subscriber=name, operator="user:bob", reason="given up", position=1),
        "copy": lambda: publish_edited_copy(
            subscriber=name, position=1, data=data, operator="user:bob", reason="corrected"
        ),
        "retry": lambda: retry_parked(subscriber=name, operator="user:bob", position=1),
    }
    acting = Aside(committed, acts[act])
    time.sleep(0.3)
    gate.open.set()
    drained.join()
    acting.thread.join(30)
    drain(name)

    assert order == [1, 2, 3]
    assert parked(name) == []
    assert sorted(ProcessedEvent.objects.filter(subscriber=name).values_list("position", flat=True)) == [1, 2, 3]
    assert [a.operator for a in OperatorAction.objects.filter(subscriber=name)] == ["user:ada"]


def test_an_operator_who_waits_too_long_is_refused_and_changes_nothing(
    committed: Tenant, subscribe: Subscribe, hurried: None
) -> None:
    gate = Gate()

    def handle(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if delivery.envelope.position == 1:
            raise ValueError("bad")
        gate.stop()

    name = subscribe(handle, TenantSuspended, backoff=ONCE, projection=("pos_shelflevel",))
    say("bad")
    drain(name)
    say("slow")
    drained = Aside(committed, lambda: drain(name))
    gate.wait()
    data = {"tenant_uuid": str(new_id()), "tenant_name": "bad"}
    try:
        with nothing_happened(), pytest.raises(SubscriptionBusy, match="try again in a moment") as refused:
            discard_parked(subscriber=name, operator="user:ada", reason="r", position=1)
        with nothing_happened(), pytest.raises(SubscriptionBusy):
            retry_parked(subscriber=name, operator="user:ada")
        with nothing_happened(), pytest.raises(SubscriptionBusy):
            publish_edited_copy(subscriber=name, position=1, data=data, operator="user:ada", reason="r")
        with nothing_happened(), pytest.raises(SubscriptionBusy):
            repair(operator="user:ada", subscriber=name)
    finally:
        gate.open.set()
        drained.join()

    assert (refused.value.code, refused.value.status) == ("subscription-busy", 409)
    assert parked(name) == [(1, "DEAD")]
    assert OperatorAction.objects.count() == 0


def test_a_rebuild_waits_for_a_drain_and_is_refused_when_it_takes_too_long(committed: Tenant, hurried: None) -> None:
    with held_by_a_drain(committed, LEVELS), nothing_happened(), pytest.raises(SubscriptionBusy):
        rebuild(subscriber=LEVELS, operator="user:ada")


@pytest.mark.parametrize("act", [pause_subscription, resume_subscription])
def test_a_pause_is_refused_while_a_drain_works_for_longer_than_a_moment(
    committed: Tenant, hurried: None, act: Any
) -> None:
    with held_by_a_drain(committed, LEVELS), nothing_happened(), pytest.raises(SubscriptionBusy):
        act(subscriber=LEVELS, operator="user:ada", reason="a test")


def test_a_bridge_that_sends_can_be_paused_and_keeps_its_lease(shop: Tenant, hurried: None) -> None:
    with unit_of_work():
        lease = leases.take("north", LEVELS)
    assert lease is not None

    pause_subscription(subscriber=LEVELS, operator="user:ada", reason="a test")

    subscription = Subscription.objects.get(subscriber=LEVELS)
    assert subscription.paused_at is not None
    assert subscription.lease == lease.token


def test_a_busy_subscription_is_a_problem_with_status_409(
    committed: Tenant, subscribe: Subscribe, hurried: None
) -> None:
    from staff.services import issue_api_key
    from web.scopes import EVENTS_OPERATE

    name = subscribe(Recorder().record, TenantSuspended)
    terminal = Terminal("north.localhost", issue_api_key(name=f"ops {new_id()}", scopes=[EVENTS_OPERATE]))
    gate = Gate()

    def hold_it() -> None:
        with unit_of_work():
            hold("north", name)
            gate.stop()

    holding_it = Aside(committed, hold_it)
    gate.wait()
    try:
        with nothing_happened():
            answer = terminal.post("/dead-letters/retry", {"subscriber": name})
    finally:
        gate.open.set()
        holding_it.join()

    assert (answer.status_code, answer.json()["code"]) == (409, "subscription-busy")


@pytest.fixture
def bridge(shop: Tenant) -> Iterator[FakeBridge]:
    made = FakeBridge()
    yield made
    forget_subscriber(made.name)


def test_c09_an_operator_waits_for_a_bridge_that_is_sending(bridge: FakeBridge, hurried: None) -> None:
    forward = bridged(bridge)
    fail(A)
    bridge.refuses = {key(A)}
    forward()
    bridge.refuses = set()
    fail(A, B)
    refusals: list[SubscriptionBusy] = []

    def discard() -> None:
        try:
            discard_parked(subscriber=bridge.name, operator="user:ada", reason="x", position=1)
        except SubscriptionBusy as busy:
            refusals.append(busy)

    bridge.meanwhile = discard
    forward()
    bridge.meanwhile = lambda: None
    discard_parked(subscriber=bridge.name, operator="user:ada", reason="x", position=1)
    forward()

    assert len(refusals) == 1
    assert "bridge is sending" in str(refusals[0])
    assert parked(bridge.name) == [(1, "DISCARDED")]
    assert [message.key for message in bridge.sent] == [key(B), key(A)]


def test_c09_a_lease_that_is_over_is_ended_by_an_operator_and_what_it_sent_is_not_booked(bridge: FakeBridge) -> None:
    forward = bridged(bridge)
    fail(A)

    def outlive_the_lease() -> None:
        Subscription.objects.filter(subscriber=bridge.name).update(leased_until="2020-01-01T00:00Z")
        retry_parked(subscriber=bridge.name, operator="user:ada")
        bridge.meanwhile = lambda: None

    bridge.meanwhile = outlive_the_lease

    assert forward() == 0
    assert forward() == 1
    assert len({message.id for message in bridge.sent}) == 1


@pytest.fixture
def drowsy(committed: Tenant) -> Iterator[None]:
    """Let a session that sets `tests.sleep` rest between its snapshot and the first row that it looks at."""
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('public.events_tenant'::regproc)")
        (before,) = cursor.fetchone()
        cursor.execute(
            """CREATE OR REPLACE FUNCTION public.events_tenant() RETURNS text LANGUAGE plpgsql STABLE AS $$
            BEGIN
                IF current_setting('tests.sleep', true) = 'on' THEN PERFORM pg_sleep(0.6); END IF;
                RETURN trim(both ' "' from split_part(current_setting('search_path'), ',', 1));
            END $$"""
        )
    yield
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(before)


@pytest.mark.parametrize("way", ["lock", "lease"])
def test_b03_b04_e01_what_is_parked_is_read_after_the_lock_and_not_with_it(
    committed: Tenant, subscribe: Subscribe, drowsy: None, way: str
) -> None:
    name = subscribe(Recorder().record, TenantSuspended)
    say("s", "s")
    ready, go = threading.Event(), threading.Event()

    def look() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SET tests.sleep = 'on'")
        ready.set()
        go.wait(10)
        with unit_of_work():
            return cursors.lock("north", name) if way == "lock" else leases.take("north", name)

    other = Aside(committed, look)
    ready.wait(10)
    with unit_of_work():
        assert cursors.lock("north", name) is not None
        parking.park(name, read_at("north", 1).envelope, State.RETRYING, delay=600, error="bad")
        cursors.account("north", name, [], reached=1)
        go.set()
        time.sleep(0.3)
    held = other.join()

    assert held is None or (held.cursor, held.blocked) == (1, True)


def hang(name: str) -> None:
    """Leave rows as older releases did: 1 was discarded while 2 was parked behind it; 4 was released before 3."""
    say("a", "a", "b", "b", "b")
    with unit_of_work():
        for position, state in ((1, "DISCARDED"), (2, "WAITING"), (3, "DEAD"), (4, "RETRYING"), (5, "WAITING")):
            parking.park(name, read_at("north", position).envelope, State(state), delay=600, error="ValueError: a test")
        cursors.account("north", name, [], reached=5)


def test_rows_that_hang_are_repaired_in_order_once_and_audited(shop: Tenant, subscribe: Subscribe) -> None:
    recorder = Recorder()
    name = subscribe(recorder.record, TenantSuspended)
    hang(name)
    say("a")
    drain(name)

    (done,) = repair(operator="user:ada")
    again = repair(operator="user:ada")
    state = parked(name)
    drain(name)

    assert (done.subscriber, done.released, done.held_back) == (name, [2], [4])
    assert again == []
    assert state == [(1, "DISCARDED"), (2, "RETRYING"), (3, "DEAD"), (4, "WAITING"), (5, "WAITING"), (6, "WAITING")]
    assert written() == ["2-a", "6-a"]
    assert parked(name) == [(1, "DISCARDED"), (3, "DEAD"), (4, "WAITING"), (5, "WAITING")]
    actions = OperatorAction.objects.filter(subscriber=name, action="repair")
    assert sorted(actions.values_list("position", flat=True)) == [2, 4]


def test_of_a_removed_subscriber_what_waits_for_nothing_is_released_and_nothing_held_back(
    shop: Tenant, subscribe: Subscribe
) -> None:
    name = subscribe(Recorder().record, TenantSuspended)
    hang(name)
    forget_subscriber(name)

    (done,) = repair(operator="user:ada")

    assert (done.subscriber, done.released, done.held_back) == (name, [2], [])


def test_a_copy_for_a_removed_subscriber_is_refused(shop: Tenant, subscribe: Subscribe) -> None:
    recorder = Recorder()
    recorder.failing = {"a": 9}
    name = subscribe(recorder.record, TenantSuspended, backoff=ONCE)
    say("a")
    drain(name)
    forget_subscriber(name)
    data = {"tenant_uuid": str(new_id()), "tenant_name": "a"}

    with nothing_happened(), pytest.raises(CopyInvalid, match="does not declare"):
        publish_edited_copy(subscriber=name, position=1, data=data, operator="user:ada", reason="r")


def test_the_command_repairs_and_says_when_all_is_in_order(committed: Tenant, subscribe: Subscribe) -> None:
    name = subscribe(Recorder().record, TenantSuspended)
    hang(name)
    out = StringIO()

    call_command("events", "repair", "--tenant", "north", stdout=out)
    call_command("events", "repair", "--tenant", "north", "--subscriber", name, stdout=out)

    assert out.getvalue().splitlines() == [
        f"{name}: 1 events are tried again, 1 wait",
        "all parked events of north are in order",
    ]


def test_a_released_successor_does_not_pass_a_dead_event_before_it(shop: Tenant, subscribe: Subscribe) -> None:
    name = subscribe(Recorder().record, TenantSuspended)
    say("a", "a", "a")
    with unit_of_work():
        for position, state in ((1, State.DEAD), (2, State.DEAD), (3, State.WAITING)):
            parking.park(name, read_at("north", position).envelope, state, error="ValueError: a test")
        cursors.account("north", name, [], reached=3)

    discard_parked(subscriber=name, operator="user:ada", reason="r", position=1)

    assert parked(name) == [(1, "DISCARDED"), (2, "DEAD"), (3, "WAITING")]
    assert ParkedEvent.objects.get(subscriber=name, position=3).attempts == 0
