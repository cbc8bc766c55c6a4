"""Forwarding: at least once, in order, booked when it is confirmed; one that is refused does not stop the others."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError

from events.contracts.pins import pin_version
from events.delivery.pace import pace_of
from events.delivery.store import Store
from events.models import ParkedEvent, ProcessedEvent, Subscription
from events.operations.canary import arrivals, release_canary
from events.operations.parked import retry_parked
from events.operations.pausing import pause_subscription, resume_subscription
from events.subscriptions.registry import find_subscriber, forget_subscriber
from events.tasks import drain_tenant
from events.testing.doorbells import SilentDoorbells
from integrations.bridges.bridge import BridgeDown, Message, MessageRefused
from integrations.bridges.configured import configured_bridges
from integrations.bridges.forwarding import Forward
from kernel.ids import new_id
from tenants.models import Tenant
from tests.support.bridging import A, B, FakeBridge, bridged, key
from tests.support.hooking import fail
from tests.support.outages import outage
from tests.support.recording import parked


@pytest.fixture
def bridge(shop: Tenant) -> Iterator[FakeBridge]:
    made = FakeBridge()
    yield made
    forget_subscriber(made.name)


def test_events_are_forwarded_in_order_and_booked_once_confirmed(bridge: FakeBridge) -> None:
    forward = bridged(bridge)
    fail(A, B, A)

    assert forward() == 3
    assert forward() == 0

    assert [message.key for message in bridge.sent] == [key(A), key(B), key(A)]
    assert json.loads(bridge.sent[0].body)["specversion"] == "1.0"
    assert Subscription.objects.get(subscriber=bridge.name).cursor == 3
    assert ProcessedEvent.objects.filter(subscriber=bridge.name).count() == 3


def test_a_bridge_that_is_down_is_left_alone_for_longer_and_longer(bridge: FakeBridge) -> None:
    forward = bridged(bridge)
    fail(A)
    bridge.down = True

    assert forward() == 0
    bridge.down = False
    Subscription.objects.filter(subscriber=bridge.name).update(leased_until="2999-01-01T00:00Z")
    assert forward() == 0
    row = Subscription.objects.get(subscriber=bridge.name)
    assert (row.cursor, row.starts, row.lease) == (0, 1, None)
    Subscription.objects.filter(subscriber=bridge.name).update(leased_until=None)

    assert forward() == 1
    assert Subscription.objects.get(subscriber=bridge.name).starts == 0


def test_what_was_sent_and_not_booked_is_sent_again_under_the_same_id(bridge: FakeBridge) -> None:
    forward = bridged(bridge)
    fail(A)

    def lose_the_lease() -> None:
        Subscription.objects.filter(subscriber=bridge.name).update(lease=new_id(), leased_until=None)
        bridge.meanwhile = lambda: None

    bridge.meanwhile = lose_the_lease

    assert forward() == 0
    assert forward() == 1

    assert len({message.id for message in bridge.sent}) == 1
    assert len(bridge.sent) == 2
    assert ProcessedEvent.objects.filter(subscriber=bridge.name).count() == 1


def test_one_that_is_refused_goes_dead_with_its_stream_and_an_operator_can_retry(bridge: FakeBridge) -> None:
    forward = bridged(bridge)
    bridge.refuses = {key(A)}
    fail(A, B, A)

    assert forward() == 1
    assert parked(bridge.name) == [(1, "DEAD"), (3, "WAITING")]
    retry_parked(subscriber=bridge.name, operator="user:ada")
    assert forward() == 0
    assert parked(bridge.name) == [(1, "DEAD"), (3, "WAITING")]
    bridge.refuses = set()
    retry_parked(subscriber=bridge.name, operator="user:ada")

    assert forward() == 2
    assert [message.key for message in bridge.sent] == [key(B), key(A), key(A)]
    assert parked(bridge.name) == []


def test_a_paused_bridge_stands_still_and_a_canary_does_not_leave(bridge: FakeBridge) -> None:
    forward = bridged(bridge)
    pause_subscription(subscriber=bridge.name, operator="user:ada", reason="a test")
    fail(A)
    canary = release_canary()
    assert forward() == 0
    resume_subscription(subscriber=bridge.name, operator="user:ada")

    assert forward() == 2

    assert [message.type for message in bridge.sent] == ["payments.payment_failed"]
    assert {a.subscriber for a in arrivals(canary) if a.seconds is not None} == {bridge.name}


def test_a_pinned_tenant_is_forwarded_the_older_version(bridge: FakeBridge) -> None:
    forward = bridged(bridge)
    pin_version(type_name="payments.payment_failed", version=1)
    fail(A)

    forward()

    assert json.loads(bridge.sent[0].body)["dataversion"] == 1


def test_a_bridges_task_forwards(committed: Tenant) -> None:
    made = FakeBridge()
    try:
        bridged(made)
        fail(A)

        assert drain_tenant(find_subscriber(made.name), "north") == {"tenant": "north", "handled": 1}
        with pytest.raises(AssertionError, match="no handler"):
            find_subscriber(made.name).handler(None, None)
    finally:
        forget_subscriber(made.name)


def test_bridges_come_from_the_settings(settings: Any) -> None:
    assert configured_bridges() == []
    settings.BRIDGE_RABBITMQ_URL = "amqp://127.0.0.1:1/"
    settings.BRIDGE_KAFKA_SERVERS = "127.0.0.1:1"
    settings.BRIDGE_SNS_TOPIC_ARN = "arn:aws:sns:eu-west-1:1:events"
    settings.BRIDGE_SQS_QUEUE_URL = "https://sqs.example.com/events"

    assert [made.name for made in configured_bridges()] == [
        "events.bridge_to_rabbitmq",
        "events.bridge_to_kafka",
        "events.bridge_to_sns",
        "events.bridge_to_sqs",
    ]


def test_two_forwards_at_once_send_once(shop: Tenant, bridge: FakeBridge) -> None:
    forward = bridged(bridge)
    fail(A)
    inner: list[int] = []
    bridge.meanwhile = lambda: inner.append(forward()) if not inner else None

    assert forward() == 1

    assert inner == [0]
    assert len(bridge.sent) == 1


def test_a_spent_budget_rings_again_and_a_retry_that_finds_the_bridge_down_waits(bridge: FakeBridge) -> None:
    bridged(bridge)
    bells = SilentDoorbells()
    forward = Forward.over(bridge, find_subscriber(bridge.name), "north", bells)
    forward.budget = 0.0
    bridge.refuses = {key(A)}
    fail(A, B)

    handled = forward.run()
    while Subscription.objects.get(subscriber=bridge.name).cursor < 2:
        handled += forward.run()
    retry_parked(subscriber=bridge.name, operator="user:ada")
    bridge.down = True
    forward.run()

    assert handled == 1
    assert bridge.name in bells.rung
    assert parked(bridge.name) == [(1, "RETRYING")]
    assert Subscription.objects.get(subscriber=bridge.name).starts == 1


@pytest.mark.parametrize("confirms", [False, True], ids=["all or nothing", "says what was confirmed"])
def test_c10_a_slow_batch_whose_last_message_is_refused_is_booked_and_the_refused_one_is_parked_alone(
    bridge: FakeBridge, confirms: bool
) -> None:
    bridged(bridge)
    now = [0.0]

    def send_slowly(messages: Sequence[Message]) -> None:
        for number, message in enumerate(messages):
            now[0] += 0.03
            if message.key in bridge.refuses:
                raise MessageRefused(message.id, "SenderFault", confirmed=number if confirms else 0)
            bridge.sent.append(message)

    bridge.send = send_slowly  # type: ignore[method-assign]
    fail(*([A] * 40), B)
    bridge.refuses = {key(B)}
    subscriber = find_subscriber(bridge.name)
    pace_of(bridge.name).note(200, 0.0)
    handled = [Forward(bridge, subscriber, "north", SilentDoorbells(), clock=lambda: now[0]).run() for _ in range(3)]

    assert sum(handled) == 40
    assert len(bridge.sent) == (40 if confirms else 80)
    assert Subscription.objects.get(subscriber=bridge.name).cursor == 41
    assert parked(bridge.name) == [(41, "DEAD")]


def test_what_was_confirmed_before_the_bridge_went_down_is_booked(bridge: FakeBridge) -> None:
    forward = bridged(bridge)

    def take_two(messages: Sequence[Message]) -> None:
        bridge.sent += messages[:2]
        raise BridgeDown("gone", confirmed=2)

    bridge.send = take_two  # type: ignore[method-assign]
    fail(A, B, A)

    assert forward() == 2
    assert Subscription.objects.get(subscriber=bridge.name).cursor == 2
    assert ProcessedEvent.objects.filter(subscriber=bridge.name).count() == 2


def forward_until_dead(bridge: FakeBridge, bells: SilentDoorbells) -> int:
    """Forward so often; return how many of the forwards died."""
    died = 0
    for _ in range(8):
        try:
            Forward(bridge, find_subscriber(bridge.name), "north", bells, budget=5.0).run()
        except BaseException:
            died += 1
    return died


@pytest.mark.parametrize("death", [SystemExit(3), SoftTimeLimitExceeded(), "kill"], ids=["exits", "hangs", "vanishes"])
@pytest.mark.parametrize("retry", [False, True], ids=["at the cursor", "as a retry"])
def test_g03_a_message_that_ends_the_process_of_its_bridge_is_dead_after_the_declared_starts(
    bridge: FakeBridge, death: Any, retry: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridged(bridge)
    take = bridge.send

    def send(messages: Sequence[Message]) -> None:
        if any(message.key == key(B) for message in messages):
            raise KeyboardInterrupt if death == "kill" else death
        take(messages)

    def vanish(_forward: Forward, _lease: object, _error: BaseException) -> None:
        Subscription.objects.filter(subscriber=bridge.name).update(leased_until="2020-01-01T00:00Z")

    if death == "kill":
        monkeypatch.setattr(Forward, "_abandon", vanish)
    if retry:
        bridge.refuses = {key(B)}
    else:
        bridge.send = send  # type: ignore[method-assign]
    fail(A, B, A, A)
    died = forward_until_dead(bridge, SilentDoorbells())
    if retry:
        bridge.send = send  # type: ignore[method-assign]
        retry_parked(subscriber=bridge.name, operator="user:ada")
        died = forward_until_dead(bridge, SilentDoorbells())

    assert died == 3
    assert parked(bridge.name) == [(2, "DEAD")]
    assert "KilledItsWorker" in ParkedEvent.objects.get(subscriber=bridge.name).error
    assert sorted({json.loads(message.body)["position"] for message in bridge.sent}) == [1, 3, 4]
    row = Subscription.objects.get(subscriber=bridge.name)
    assert (row.cursor, row.lease) == (4, None)


def test_an_error_that_the_bridge_does_not_name_leaves_it_alone_for_a_while_and_counts_no_death(
    bridge: FakeBridge,
) -> None:
    forward = bridged(bridge)
    fail(A)
    take = bridge.send
    errors = iter([KeyError("surprise")] * 4)

    def send(messages: Sequence[Message]) -> None:
        if error := next(errors, None):
            raise error
        take(messages)

    bridge.send = send  # type: ignore[method-assign]

    handled = []
    for _ in range(5):
        handled.append(forward())
        Subscription.objects.filter(subscriber=bridge.name).update(leased_until=None)

    assert handled == [0, 0, 0, 0, 1]
    assert parked(bridge.name) == []


def test_an_outage_under_a_lease_gives_it_back_and_counts_no_death(
    bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = bridged(bridge)
    fail(A)
    outages = iter([outage() for _ in range(4)])
    written = Forward._written

    def write(*of: Any) -> Any:
        if error := next(outages, None):
            raise error
        return written(*of)

    monkeypatch.setattr(Forward, "_written", write)
    for _ in range(4):
        with pytest.raises(OperationalError):
            forward()

    assert forward() == 1
    assert parked(bridge.name) == []


class Unanswered(Store):
    """Cuts the connection when the first COMMIT is made, before it is answered."""

    answers = 0

    @contextmanager
    def unit_of_work(self) -> Iterator[None]:
        with super().unit_of_work():
            yield
        self.answers += 1
        if self.answers == 1:
            raise outage()


def test_a_lease_whose_commit_is_not_answered_is_given_back_and_counts_no_death(bridge: FakeBridge) -> None:
    forward = bridged(bridge)
    fail(A)
    for _ in range(4):
        with pytest.raises(OperationalError):
            Forward(bridge, find_subscriber(bridge.name), "north", SilentDoorbells(), store=Unanswered()).run()

        row = Subscription.objects.get(subscriber=bridge.name)
        assert (row.lease, row.leased_until) == (None, None)

    assert forward() == 1
    assert parked(bridge.name) == []
