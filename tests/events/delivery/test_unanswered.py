"""COMMITs that are not answered: whoever must know whether one was made asks, or does what may be done twice."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from events.delivery.failures import insist
from events.delivery.store import Store
from events.models import Outgoing, Subscription
from events.outgoing.calls import State, send
from events.subscriptions.cursors import count_outage, forget_start
from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from integrations.webhooks.sending import LEASE_SECONDS, send_due
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support.hooking import A, fail, later, states
from tests.support.outages import unanswered_commit
from tests.support.receiving import Receiver, receiving
from tests.support.recording import Recorder, Subscribe
from tests.support.sending import FakeSender, wanted

LEASE, OUTCOME = 1, 2
WEBHOOK_LEASE, WEBHOOK_OUTCOME = 2, 3
"""Which COMMIT of an attempt it is."""


def let_the_lease_end(row: Outgoing) -> None:
    Outgoing.objects.filter(id=row.id).update(next_attempt_at=timezone.now())


@pytest.mark.parametrize("made", [True, False])
def test_a_call_whose_lease_is_not_answered_is_made_once_when_the_lease_is_over(
    committed: Tenant, sender: FakeSender, made: bool
) -> None:
    row = wanted()

    with pytest.raises(OperationalError), unanswered_commit(LEASE, made=made):
        send(row.id)
    assert sender.calls == []
    assert send(row.id) is (None if made else State.DELIVERED)
    let_the_lease_end(row)
    send(row.id)

    assert [(call.key, call.attempt) for call in sender.calls] == [(row.key, 2 if made else 1)]
    assert sender.recorded == ["taken"]


@pytest.mark.parametrize("made", [True, False])
def test_a_call_whose_outcome_is_not_answered_is_made_again_only_where_it_is_not_on_record(
    committed: Tenant, sender: FakeSender, made: bool
) -> None:
    row = wanted()

    with pytest.raises(OperationalError), unanswered_commit(OUTCOME, made=made):
        send(row.id)
    row.refresh_from_db()
    assert row.state == ("DELIVERED" if made else "SENDING")
    let_the_lease_end(row)
    again = send(row.id)

    assert again is (None if made else State.DELIVERED)
    assert {call.key for call in sender.calls} == {row.key}
    assert [call.attempt for call in sender.calls] == ([1] if made else [1, 2])
    row.refresh_from_db()
    assert row.state == "DELIVERED"


@pytest.mark.parametrize("made", [True, False])
def test_a_failed_attempt_whose_record_is_not_answered_is_neither_forgotten_nor_counted_twice(
    committed: Tenant, sender: FakeSender, made: bool
) -> None:
    row = wanted()
    sender.errors = [OSError("down")] * 3

    with pytest.raises(OperationalError), unanswered_commit(OUTCOME, made=made):
        send(row.id)
    let_the_lease_end(row)
    after = [send(row.id) for _ in range(3)]

    assert after == [State.PENDING, State.UNKNOWN, None]
    assert [call.attempt for call in sender.calls] == [1, 2, 3]


@pytest.fixture
def receiver(committed: Tenant, settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_MAY_BE_LOCAL = True
    with receiving() as started:
        yield started


def count_of(column: str, name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM events_subscription WHERE subscriber = %s", [name])
        return int(cursor.fetchone()[0])


def attempts() -> list[tuple[int, int | None]]:
    return list(WebhookAttempt.objects.order_by("number").values_list("number", "status"))


@pytest.mark.parametrize("made", [True, False])
def test_a_webhook_whose_lease_is_not_answered_is_sent_once(
    endpoint: WebhookEndpoint, receiver: Receiver, made: bool
) -> None:
    fail(A)

    with pytest.raises(OperationalError), unanswered_commit(WEBHOOK_LEASE, made=made):
        send_due(endpoint_id=endpoint.id, now=later(seconds=1))
    assert receiver.received == []
    send_due(endpoint_id=endpoint.id, now=later(seconds=2))
    send_due(endpoint_id=endpoint.id, now=later(seconds=2 + LEASE_SECONDS))

    assert receiver.positions == [1]
    assert states(endpoint) == [(1, "DELIVERED")]
    assert attempts() == ([(1, None), (2, 204)] if made else [(1, 204)])


@pytest.mark.parametrize("made", [True, False])
def test_a_webhook_whose_outcome_is_not_answered_is_sent_again_only_where_it_is_not_on_record(
    endpoint: WebhookEndpoint, receiver: Receiver, made: bool
) -> None:
    fail(A, A)

    with pytest.raises(OperationalError), unanswered_commit(WEBHOOK_OUTCOME, made=made):
        send_due(endpoint_id=endpoint.id, now=later(seconds=1))
    send_due(endpoint_id=endpoint.id, now=later(seconds=2 + LEASE_SECONDS))

    assert receiver.positions == ([1, 2] if made else [1, 1, 2])
    ids = {each.event["id"] for each in receiver.received}
    assert len(ids) == WebhookDelivery.objects.count() == 2
    assert states(endpoint) == [(1, "DELIVERED"), (2, "DELIVERED")]


@pytest.mark.parametrize("made", [True, False])
def test_what_must_be_counted_is_counted_once_whether_or_not_its_commit_is_answered(
    committed: Tenant, subscribe: Subscribe, made: bool
) -> None:
    name = subscribe(Recorder().record, TenantSuspended)

    with unanswered_commit(made=made):
        counted = insist(Store(), lambda: count_outage("north", name, 1))

    assert (counted, count_of("outages", name)) == (1, 1)


@pytest.mark.parametrize("made", [True, False])
def test_of_several_counted_starts_one_is_taken_back(committed: Tenant, subscribe: Subscribe, made: bool) -> None:
    name = subscribe(Recorder().record, TenantSuspended)
    Subscription.objects.filter(subscriber=name).update(started_position=1, starts=2)

    with unanswered_commit(made=made):
        insist(Store(), lambda: forget_start("north", name, 1))

    assert count_of("starts", name) == 1


def test_what_a_unit_raises_before_its_commit_is_done_over_a_new_connection(
    committed: Tenant, subscribe: Subscribe
) -> None:
    name = subscribe(Recorder().record, TenantSuspended)
    with connection._nodb_cursor() as elsewhere:
        elsewhere.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])

    assert insist(Store(), lambda: count_outage("north", name, 1)) == 1
