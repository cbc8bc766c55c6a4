"""A downcaster that raises: its event is named to feeds and streams, parked for a webhook, dead for a bridge."""

from collections.abc import Iterator
from typing import Any

import pytest

from events import versions
from events.contracts.pins import pin_version
from events.models import ParkedEvent
from events.subscriptions.registry import forget_subscriber
from integrations.models import WebhookAttempt, WebhookEndpoint
from integrations.outward import UNDELIVERABLE
from integrations.webhooks.sending import send_due
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support.bridging import FakeBridge, bridged, key
from tests.support.hooking import A, B, fail, later, states
from tests.support.receiving import Receiver
from tests.support.terminal import Terminal
from web.scopes import EVENTS_READ

FAILED = "payments.payment_failed"
REASON = "RuntimeError: no way back"


@pytest.fixture
def pinned(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop reads version 1, and the step to it fails for the tender A."""
    back = versions._down[FAILED, 2]

    def step(data: dict[str, Any]) -> dict[str, Any]:
        if data["tender_id"] == str(A):
            raise RuntimeError("no way back")
        return back(data)

    monkeypatch.setitem(versions._down, (FAILED, 2), step)
    pin_version(type_name=FAILED, version=1)


@pytest.fixture
def bridge(shop: Tenant) -> Iterator[FakeBridge]:
    made = FakeBridge()
    yield made
    forget_subscriber(made.name)


def test_a_feed_and_a_stream_name_the_event_and_go_on(pinned: None, settings: Any) -> None:
    settings.LIVE_SECONDS = 0.2
    reader = Terminal("north.localhost", issue_api_key(name="reader", scopes=[EVENTS_READ]))
    fail(A, B)

    first, second = reader.get("/events").json()["events"]
    lines = b"".join(reader.get("/events/stream", after=0)).decode()

    assert (first["type"], first["data"]["reason"]) == (UNDELIVERABLE, REASON)
    assert (second["type"], second["version"]) == (FAILED, 1)
    assert f"id: 1\nevent: {UNDELIVERABLE}\n" in lines
    assert f"id: 2\nevent: {FAILED}\n" in lines


def test_a_webhook_is_parked_with_the_reason_and_other_streams_go_on(
    pinned: None, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    fail(A, A, B)

    send_due(endpoint_id=endpoint.id, now=later(seconds=1))

    assert states(endpoint) == [(1, "PARKED"), (2, "PENDING"), (3, "DELIVERED")]
    assert WebhookAttempt.objects.get(delivery__position=1).error == f"this event cannot be delivered: {REASON}"


def test_a_bridge_has_it_as_a_dead_letter_and_other_streams_go_on(pinned: None, bridge: FakeBridge) -> None:
    forward = bridged(bridge)
    fail(B, A, A, B)

    while forward():
        pass

    rows = ParkedEvent.objects.filter(subscriber=bridge.name).order_by("position")
    assert [(row.position, row.state) for row in rows] == [(2, "DEAD"), (3, "WAITING")]
    assert REASON in rows[0].error
    assert [message.key for message in bridge.sent] == [key(B), key(B)]
