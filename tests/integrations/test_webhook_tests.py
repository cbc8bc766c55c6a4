"""Tests of endpoints: deliveries of no event, sent by a worker, once."""

from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from events.events import TRIAL
from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from integrations.webhooks import sending
from integrations.webhooks.deliveries import queue_test, redeliver
from integrations.webhooks.endpoints import delete_endpoint, pause_endpoint
from integrations.webhooks.sending import send_due
from staff.services import issue_api_key
from tests.support.hooking import NOW, A, fail, later
from tests.support.receiving import Receiver
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened
from web.scopes import WEBHOOKS_WRITE


@pytest.fixture
def key(receiver: Receiver) -> Terminal:
    return Terminal("north.localhost", issue_api_key(name="shopify", scopes=[WEBHOOKS_WRITE]))


def test_w04_a_test_is_sent_by_a_worker_and_its_delivery_tells_the_answer(
    receiver: Receiver, endpoint: WebhookEndpoint, key: Terminal
) -> None:
    receiver.answers = [418]
    asked = key.post(f"/webhook-endpoints/{endpoint.id}/test", {})
    assert (asked.status_code, asked.json()["state"], receiver.received) == (202, "PENDING", [])

    assert send_due(endpoint_id=endpoint.id) == 1

    (delivery,) = key.get("/webhook-deliveries", endpoint_id=str(endpoint.id)).json()["results"]
    assert (delivery["id"], delivery["type"]) == (asked.json()["id"], "events.webhook_tested")
    assert (delivery["state"], [each["status"] for each in delivery["tries"]]) == ("FAILED", [418])
    assert receiver.received[0].event["type"] == "events.webhook_tested"
    assert receiver.received[0].event["id"] == delivery["event_id"]
    assert send_due(endpoint_id=endpoint.id, now=later(hours=2)) == 0


def test_w04_a_test_reaches_an_endpoint_that_is_paused_or_rests_and_says_nothing_of_its_health(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    fail(A)
    pause_endpoint(endpoint_id=endpoint.id, reason="r", now=NOW)
    WebhookEndpoint.objects.update(next_call_at=later(hours=1), failures=5)
    queue_test(endpoint_id=endpoint.id, now=later(minutes=-1))
    assert sending.due_endpoints(["north"]) == [("north", endpoint.id)]

    assert send_due(endpoint_id=endpoint.id) == 1

    assert len(receiver.received) == 1
    assert WebhookEndpoint.objects.get().failures == 5
    assert set(WebhookDelivery.objects.values_list("type", "state")) == {
        ("payments.payment_failed", "PENDING"),
        (TRIAL, "DELIVERED"),
    }


def test_w04_at_most_one_test_of_an_endpoint_waits(receiver: Receiver, endpoint: WebhookEndpoint) -> None:
    first = queue_test(endpoint_id=endpoint.id, now=NOW)

    assert queue_test(endpoint_id=endpoint.id, now=NOW).id == first.id
    send_due(endpoint_id=endpoint.id)
    assert queue_test(endpoint_id=endpoint.id, now=NOW).id != first.id


def test_w04_tests_are_calls_of_their_tenant(receiver: Receiver, endpoint: WebhookEndpoint, settings: object) -> None:
    settings.OUTGOING_SLOTS = {"webhooks": 2}  # type: ignore[attr-defined]
    fail(A)
    held = sending._lease(endpoint.id, later(seconds=1))
    queue_test(endpoint_id=endpoint.id, now=NOW)

    assert send_due(endpoint_id=endpoint.id, now=later(seconds=1)) == 0

    assert held is not None
    assert receiver.received == []


def test_w04_a_deleted_endpoint_gets_no_test(receiver: Receiver, endpoint: WebhookEndpoint) -> None:
    queue_test(endpoint_id=endpoint.id, now=later(minutes=-1))
    delete_endpoint(endpoint_id=endpoint.id, now=NOW)

    assert send_due(endpoint_id=endpoint.id) == 0
    assert sending.due_endpoints(["north"]) == []


def test_a_test_can_be_sent_again(receiver: Receiver, endpoint: WebhookEndpoint) -> None:
    receiver.answers = [500]
    queued = queue_test(endpoint_id=endpoint.id, now=NOW)
    send_due(endpoint_id=endpoint.id)

    redeliver(delivery_id=queued.id, now=NOW)
    send_due(endpoint_id=endpoint.id)

    assert WebhookDelivery.objects.get().state == "DELIVERED"
    assert [each.status for each in WebhookAttempt.objects.order_by("number")] == [500, 204]


def test_the_admin_leads_to_what_a_test_was_answered(owner: Client, endpoint: WebhookEndpoint) -> None:
    body = {"action": "test", "_selected_action": [str(endpoint.id)]}
    answered = owner.post("/admin/integrations/webhookendpoint/", body)
    (message,) = [str(each) for each in get_messages(answered.wsgi_request)]

    queued = WebhookDelivery.objects.get()
    assert f"/admin/integrations/webhookdelivery/{queued.id}/change/" in message
    assert send_due(endpoint_id=endpoint.id) == 1
    page = owner.get(f"/admin/integrations/webhookdelivery/{queued.id}/change/").content.decode()
    assert " 204 " in page


def test_an_unknown_endpoint_is_not_tested(key: Terminal) -> None:
    with nothing_happened():
        assert key.post(f"/webhook-endpoints/{uuid4()}/test", {}).status_code == 404
