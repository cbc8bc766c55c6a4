"""Whatever is stored, feeds, streams, webhooks and bridges deliver an event or name the one that they cannot deliver."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from events import versions
from events.log.log import read_at
from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from integrations.outward import UNDELIVERABLE, Undeliverable, outward
from integrations.terms import Terms
from integrations.webhooks.deliveries import redeliver, skip
from integrations.webhooks.queueing import replay_period
from integrations.webhooks.sending import send_due
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support.hooking import A, B, fail, later, states
from tests.support.receiving import Receiver
from tests.support.terminal import Terminal
from web.scopes import EVENTS_READ

FAILED = "payments.payment_failed"


def store(position: int, **changes: Any) -> None:
    """Let the event at a position be stored otherwise, as older or newer code would have."""
    columns = ", ".join(f"{name} = %s" for name in changes)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_event DISABLE TRIGGER events_event_append_only")
        cursor.execute(
            f"UPDATE events_event SET {columns} WHERE tenant_id = 'north' AND position = %s",
            [*changes.values(), position],
        )
        cursor.execute("ALTER TABLE events_event ENABLE TRIGGER events_event_append_only")


@pytest.fixture
def broken_step() -> Iterator[Callable[[type[Exception]], None]]:
    """Let the upcaster to version 2 raise."""
    before = dict(versions._up)

    def use(kind: type[Exception]) -> None:
        def step(_data: dict[str, Any]) -> dict[str, Any]:
            raise kind("no way")

        versions._up[FAILED, 1] = step

    yield use
    versions._up.clear()
    versions._up.update(before)


@pytest.fixture
def reader(shop: Tenant) -> Terminal:
    return Terminal("north.localhost", issue_api_key(name="reader", scopes=[EVENTS_READ]))


@pytest.mark.parametrize("kind", [KeyError, RecursionError, RuntimeError, AssertionError])
def test_any_exception_of_an_upcaster_names_the_event_and_the_feed_goes_on(
    reader: Terminal, broken_step: Callable[[type[Exception]], None], kind: type[Exception]
) -> None:
    fail(A, B)
    store(1, version=1)
    broken_step(kind)

    page = reader.get("/events")

    first, second = page.json()["events"]
    assert page.status_code == 200
    assert (first["type"], first["position"]) == (UNDELIVERABLE, 1)
    assert first["data"]["type"] == FAILED
    assert first["data"]["version"] == 1
    assert first["data"]["reason"].startswith(kind.__name__)
    assert first["id"] != first["data"]["event_id"]
    assert second["type"] == FAILED
    assert page.json()["next_after"] == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": "payments.retired"}, "no event type payments.retired is declared"),
        ({"data": "[1]"}, "its data is a JSON list, not an object"),
        ({"data": "null"}, "its data is a JSON NoneType, not an object"),
        ({"version": 0}, "VersionUnreachable: payments.payment_failed has no step from version 0 to 1"),
    ],
)
def test_what_is_stored_and_cannot_be_rendered_is_named(shop: Tenant, changes: dict[str, Any], reason: str) -> None:
    fail(A)
    store(1, **changes)

    found = outward(read_at("north", 1), Terms())

    assert isinstance(found, Undeliverable)
    assert found.reason == reason
    assert json.loads(json.dumps(found.event()))["data"]["position"] == 1


def test_a_pin_to_a_version_that_is_gone_names_the_event(shop: Tenant) -> None:
    fail(A)

    found = outward(read_at("north", 1), Terms(pins={FAILED: 99}))

    assert isinstance(found, Undeliverable)
    assert found.reason == "VersionUnreachable: payments.payment_failed has no step from version 3 to 4"


def test_a_newer_version_than_this_code_knows_is_delivered_as_it_is_stored(reader: Terminal) -> None:
    fail(A)
    store(1, version=99)

    (event,) = reader.get("/events").json()["events"]

    assert (event["type"], event["version"]) == (FAILED, 99)


def test_the_stream_names_what_it_cannot_deliver(reader: Terminal, settings: Any) -> None:
    settings.LIVE_SECONDS = 0.2
    fail(A, B)
    store(1, type="payments.retired")

    lines = b"".join(reader.get("/events/stream", after=0)).decode()

    assert f"id: 1\nevent: {UNDELIVERABLE}\n" in lines
    assert f"id: 2\nevent: {FAILED}\n" in lines


@pytest.mark.parametrize("kind", [KeyError, RecursionError, SystemExit, asyncio.CancelledError])
def test_the_stream_names_an_event_whose_upcaster_fails_and_goes_on(
    reader: Terminal, broken_step: Callable[[type[Exception]], None], settings: Any, kind: type[Exception]
) -> None:
    settings.LIVE_SECONDS = 0.2
    fail(A, B)
    store(1, version=1)
    broken_step(kind)

    lines = b"".join(reader.get("/events/stream", after=0)).decode()

    named, whole = (json.loads(line.removeprefix("data: ")) for line in lines.splitlines() if line.startswith("data: "))
    assert (named["type"], named["data"]["version"]) == (UNDELIVERABLE, 1)
    assert named["data"]["reason"].startswith(kind.__name__)
    assert (whole["type"], whole["position"]) == (FAILED, 2)


def test_a_replay_parks_an_event_whose_upcaster_fails_and_other_streams_go_on(
    endpoint: WebhookEndpoint, receiver: Receiver, broken_step: Callable[[type[Exception]], None]
) -> None:
    fail(A, A, B)
    for second in (1, 2):
        send_due(endpoint_id=endpoint.id, now=later(seconds=second))
    store(1, version=1)
    broken_step(KeyError)

    replay, count = replay_period(endpoint_id=endpoint.id, since=later(hours=-1), until=later(hours=1))
    send_due(endpoint_id=endpoint.id, now=later(seconds=3))

    again = list(WebhookDelivery.objects.filter(replay=replay).order_by("position"))
    assert (count, [each.state for each in again]) == (3, ["PARKED", "PENDING", "DELIVERED"])
    assert WebhookAttempt.objects.get(delivery=again[0]).error.startswith("this event cannot be delivered: KeyError")
    assert receiver.positions == [1, 2, 3, 3]
    skip(delivery_id=again[0].id)
    send_due(endpoint_id=endpoint.id, now=later(seconds=4))
    assert receiver.positions == [1, 2, 3, 3, 2]


def test_a_webhook_of_an_undeliverable_event_is_parked_at_once_and_can_be_skipped(
    endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    fail(A, A, B)
    store(1, type="payments.retired")

    send_due(endpoint_id=endpoint.id, now=later(seconds=1))

    assert states(endpoint) == [(1, "PARKED"), (2, "PENDING"), (3, "DELIVERED")]
    assert WebhookAttempt.objects.get(delivery__position=1).error == (
        "this event cannot be delivered: no event type payments.retired is declared"
    )
    endpoint.refresh_from_db()
    assert endpoint.failures == 0

    delivery = WebhookDelivery.objects.get(position=1)
    redeliver(delivery_id=delivery.id, now=later(seconds=1))
    send_due(endpoint_id=endpoint.id, now=later(seconds=2))
    assert states(endpoint)[0] == (1, "PARKED")

    skip(delivery_id=delivery.id)
    send_due(endpoint_id=endpoint.id, now=later(seconds=3))
    assert states(endpoint) == [(1, "SKIPPED"), (2, "DELIVERED"), (3, "DELIVERED")]


def test_a_delivery_whose_workers_die_of_it_is_given_up_after_three_days(
    endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(A)

    def die(*_arguments: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("integrations.webhooks.sending.outward", die)
    for hours in (0, 30, 60):
        with pytest.raises(KeyboardInterrupt):
            send_due(endpoint_id=endpoint.id, now=later(hours=hours))

    send_due(endpoint_id=endpoint.id, now=later(hours=90))

    assert states(endpoint) == [(1, "PARKED")]
    newest = WebhookAttempt.objects.order_by("-number").first()
    assert newest is not None
    assert newest.error == "no worker that tried it for three days has come to an end"
