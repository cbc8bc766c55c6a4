"""Endpoints: made, guarded, signed for, pinned, shown; by API, in the admin."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from standardwebhooks import Webhook, WebhookVerificationError

from events.contracts.pins import PinImpossible, pin_version
from events.contracts.public_types import TypesUnknown
from events.events import WebhookEndpointPaused
from events.models import Subscription
from events.operations.gauges import scraped
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscriptions.demand import is_wanted
from events.subscriptions.registry import find_subscriber
from events.testing.work import drain
from integrations.models import WebhookDelivery, WebhookEndpoint, WebhookSecret
from integrations.webhooks import http, queueing
from integrations.webhooks.deliveries import queue_test
from integrations.webhooks.endpoints import (
    QUEUEING,
    TooManyEndpoints,
    create_endpoint,
    delete_endpoint,
    pause_endpoint,
    rotate_secret,
)
from integrations.webhooks.http import UrlRefused
from integrations.webhooks.sending import send_due
from kernel import limits
from kernel.refusals import NotFound, Refusal
from staff.services import hire_owner, issue_api_key
from tenants.models import Tenant
from tests.support import make
from tests.support.hooking import NOW, A, B, fail, later, states
from tests.support.receiving import Receiver
from tests.support.terminal import Terminal
from tests.support.unchanged import SESSION, nothing_happened
from web.scopes import WEBHOOKS_WRITE


def test_a_tenant_without_endpoints_pays_nothing(shop: Tenant) -> None:
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
    with nothing_happened(), pytest.raises(UrlRefused):
        create_endpoint(url=url, now=NOW)


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
        with nothing_happened(), pytest.raises(TypesUnknown):
            create_endpoint(url=url, types=types, now=NOW)
    for pins in ({"payments.payment_failed": 4}, {"payments.payment_failed": 0}, {"pos.card_charge_requested": 1}):
        with nothing_happened(), pytest.raises(PinImpossible):
            create_endpoint(url=url, pins=pins, now=NOW)


def test_a_deleted_endpoint_gets_nothing_and_its_secrets_are_gone(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    fail(A)
    delete_endpoint(endpoint_id=endpoint.id, now=NOW)
    fail(B)

    assert send_due(endpoint_id=endpoint.id) == 0
    assert states(endpoint) == [(1, "PENDING")]
    assert WebhookSecret.objects.count() == 0
    with nothing_happened(), pytest.raises(NotFound):
        queue_test(endpoint_id=endpoint.id, now=NOW)


def test_integrators_work_through_the_api(receiver: Receiver) -> None:
    key = Terminal("north.localhost", issue_api_key(name="shopify", scopes=[WEBHOOKS_WRITE]))
    made = key.post("/webhook-endpoints", {"url": receiver.url, "types": ["payments.payment_failed"]}).json()
    path = f"/webhook-endpoints/{made['id']}"
    fail(A)
    send_due(endpoint_id=UUID(made["id"]))
    tested = key.post(f"{path}/test", {})
    (delivery,) = key.get("/webhook-deliveries", endpoint_id=made["id"], state="delivered").json()["results"]
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
    assert (tested.status_code, tested.json()["state"], len(receiver.received)) == (202, "PENDING", 1)
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

    with nothing_happened(but={"events_auditentry"}):
        local = key.post("/webhook-endpoints", {"url": "https://10.0.0.1/hook"})
        unknown = key.post("/webhook-endpoints", {"url": "https://example.com/", "types": ["pos.nothing"]})
        backwards = key.post(
            f"/webhook-endpoints/{A}/replay", {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
        )
        terminal = api.post("/webhook-endpoints", {"url": "https://example.com/"})

    assert (local.status_code, local.json()["code"]) == (422, "url-refused")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "types-unknown")
    assert backwards.status_code == 422
    assert terminal.status_code == 403


def test_the_admin_makes_and_pauses_an_endpoint(receiver: Receiver) -> None:
    owner = Client(headers={"Host": "north.localhost"})
    owner.force_login(hire_owner(username="ada", password="a long secret"))
    add = "/admin/integrations/webhookendpoint/add/"

    wrong = owner.post(add, {"url": "ftp://example.com", "description": "", "types": ""})
    done = owner.post(
        add, {"url": receiver.url, "description": "till", "types": "payments.payment_failed"}, follow=True
    )
    endpoint = WebhookEndpoint.objects.get()
    pause = {"action": "pause", "_selected_action": [str(endpoint.id)]}
    asked = owner.post("/admin/integrations/webhookendpoint/", pause)
    assert WebhookEndpoint.objects.get().state == "ACTIVE"
    owner.post("/admin/integrations/webhookendpoint/", {**pause, "confirmed": "yes", "reason": "it moves"})
    assert WebhookEndpoint.objects.get().pause_reason == "it moves (paused by user:ada)"
    for action in ("resume", "rotate"):
        owner.post("/admin/integrations/webhookendpoint/", {**pause, "action": action})
    fail(A)
    send_due(endpoint_id=endpoint.id)
    delivery = WebhookDelivery.objects.get()
    page = owner.get(f"/admin/integrations/webhookdelivery/{delivery.id}/change/").content.decode()
    for action in ("redeliver", "skip"):
        owner.post("/admin/integrations/webhookdelivery/", {"action": action, "_selected_action": [str(delivery.id)]})

    assert b"over https only" in wrong.content
    assert b"sent nothing until they are resumed" in asked.content
    assert b"whsec_" in done.content
    assert len(receiver.received) == 1
    assert "204" in page
    assert WebhookDelivery.objects.get().state == "SKIPPED"
    assert WebhookSecret.objects.count() == 2


def test_a_shop_has_at_most_so_many_endpoints(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.webhooks.endpoints.MOST_ENDPOINTS", 1)
    create_endpoint(url=receiver.url, now=NOW)

    with nothing_happened(), pytest.raises(TooManyEndpoints):
        create_endpoint(url=receiver.url, now=NOW)


def test_a_period_with_too_many_events_is_refused_whole(
    receiver: Receiver, endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queueing, "LARGEST_REPLAY", 2)
    fail(A, B, A)
    period = {"since": NOW - timedelta(hours=1), "until": later(hours=1)}
    picky, _ = create_endpoint(url=receiver.url, types=["pos.order_completed"], now=NOW)

    with nothing_happened(), pytest.raises(queueing.ReplayTooLarge, match="more than 2 events"):
        queueing.replay_period(endpoint_id=endpoint.id, **period)

    assert queueing.replay_period(endpoint_id=picky.id, **period)[1] == 0


def test_metrics_show_paused_endpoints_and_waiting_deliveries(receiver: Receiver, endpoint: WebhookEndpoint) -> None:
    fail(A)
    pause_endpoint(endpoint_id=endpoint.id, reason="r", now=NOW)

    lines = scraped().decode().splitlines()

    assert 'tillflow_webhook_endpoints_paused{tenant="north"} 1.0' in lines
    assert 'tillflow_webhook_deliveries_waiting{state="pending"} 1.0' in lines


def test_a_pin_of_no_event_is_refused(shop: Tenant) -> None:
    with nothing_happened(), pytest.raises(PinImpossible, match="no event type"):
        pin_version(type_name="pos.nothing", version=1)


BAD_ENDPOINTS = [
    ("url", "https://example.com/" + "x" * 5000),
    ("url", "https://exa mple.com/x"),
    ("url", "https://example.com:99999/"),
    ("url", "https://example.com:0/"),
    ("url", "https://example.com:x/"),
    ("url", "https://[::1/"),
    ("url", "https://example.com/\x1b"),
    ("url", "https://"),
    ("url", "javascript:alert(1)"),
    ("description", "x" * 3000),
    ("description", "a\x1bb"),
    ("types", ["pos.order_completed"] * 300),
    ("types", ["typo"]),
    ("types", ["x" * 300]),
]


@pytest.mark.parametrize(("field", "value"), BAD_ENDPOINTS, ids=lambda value: str(value)[:30])
def test_in03_api_admin_and_service_refuse_the_same_endpoints(shop: Tenant, field: str, value: Any) -> None:
    good: dict[str, Any] = {"url": "https://example.com/hook", "description": "Accounting", "types": []}
    key = Terminal("north.localhost", issue_api_key(name="hooks", scopes=[WEBHOOKS_WRITE]))
    owner = Client(headers={"Host": "north.localhost"})
    owner.force_login(hire_owner(username="ada", password="a long secret"))
    typed = {**good, field: ",".join(value) if isinstance(value, list) else value}

    with nothing_happened(but=SESSION):
        answer = key.post("/webhook-endpoints", {**good, field: value})
        page = owner.post("/admin/integrations/webhookendpoint/add/", {**typed, "types": typed["types"] or ""})

    assert answer.status_code == 422
    assert page.status_code == 200
    assert list(page.context["adminform"].form.errors) == [field]
    with nothing_happened(), pytest.raises(Refusal) as refused:
        create_endpoint(**{**good, field: value}, now=NOW)
    assert refused.value.details["field"] == field


def test_in03_an_endpoint_with_all_it_may_have_is_made(shop: Tenant) -> None:
    url = "https://example.com:65535/" + "x" * (limits.URL - 26)

    endpoint, _ = create_endpoint(
        url=url, description="x" * limits.REASON, types=["pos.order_completed"] * limits.MOST_TYPES, now=NOW
    )

    assert (endpoint.url, len(endpoint.types)) == (url, limits.MOST_TYPES)
