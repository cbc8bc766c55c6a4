"""Drains of older code: they handle what precedes an event that only newer code can handle, and stop before it."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import connection
from prometheus_client import REGISTRY

from events.delivery.dispatch import Dispatch
from events.delivery.drain import Drain
from events.event import decode
from events.models import ParkedEvent, Subscription
from events.subscribing import Backoff
from events.subscriptions.parking import State
from events.subscriptions.registry import find_subscriber, forget_subscriber
from events.testing.doorbells import SilentDoorbells
from events.testing.work import drain
from integrations.bridges.forwarding import Forward
from kernel.ids import new_id
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.support import make
from tests.support.bridging import A, FakeBridge, bridged
from tests.support.hooking import fail
from tests.support.recording import Recorder, Subscribe, parked, say, written


def store_newer(position: int, kind: str = "tenants.tenant_suspended", stream: str = "tenant:new") -> None:
    """Let newer code have published an event, in a version that this code does not know."""
    data = json.dumps({"tenant_uuid": str(new_id()), "tenant_name": "new"})
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO events_event (tenant_id, position, event_id, type, version, category, stream, stream_version,
                occurred_at, recorded_at, correlation_id, actor, traceparent, data)
            SELECT 'north', %s, gen_random_uuid(), %s, 9, 'INTEGRATION', %s, 1, now(), now(), gen_random_uuid(), '', '',
                %s::jsonb""",
            [position, kind, stream, data],
        )


def drain_by_newer_code(name: str) -> int:
    subscriber = find_subscriber(name)
    dispatch = Dispatch(
        subscriber, "north", newest=lambda _name: 9, decode=lambda kind, _version, data: decode(kind, 1, data)
    )
    return Drain(subscriber, "north", SilentDoorbells(), dispatch=dispatch, budget=5.0).run()


def stops(name: str) -> float:
    return REGISTRY.get_sample_value("tillflow_events_outdated_drains_total", {"subscriber": name}) or 0.0


def cursor_of(name: str) -> int:
    return Subscription.objects.get(subscriber=name).cursor


def test_c03_a_drain_stops_before_a_version_that_only_newer_code_knows(
    shop: Tenant, recorder: Recorder, subscribe: Subscribe
) -> None:
    name, bells = subscribe(recorder.record, TenantSuspended), SilentDoorbells()
    say("a")
    store_newer(2)
    say("c")

    handled = [Drain(find_subscriber(name), "north", bells).run() for _ in range(3)]

    assert handled == [1, 0, 0]
    assert (cursor_of(name), parked(name), written()) == (1, [], ["1-a"])
    assert stops(name) == 3
    assert drain_by_newer_code(name) == 2
    assert written() == ["1-a", "2-new", "3-c"]


def test_c01_a_drain_stops_before_a_type_that_its_code_does_not_declare(
    shop: Tenant, recorder: Recorder, subscribe: Subscribe
) -> None:
    name = subscribe(recorder.record, TenantSuspended, TenantReactivated)
    newer = find_subscriber(name)
    older = replace(newer, types=frozenset({"tenants.tenant_reactivated"}))
    say("a")

    handled = Drain(older, "north", SilentDoorbells()).run()

    assert (handled, cursor_of(name), parked(name)) == (0, 0, [])
    assert drain(name) == 1


def test_a_retry_that_only_newer_code_can_make_is_put_off_without_an_attempt(
    shop: Tenant, recorder: Recorder, subscribe: Subscribe
) -> None:
    recorder.failing = {"new": 1}
    name = subscribe(recorder.record, TenantSuspended, backoff=Backoff(base=600))
    store_newer(1)
    drain_by_newer_code(name)
    ParkedEvent.objects.filter(subscriber=name).update(next_attempt_at=make.NOW)
    say("good")

    assert drain(name) == 1

    row = ParkedEvent.objects.get(subscriber=name)
    assert (row.state, row.attempts, row.starts) == (State.RETRYING, 1, 0)
    assert row.next_attempt_at > make.NOW
    assert written() == ["2-good"]


@pytest.fixture
def bridge(shop: Tenant) -> Iterator[FakeBridge]:
    made = FakeBridge()
    yield made
    forget_subscriber(made.name)


def test_a_bridge_stops_before_a_version_that_only_newer_code_knows(bridge: FakeBridge) -> None:
    bridged(bridge)
    fail(A)
    store_newer(2, "payments.payment_failed", f"tender:{A}")

    forward = Forward.over(bridge, find_subscriber(bridge.name), "north", SilentDoorbells())

    assert forward.run() == 1
    assert [json.loads(message.body)["position"] for message in bridge.sent] == [1]
    assert (cursor_of(bridge.name), parked(bridge.name)) == (1, [])
