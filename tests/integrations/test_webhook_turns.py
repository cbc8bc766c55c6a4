"""Turns: an endpoint that is slow or dead holds one slot at most, and rests after failing several times in a row."""

from uuid import UUID

import pytest
from django.utils import timezone

from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.webhooks.deliveries import redeliver
from integrations.webhooks.sending import due_endpoints, send_due
from integrations.webhooks.turns import LONGEST_REST_SECONDS, TURN_SECONDS, end_turn, rest_after, take_turn
from kernel.tenancy import in_public_schema
from tests.support.hooking import A, B, fail, later, states
from tests.support.receiving import Receiver

MANY = [UUID(int=number) for number in range(1, 9)]


def due() -> list[UUID]:
    with in_public_schema():
        return [endpoint_id for _tenant, endpoint_id in due_endpoints(["north"])]


def test_a_worker_is_sent_away_while_another_calls_the_endpoint(receiver: Receiver, endpoint: WebhookEndpoint) -> None:
    fail(A, B)
    now = later(seconds=1)
    assert take_turn(endpoint.id, now)

    assert send_due(endpoint_id=endpoint.id, now=now) == 0
    end_turn(endpoint.id, now)

    assert send_due(endpoint_id=endpoint.id, now=now) == 2


def test_a_turn_that_nobody_ends_is_over_after_a_minute(receiver: Receiver, endpoint: WebhookEndpoint) -> None:
    fail(A)
    take_turn(endpoint.id, later(seconds=1))

    assert send_due(endpoint_id=endpoint.id, now=later(seconds=TURN_SECONDS - 2)) == 0
    assert send_due(endpoint_id=endpoint.id, now=later(seconds=TURN_SECONDS + 2)) == 1


def test_who_rang_during_a_turn_is_not_forgotten(
    receiver: Receiver, endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(A)
    rings: list[float] = []
    monkeypatch.setattr("integrations.webhooks.sending.ring", lambda _t, _e, countdown=0.0: rings.append(countdown))

    def meanwhile(endpoint_id: UUID, now: object, *, rest: float = 0.0) -> None:
        fail(B)
        assert send_due(endpoint_id=endpoint_id) == 0
        end_turn(endpoint_id, timezone.now(), rest=rest)

    monkeypatch.setattr("integrations.webhooks.sending.end_turn", meanwhile)
    send_due(endpoint_id=endpoint.id)

    assert states(endpoint) == [(1, "DELIVERED"), (2, "PENDING")]
    assert rings == [0.0]


def test_an_endpoint_that_keeps_failing_rests_and_holds_no_slot(receiver: Receiver, endpoint: WebhookEndpoint) -> None:
    receiver.always = 500
    fail(*MANY)

    assert send_due(endpoint_id=endpoint.id, now=later(seconds=1)) == 3
    assert send_due(endpoint_id=endpoint.id, now=later(seconds=2)) == 0
    assert send_due(endpoint_id=endpoint.id, now=later(minutes=1)) == 1
    receiver.always = 204
    assert send_due(endpoint_id=endpoint.id, now=later(hours=2)) == len(MANY)

    assert {state for _position, state in states(endpoint)} == {"DELIVERED"}


def test_the_sweeper_leaves_an_endpoint_alone_that_rests_or_is_being_called(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    fail(A)
    WebhookDelivery.objects.update(next_attempt_at=later(seconds=-5))
    assert due() == [endpoint.id]

    take_turn(endpoint.id, timezone.now())
    assert due() == []
    end_turn(endpoint.id, timezone.now(), rest=5)
    assert due() == []
    end_turn(endpoint.id, timezone.now())
    assert due() == [endpoint.id]


def test_an_operator_who_wants_it_sent_again_ends_the_rest(receiver: Receiver, endpoint: WebhookEndpoint) -> None:
    receiver.always = 500
    fail(*MANY)
    assert send_due(endpoint_id=endpoint.id) == 3
    receiver.always = 204
    assert send_due(endpoint_id=endpoint.id) == 0

    redeliver(delivery_id=WebhookDelivery.objects.get(position=1).id, now=timezone.now())

    assert send_due(endpoint_id=endpoint.id) > 0
    assert (1, "DELIVERED") in states(endpoint)


def test_a_rest_grows_to_five_minutes() -> None:
    assert [rest_after(failures) for failures in (1, 2, 3, 4, 5)] == [0, 0, 5, 10, 20]
    assert rest_after(9) == rest_after(10_000) == LONGEST_REST_SECONDS
