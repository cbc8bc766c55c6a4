"""Webhooks: signed, in order for each aggregate, for three days; paused when dead; logged, redelivered, replayed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.test import Client
from standardwebhooks import Webhook, WebhookVerificationError

from events import sweeper
from events.cloudevents import rendered
from events.demand import forget, is_wanted
from events.events import WebhookEndpointPaused
from events.gauges import scraped
from events.log import read_at
from events.models import Subscription, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookSecret
from events.pins import PinImpossible, pin_version
from events.publishing import publish
from events.subscriptions import find_subscriber
from events.unit_of_work import unit_of_work
from events.webhooks import http, sending
from events.webhooks.deliveries import NotSkippable, redeliver, send_test, skip
from events.webhooks.endpoints import (
    QUEUEING,
    TooManyEndpoints,
    TypesUnknown,
    create_endpoint,
    delete_endpoint,
    pause_endpoint,
    resume_endpoint,
    rotate_secret,
)
from events.webhooks.http import UrlRefused
from events.webhooks.queueing import replay_period
from events.webhooks.sending import send_due
from kernel.api.scopes import WEBHOOKS_WRITE
from kernel.ids import new_id
from kernel.refusals import NotFound
from payments.events import PaymentFailed
from staff.services import hire_owner, issue_api_key
from tenants.models import Tenant
from tests import make
from tests.conftest import Terminal
from tests.events.receiving import Receiver, receiving
from tests.work import drain, published, settle

NOW = datetime.now(UTC)
A, B = UUID(int=1), UUID(int=2)


@pytest.fixture
def receiver(shop: Tenant, settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_MAY_BE_LOCAL = True
    with receiving() as started:
        yield started
    forget()


@pytest.fixture
def endpoint(receiver: Receiver) -> WebhookEndpoint:
    return create_endpoint(url=receiver.url, now=NOW)[0]


def fail(*tenders: UUID) -> None:
    """Say that cards were declined; the tender is the stream."""
    with unit_of_work():
        for tender_id in tenders:
            publish(
                PaymentFailed(
                    order_id=new_id(), tender_id=tender_id, amount=5, currency="EUR", outcome="DECLINED", reason="no"
                )
            )
    drain(QUEUEING)


def states(endpoint: WebhookEndpoint) -> list[tuple[int, str]]:
    rows = WebhookDelivery.objects.filter(endpoint=endpoint).order_by("replay", "position")
    return list(rows.values_list("position", "state"))


def later(**since: float) -> datetime:
    return datetime.now(UTC) + timedelta(**since)


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
        "dataschema": "urn:tillflow:schema:payments.payment_failed:2",
        "tenant": "north",
        "dataversion": 2,
        "position": 1,
        "streamversion": 1,
        "recordedtime": stored.recorded_at.isoformat(),
        "correlationid": str(stored.correlation_id),
        "data": {},
    }
    assert received.event["data"]["outcome"] == "DECLINED"
    assert states(endpoint) == [(1, "DELIVERED")]


def test_a_tenant_without_endpoints_pays_nothing(shop: Tenant) -> None:
    forget()
    fail(A)

    assert not is_wanted("north", find_subscriber(QUEUEING))
    assert not Subscription.objects.filter(subscriber=QUEUEING).exists()
    assert WebhookDelivery.objects.count() == 0


def test_only_what_was_asked_for_and_what_is_public_is_sent_and_nothing_from_before(receiver: Receiver) -> None:
    make.variant()
    endpoint, _ = create_endpoint(url=receiver.url, types=["payments.payment_failed"], now=NOW)
    everything, _ = create_endpoint(url=receiver.url, now=NOW)
    make.variant("TEA")
    fail(A)
    with unit_of_work():
        publish(WebhookEndpointPaused(endpoint_id=A, url="", reason=""))
    drain(QUEUEING)

    assert states(endpoint) == [(3, "PENDING")]
    assert states(everything) == [(2, "PENDING"), (3, "PENDING")]


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
    with pytest.raises(NotSkippable):
        skip(delivery_id=WebhookDelivery.objects.get(position=2).id)
    with pytest.raises(NotFound):
        skip(delivery_id=A)


def test_an_endpoint_that_is_dead_for_a_day_is_paused_with_a_notice(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    receiver.always = 500
    fail(*(UUID(int=number) for number in range(1, 13)))
    send_due(endpoint_id=endpoint.id, now=later(seconds=1))
    assert WebhookEndpoint.objects.get().failures == 12
    send_due(endpoint_id=endpoint.id, now=later(hours=25))
    settle()

    paused = WebhookEndpoint.objects.get()
    assert paused.state == "PAUSED"
    assert "20 attempts failed" in paused.pause_reason
    assert published("events.webhook_endpoint_paused")[0].data["url"] == receiver.url
    assert any(receiver.url in message.subject for message in mail.outbox)
    assert len(receiver.received) == 20
    send_due(endpoint_id=endpoint.id, now=later(hours=26))
    assert len(receiver.received) == 20

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


def test_after_a_rotation_both_secrets_sign_for_a_day(receiver: Receiver) -> None:
    endpoint, first = create_endpoint(url=receiver.url, now=NOW)
    second = rotate_secret(endpoint_id=endpoint.id, now=NOW)
    fail(A)
    send_due(endpoint_id=endpoint.id)
    (received,) = receiver.received
    for secret in (first, second):
        Webhook(secret).verify(received.body, received.headers)

    WebhookSecret.objects.exclude(expires_at=None).update(expires_at=NOW - timedelta(minutes=1))
    fail(B)
    send_due(endpoint_id=endpoint.id)

    Webhook(second).verify(receiver.received[1].body, receiver.received[1].headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(first).verify(receiver.received[1].body, receiver.received[1].headers)
    assert first not in WebhookSecret.objects.first().sealed  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "ftp://example.com",
        "https://user:password@example.com/",
        "https://127.0.0.1/",
        "https://10.0.0.8/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https:///nowhere",
    ],
)
def test_private_addresses_and_plain_http_are_refused(shop: Tenant, url: str) -> None:
    with pytest.raises(UrlRefused):
        create_endpoint(url=url, now=NOW)

    assert WebhookEndpoint.objects.count() == 0
    assert not Subscription.objects.filter(subscriber=QUEUEING).exists()


def test_a_name_that_resolves_to_a_private_address_is_not_called(receiver: Receiver, settings: Any) -> None:
    settings.WEBHOOKS_MAY_BE_LOCAL = False

    answer = http.post(receiver.url.replace("127.0.0.1", "localhost"), b"{}", {})

    assert answer.status is None
    assert answer.error
    assert receiver.received == []


def test_one_that_does_not_answer_is_an_error_with_its_reason(shop: Tenant, settings: Any) -> None:
    settings.WEBHOOKS_MAY_BE_LOCAL = True

    answer = http.post("http://127.0.0.1:1/", b"{}", {})

    assert (answer.status, answer.delivered) == (None, False)
    assert "ConnectionError" in answer.error


def test_types_and_versions_that_cannot_be_served_are_refused(shop: Tenant) -> None:
    url = "https://example.com/hook"
    for types in (["pos.nothing"], ["pos.card_charge_requested"]):
        with pytest.raises(TypesUnknown):
            create_endpoint(url=url, types=types, now=NOW)
    for pins in ({"payments.payment_failed": 3}, {"payments.payment_failed": 0}, {"pos.card_charge_requested": 1}):
        with pytest.raises(PinImpossible):
            create_endpoint(url=url, pins=pins, now=NOW)

    assert WebhookEndpoint.objects.count() == 0


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
    assert rendered(read_at("north", 1))["dataversion"] == 2


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

    assert sending.due_endpoints() == [("north", endpoint.id)]
    pause_endpoint(endpoint_id=endpoint.id, reason="r", now=NOW)
    assert sending.due_endpoints() == []
    assert sweeper.sweep() >= 0


def test_a_deleted_endpoint_gets_nothing_and_its_secrets_are_gone(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    fail(A)
    delete_endpoint(endpoint_id=endpoint.id, now=NOW)
    fail(B)

    assert send_due(endpoint_id=endpoint.id) == 0
    assert states(endpoint) == [(1, "PENDING")]
    assert WebhookSecret.objects.count() == 0
    with pytest.raises(NotFound):
        send_test(endpoint_id=endpoint.id)


def test_integrators_work_through_the_api(receiver: Receiver) -> None:
    key = Terminal("north.localhost", issue_api_key(name="shopify", scopes=[WEBHOOKS_WRITE]))
    made = key.post("/webhook-endpoints", {"url": receiver.url, "types": ["payments.payment_failed"]}).json()
    path = f"/webhook-endpoints/{made['id']}"
    fail(A)
    send_due(endpoint_id=UUID(made["id"]))
    tested = key.post(f"{path}/test", {}).json()
    (delivery,) = key.get("/webhook-deliveries", endpoint=made["id"], state="delivered").json()["results"]
    again = key.post(f"/webhook-deliveries/{delivery['id']}/redeliver", {})
    skipped = key.post(f"/webhook-deliveries/{delivery['id']}/skip", {})
    rotated = key.post(f"{path}/rotate-secret", {}).json()
    period = {"since": (NOW - timedelta(days=1)).isoformat(), "until": later(days=1).isoformat()}
    replayed = key.post(f"{path}/replay", period)
    paused = key.client.patch(f"/api/v1{path}", {"state": "PAUSED"}, headers=key.headers, format="json")
    pinned = key.client.patch(
        "/api/v1/version-pins", {"type": "payments.payment_failed", "version": 1}, headers=key.headers, format="json"
    )

    assert made["secret"].startswith("whsec_")
    assert rotated["secret"] != made["secret"]
    assert (tested["delivered"], tested["status"]) == (True, 204)
    assert [each["status"] for each in delivery["tries"]] == [204]
    assert (again.status_code, skipped.status_code, replayed.status_code, pinned.status_code) == (202, 204, 202, 204)
    assert replayed.json()["count"] == 1
    assert paused.json()["state"] == "PAUSED"
    assert key.get("/version-pins").json() == [{"type": "payments.payment_failed", "version": 1}]
    assert [row["id"] for row in key.get("/webhook-endpoints").json()] == [made["id"]]
    assert "secret" not in key.get(path).json()
    resumed = key.client.patch(f"/api/v1{path}", {"state": "ACTIVE"}, headers=key.headers, format="json")
    assert resumed.json()["state"] == "ACTIVE"
    assert key.client.delete(f"/api/v1{path}", headers=key.headers).status_code == 204
    assert key.get(path).status_code == 404


def test_bad_requests_are_told_what_is_wrong(receiver: Receiver, api: Terminal, settings: Any) -> None:
    settings.WEBHOOKS_MAY_BE_LOCAL = False
    key = Terminal("north.localhost", issue_api_key(name="shopify", scopes=[WEBHOOKS_WRITE]))

    local = key.post("/webhook-endpoints", {"url": "https://10.0.0.1/hook"})
    unknown = key.post("/webhook-endpoints", {"url": "https://example.com/", "types": ["pos.nothing"]})
    backwards = key.post(f"/webhook-endpoints/{A}/replay", {"since": "2026-02-01T00:00Z", "until": "2026-01-01T00:00Z"})
    terminal = api.post("/webhook-endpoints", {"url": "https://example.com/"})

    assert (local.status_code, local.json()["code"]) == (422, "url-refused")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "types-unknown")
    assert backwards.status_code == 422
    assert terminal.status_code == 403
    assert WebhookEndpoint.objects.count() == 0


def test_the_admin_makes_tests_and_pauses_an_endpoint(receiver: Receiver) -> None:
    owner = Client(headers={"Host": "north.localhost"})
    owner.force_login(hire_owner(username="ada", password="a long secret"))
    add = "/admin/events/webhookendpoint/add/"

    wrong = owner.post(add, {"url": "ftp://example.com", "description": "", "types": ""})
    done = owner.post(
        add, {"url": receiver.url, "description": "till", "types": "payments.payment_failed"}, follow=True
    )
    endpoint = WebhookEndpoint.objects.get()
    for action in ("test", "pause", "resume", "rotate"):
        owner.post("/admin/events/webhookendpoint/", {"action": action, "_selected_action": [str(endpoint.id)]})
    fail(A)
    send_due(endpoint_id=endpoint.id)
    delivery = WebhookDelivery.objects.get()
    page = owner.get(f"/admin/events/webhookdelivery/{delivery.id}/change/").content.decode()
    for action in ("redeliver", "skip"):
        owner.post("/admin/events/webhookdelivery/", {"action": action, "_selected_action": [str(delivery.id)]})

    assert b"over https only" in wrong.content
    assert b"whsec_" in done.content
    assert len(receiver.received) == 2
    assert "204" in page
    assert WebhookDelivery.objects.get().state == "SKIPPED"
    assert WebhookSecret.objects.count() == 2


def test_a_secret_sealed_with_another_key_is_an_error_of_the_attempt(
    receiver: Receiver, endpoint: WebhookEndpoint, settings: Any
) -> None:
    fail(A)
    settings.SECRET_KEY = "another"

    send_due(endpoint_id=endpoint.id)

    assert receiver.received == []
    assert "SecretUnreadable" in WebhookAttempt.objects.get().error
    assert states(endpoint) == [(1, "PENDING")]


def test_a_shop_has_at_most_so_many_endpoints(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.webhooks.endpoints.MOST_ENDPOINTS", 1)
    create_endpoint(url=receiver.url, now=NOW)

    with pytest.raises(TooManyEndpoints):
        create_endpoint(url=receiver.url, now=NOW)

    assert WebhookEndpoint.objects.count() == 1


def test_metrics_show_paused_endpoints_and_waiting_deliveries(receiver: Receiver, endpoint: WebhookEndpoint) -> None:
    fail(A)
    pause_endpoint(endpoint_id=endpoint.id, reason="r", now=NOW)

    lines = scraped().decode().splitlines()

    assert 'tillflow_webhook_endpoints_paused{tenant="north"} 1.0' in lines
    assert 'tillflow_webhook_deliveries_waiting{state="pending"} 1.0' in lines


def test_a_pin_of_no_event_is_refused(shop: Tenant) -> None:
    with pytest.raises(PinImpossible, match="no event type"):
        pin_version(type_name="pos.nothing", version=1)
