"""Deliveries: in order for each aggregate, for three days; paused when dead; logged, redelivered, replayed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from standardwebhooks import Webhook

from events.contracts.pins import pin_version
from events.log.log import read_at
from events.maintenance import sweeper
from events.testing.work import drain, published, settle
from integrations.cloudevents import rendered
from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from integrations.webhooks import sending
from integrations.webhooks.deliveries import NotSkippable, queue_test, redeliver, skip
from integrations.webhooks.endpoints import (
    QUEUEING,
    create_endpoint,
    origin_of,
    pause_endpoint,
    resume_endpoint,
    rotate_secret,
)
from integrations.webhooks.http import Answer
from integrations.webhooks.queueing import replay_period
from integrations.webhooks.sending import send_due
from kernel.refusals import NotFound
from tests.support.hooking import NOW, A, B, fail, later, states
from tests.support.receiving import Receiver
from tests.support.unchanged import nothing_happened


def test_an_event_arrives_as_a_signed_cloudevent(receiver: Receiver) -> None:
    endpoint, secret = create_endpoint(url=receiver.url, now=NOW)
    fail(A)

    assert send_due(endpoint_id=endpoint.id) == 1

    (received,) = receiver.received
    assert Webhook(secret).verify(received.body, received.headers) == received.event
    assert received.headers["Content-Type"] == "application/cloudevents+json"
    (stored,) = published()
    assert received.headers["webhook-id"] == received.event["id"] == str(stored.event_id)
    assert received.event | {"data": {}} == {
        "specversion": "1.0",
        "id": str(stored.event_id),
        "source": "urn:tillflow:tenant:north",
        "type": "payments.payment_failed",
        "subject": f"tender:{A}",
        "time": stored.occurred_at.isoformat(),
        "datacontenttype": "application/json",
        "dataschema": "urn:tillflow:schema:payments.payment_failed:3",
        "tenant": "north",
        "dataversion": 3,
        "position": 1,
        "streamversion": 1,
        "recordedtime": stored.recorded_at.isoformat(),
        "correlationid": str(stored.correlation_id),
        "data": {},
    }
    assert received.event["data"]["outcome"] == "DECLINED"
    assert states(endpoint) == [(1, "DELIVERED")]


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422, 429, 500, 503, 302])
def test_whatever_is_answered_is_tried_again_and_order_holds_on_its_stream(
    receiver: Receiver, endpoint: WebhookEndpoint, status: int
) -> None:
    receiver.answers = [status]
    fail(A, B, A)

    send_due(endpoint_id=endpoint.id, now=later(seconds=1))
    assert states(endpoint) == [(1, "PENDING"), (2, "DELIVERED"), (3, "PENDING")]
    send_due(endpoint_id=endpoint.id, now=later(hours=1))

    assert receiver.positions == [1, 2, 1, 3]
    assert states(endpoint) == [(1, "DELIVERED"), (2, "DELIVERED"), (3, "DELIVERED")]
    tries = WebhookAttempt.objects.filter(delivery__position=1).order_by("number")
    assert [(each.number, each.status) for each in tries] == [(1, status), (2, 204)]


def test_after_three_days_a_delivery_is_parked_with_its_successors(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    receiver.always = 500
    fail(A, A)
    for hours in (0, 1, 30, 60, 71.9, 73, 80):
        send_due(endpoint_id=endpoint.id, now=later(hours=hours))
        WebhookEndpoint.objects.update(failing_since=None)

    assert states(endpoint) == [(1, "PARKED"), (2, "PENDING")]
    assert receiver.positions == [1] * 6
    receiver.always = 204
    delivery = WebhookDelivery.objects.get(position=1)
    redeliver(delivery_id=delivery.id, now=later(hours=81))
    send_due(endpoint_id=endpoint.id, now=later(hours=81))

    assert states(endpoint) == [(1, "DELIVERED"), (2, "DELIVERED")]


def test_a_parked_delivery_can_be_skipped_and_one_that_arrived_cannot(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    fail(A, A)
    WebhookDelivery.objects.filter(position=1).update(state="PARKED")

    skip(delivery_id=WebhookDelivery.objects.get(position=1).id)
    send_due(endpoint_id=endpoint.id)

    assert states(endpoint) == [(1, "SKIPPED"), (2, "DELIVERED")]
    with nothing_happened(), pytest.raises(NotSkippable):
        skip(delivery_id=WebhookDelivery.objects.get(position=2).id)
    with nothing_happened(), pytest.raises(NotFound):
        skip(delivery_id=A)


def test_an_endpoint_that_is_dead_for_a_day_is_paused_with_a_notice(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    receiver.always = 500
    fail(*(UUID(int=number) for number in range(1, 13)))
    for hour in range(24):
        send_due(endpoint_id=endpoint.id, now=later(hours=hour))
    assert WebhookEndpoint.objects.get().failures == 26
    send_due(endpoint_id=endpoint.id, now=later(hours=25))
    settle()

    paused = WebhookEndpoint.objects.get()
    assert paused.state == "PAUSED"
    assert "27 attempts failed" in paused.pause_reason
    assert published("events.webhook_endpoint_paused")[0].data["url"] == origin_of(receiver.url)
    assert any(origin_of(receiver.url) in message.subject for message in mail.outbox)
    assert len(receiver.received) == 27
    send_due(endpoint_id=endpoint.id, now=later(hours=26))
    assert len(receiver.received) == 27

    receiver.always = 204
    resume_endpoint(endpoint_id=endpoint.id, now=later(hours=27))
    send_due(endpoint_id=endpoint.id, now=later(hours=27))

    assert {state for _position, state in states(endpoint)} == {"DELIVERED"}
    assert published("events.webhook_endpoint_resumed")
    assert WebhookEndpoint.objects.get().failing_since is None


def test_what_happens_while_an_endpoint_is_paused_waits_for_it(receiver: Receiver, endpoint: WebhookEndpoint) -> None:
    pause_endpoint(endpoint_id=endpoint.id, reason="stocktaking", now=NOW)
    pause_endpoint(endpoint_id=endpoint.id, reason="again", now=NOW)
    fail(A)

    assert send_due(endpoint_id=endpoint.id) == 0
    resume_endpoint(endpoint_id=endpoint.id, now=NOW)
    resume_endpoint(endpoint_id=endpoint.id, now=NOW)
    assert send_due(endpoint_id=endpoint.id) == 1

    assert len(published("events.webhook_endpoint_paused")) == 1


def test_an_endpoint_or_a_tenant_may_stay_behind(receiver: Receiver) -> None:
    newest, _ = create_endpoint(url=receiver.url, pins={"payments.payment_failed": 2}, now=NOW)
    older, _ = create_endpoint(url=receiver.url, now=NOW)
    pin_version(type_name="payments.payment_failed", version=1)
    fail(A)

    send_due(endpoint_id=newest.id)
    send_due(endpoint_id=older.id)

    first, second = (received.event for received in receiver.received)
    assert (first["dataversion"], "outcome" in first["data"]) == (2, True)
    assert (second["dataversion"], "outcome" in second["data"]) == (1, False)
    pin_version(type_name="payments.payment_failed", version=None)
    assert rendered(read_at("north", 1))["dataversion"] == 3


def test_the_delivery_key_is_the_events_own_so_a_repetition_is_known(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    fail(A)
    send_due(endpoint_id=endpoint.id)

    replay, count = replay_period(endpoint_id=endpoint.id, since=NOW - timedelta(hours=1), until=later(hours=1))
    again = drain(QUEUEING)
    send_due(endpoint_id=endpoint.id)
    nothing = replay_period(endpoint_id=endpoint.id, since=NOW - timedelta(hours=2), until=NOW - timedelta(hours=1))

    assert (count, nothing[1], again) == (1, 0, 0)
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert set(WebhookDelivery.objects.values_list("replay", flat=True)) == {"", replay}


def test_a_lost_lease_is_sent_again_under_the_same_key(receiver: Receiver, endpoint: WebhookEndpoint) -> None:
    fail(A)
    sending._lease(endpoint.id, datetime.now(UTC))
    assert send_due(endpoint_id=endpoint.id) == 0

    assert send_due(endpoint_id=endpoint.id, now=later(seconds=61)) == 1

    assert states(endpoint) == [(1, "DELIVERED")]
    assert list(WebhookAttempt.objects.order_by("number").values_list("number", "status")) == [(1, None), (2, 204)]


def test_the_sweeper_rings_for_deliveries_that_are_due(receiver: Receiver, endpoint: WebhookEndpoint) -> None:
    fail(A, A)
    WebhookDelivery.objects.update(next_attempt_at=NOW - timedelta(minutes=1))

    assert sending.due_endpoints(["north"]) == [("north", endpoint.id)]
    pause_endpoint(endpoint_id=endpoint.id, reason="r", now=NOW)
    assert sending.due_endpoints(["north"]) == []
    assert sweeper.sweep() >= 0


def test_a_secret_sealed_with_another_key_is_an_error_until_it_is_rotated(
    receiver: Receiver, endpoint: WebhookEndpoint, settings: Any
) -> None:
    fail(A)
    settings.SECRET_KEY = "another"

    send_due(endpoint_id=endpoint.id)

    assert receiver.received == []
    assert "rotate it" in WebhookAttempt.objects.get().error
    assert states(endpoint) == [(1, "PENDING")]
    rotate_secret(endpoint_id=endpoint.id, now=NOW)
    send_due(endpoint_id=endpoint.id, now=later(hours=1))
    assert states(endpoint) == [(1, "DELIVERED")]


def test_a_trial_has_the_shape_of_other_events_and_is_in_no_log(receiver: Receiver) -> None:
    endpoint, secret = create_endpoint(url=receiver.url, pins={"payments.payment_failed": 1}, now=NOW)
    fail(A)
    send_due(endpoint_id=endpoint.id, now=later(seconds=1))

    for _ in range(2):
        queue_test(endpoint_id=endpoint.id, now=NOW)
        send_due(endpoint_id=endpoint.id, now=later(seconds=1))

    real, trial, again = (each.event for each in receiver.received)
    headers = receiver.received[1].headers
    assert list(WebhookAttempt.objects.values_list("status", flat=True)) == [204] * 3
    assert {name: type(trial[name]) for name in trial} == {name: type(real[name]) for name in trial}
    assert real.keys() - trial.keys() == {
        "dataschema", "dataversion", "position", "streamversion", "recordedtime", "correlationid"
    }  # fmt: skip
    assert (trial["type"], trial["source"], trial["data"]) == ("events.webhook_tested", real["source"], {})
    assert len({real["id"], trial["id"], again["id"]}) == 3
    assert (headers["webhook-id"], headers["Content-Type"]) == (trial["id"], "application/cloudevents+json")
    assert [event.type for event in published()] == ["payments.payment_failed"]
    assert Webhook(secret).verify(receiver.received[1].body, headers) == trial


def test_a_secret_sealed_with_the_key_before_is_readable(
    receiver: Receiver, endpoint: WebhookEndpoint, settings: Any
) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]

    fail(A)
    send_due(endpoint_id=endpoint.id)

    assert states(endpoint) == [(1, "DELIVERED")]


@pytest.mark.parametrize(
    ("act", "answered", "left"),
    [
        (skip, 500, "SKIPPED"),
        (partial(redeliver, now=NOW), 204, "PENDING"),
    ],
)
def test_what_an_operator_does_during_a_call_stands(
    endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch, act: Callable[..., None], answered: int, left: str
) -> None:
    fail(A)

    def answered_late(*_call: object) -> Answer:
        act(delivery_id=WebhookDelivery.objects.get().id)
        return Answer(status=answered, milliseconds=1)

    monkeypatch.setattr(sending, "post_signed", answered_late)
    send_due(endpoint_id=endpoint.id, budget=0)

    assert states(endpoint) == [(1, left)]
    assert WebhookAttempt.objects.get().status == answered
