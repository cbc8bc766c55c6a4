"""What is so old that it is in archives only: readers are told, and never sent on over a gap."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from events.log.horizon import CursorInvalid, EventArchived, read_cursor
from events.log.log import head, read_at
from events.testing.work import drain, settle
from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from integrations.webhooks.deliveries import redeliver
from integrations.webhooks.endpoints import QUEUEING, create_endpoint
from integrations.webhooks.queueing import replay_period
from integrations.webhooks.sending import send_due
from kernel.ids import new_id
from tenants.models import Tenant
from tests.support import make
from tests.support.ageing import age, retained
from tests.support.terminal import Terminal, terminal
from tests.support.unchanged import nothing_happened

KEPT_SINCE = datetime(2020, 2, 1, tzinfo=UTC)


@pytest.fixture
def endpoint(old_month: str, settings: Any) -> WebhookEndpoint:
    """An endpoint that was told of two variants, which were then dropped from the log."""
    settings.WEBHOOKS_MAY_BE_LOCAL, settings.LIVE_SECONDS = True, 0.2
    made, _ = create_endpoint(url="http://127.0.0.1:1/hook", now=make.NOW)
    make.variant("A")
    make.variant("B")
    settle()
    drain(QUEUEING)
    send_due(endpoint_id=made.id)
    WebhookDelivery.objects.update(state="DELIVERED")
    age()
    assert [dropped for _, dropped, _ in retained()] == [True]
    return made


def stream(till: Terminal, last: str) -> Any:
    return till.client.get("/api/v1/events/stream", headers={**till.headers, "Last-Event-ID": last})


def test_a_feed_is_not_resumed_over_a_gap(endpoint: WebhookEndpoint) -> None:
    till, dropped = terminal("north"), head("north")
    make.variant("C")

    pulled, followed = till.get("/events", after=1), stream(till, "1")

    assert (pulled.status_code, followed.status_code) == (410, 410)
    assert pulled.json()["code"] == "cursor-expired"
    assert pulled.json()["dropped_up_to"] == dropped
    assert f"after={dropped} goes on after them" in pulled.json()["detail"]
    for after in (0, dropped):
        page = till.get("/events", after=after).json()
        assert [event["position"] for event in page["events"]] == [dropped + 1]
    assert b"id: %d\n" % (dropped + 1) in b"".join(stream(till, str(dropped)))


def test_the_log_of_deliveries_goes_with_their_events(endpoint: WebhookEndpoint) -> None:
    make.variant("C")
    drain(QUEUEING)

    assert WebhookDelivery.objects.get().position > 1
    assert WebhookAttempt.objects.count() == 0


def test_what_was_dropped_is_not_sent_again(endpoint: WebhookEndpoint) -> None:
    delivery = WebhookDelivery.objects.create(
        id=new_id(),
        tenant_id="north",
        endpoint=endpoint,
        replay="",
        position=1,
        event_id=new_id(),
        type="pos.variant_changed",
        stream="variant:1",
        state="DELIVERED",
        attempts=1,
        next_attempt_at=make.NOW,
        created_at=make.NOW,
    )

    with nothing_happened(), pytest.raises(EventArchived, match="position 1 is in an archive only"):
        redeliver(delivery_id=delivery.id, now=make.NOW)
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"DELIVERED"}

    WebhookDelivery.objects.filter(id=delivery.id).update(state="PENDING")
    send_due(endpoint_id=endpoint.id)
    assert WebhookAttempt.objects.get().error.startswith("EventArchived: the event at position 1")


def test_a_period_is_replayed_whole_or_not_at_all(endpoint: WebhookEndpoint) -> None:
    make.variant("C")
    now = datetime.now(UTC) + timedelta(hours=1)

    with nothing_happened(), pytest.raises(EventArchived, match="before 2020-02-01T00:00:00Z"):
        replay_period(endpoint_id=endpoint.id, since=KEPT_SINCE - timedelta(seconds=1), until=now)
    _, count = replay_period(endpoint_id=endpoint.id, since=KEPT_SINCE, until=now)

    assert count == 1
    assert read_at("north", head("north")).envelope.type == "pos.variant_changed"


def test_a_trace_says_where_a_dropped_stream_is(endpoint: WebhookEndpoint) -> None:
    with pytest.raises(CommandError, match=r"nothing .* since 2020-02-01; older months: manage.py retention --show"):
        call_command("trace", "--tenant", "north", "--stream", "variant:1")


@pytest.mark.parametrize(
    "cursor", ["²", "-1", "", "1.5", "9" * 30, "٣", "x", "-", "1-", "-1-2", "1-2-3", "1 - 2", "²-1", "1-9" + 20 * "9"]
)
def test_in8_a_last_event_id_that_is_no_position_is_refused(shop: Tenant, cursor: str) -> None:
    with pytest.raises(CursorInvalid) as refused:
        read_cursor(cursor)

    assert refused.value.status == 400


def test_in8_a_cursor_that_is_refused_is_a_problem_of_the_stream(shop: Tenant) -> None:
    answer = stream(terminal("north"), "-1")

    assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid")


def test_in8_a_cursor_ahead_of_the_log_is_gone_and_named(shop: Tenant) -> None:
    till = terminal("north")

    for answer in (till.get("/events", after=999_999), stream(till, "999999")):
        body = answer.json()
        assert (answer.status_code, body["code"]) == (410, "cursor-ahead")
        assert body["resume_after"] == head("north")


def test_a_consumer_of_rare_types_that_has_polled_is_never_too_late(old_month: str) -> None:
    till = terminal("north")
    make.variant("A")
    make.variant("B")
    settle()
    first = till.get("/events", after=0, limit=1).json()
    page = till.get("/events", after=first["next_after"], types="pos.order_completed").json()
    newest = head("north")
    age()
    assert [dropped for _, dropped, _ in retained()] == [True]

    again = till.get("/events", after=page["next_after"], types="pos.order_completed")

    assert (first["next_after"], page["events"], page["next_after"]) == (1, [], newest)
    assert (again.status_code, again.json()["next_after"]) == (200, newest)
    assert till.get("/events", after=first["next_after"]).status_code == 410
