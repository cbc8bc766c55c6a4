"""Slots: of the calls that leave at the same time, one tenant's are at most half."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from config import slots
from events.models import Outgoing
from events.outgoing import calls
from events.outgoing.calls import State, all_senders, send, send_in_line
from events.outgoing.slots import require_slot, slots_of_one
from events.publishing.unit_of_work import unit_of_work
from integrations.models import WebhookEndpoint
from integrations.webhooks import sending
from integrations.webhooks.endpoints import create_endpoint
from integrations.webhooks.sending import send_due
from kernel.tenancy import in_tenant
from tenants.models import Tenant
from tests.support.hooking import NOW, A, fail, later, states
from tests.support.racing import Aside
from tests.support.receiving import Receiver
from tests.support.sending import FakeSender, wanted
from tests.support.waiting import wait_for


@pytest.fixture(autouse=True)
def _slots(settings: Any) -> None:
    settings.OUTGOING_SLOTS = {"cards": 4, "mail": 2, "webhooks": 4}


def endpoints(receiver: Receiver, count: int) -> list[WebhookEndpoint]:
    made = [create_endpoint(url=receiver.url, now=NOW)[0] for _ in range(count)]
    fail(A)
    return made


def hold(*chosen: WebhookEndpoint) -> list[Any]:
    """Begin a call of each, and leave it without an answer."""
    return [sending._lease(endpoint.id, later(seconds=1)) for endpoint in chosen]


def test_w05_one_tenants_endpoints_hold_half_of_the_slots(receiver: Receiver, south: Tenant) -> None:
    first, second, third = endpoints(receiver, 3)
    held = hold(first, second)

    assert send_due(endpoint_id=third.id, now=later(seconds=1)) == 0
    with in_tenant(south):
        (other,) = endpoints(receiver, 1)
        assert send_due(endpoint_id=other.id, now=later(seconds=1)) == 1
    sending._record(held[0], sending._call(held[0].delivery, later(seconds=1)), later(seconds=1))
    assert send_due(endpoint_id=third.id, now=later(seconds=1)) == 1
    assert states(third) == [(1, "DELIVERED")]


def test_w05_who_found_no_slot_is_rung_for_when_one_is_free(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = endpoints(receiver, 3)
    rung: list[UUID] = []
    monkeypatch.setattr("integrations.webhooks.sending.ring", lambda _t, each, **_o: rung.append(each))
    (held, _) = hold(first, second)
    assert send_due(endpoint_id=third.id, now=later(seconds=1)) == 0
    assert rung == []
    sending._record(held, sending._call(held.delivery, later(seconds=1)), later(seconds=1))
    fail(A)

    assert send_due(endpoint_id=first.id, now=later(seconds=1)) == 1

    assert rung == [third.id]


def test_w05_a_call_of_a_worker_that_died_counts_until_its_lease_is_over(receiver: Receiver) -> None:
    first, second, third = endpoints(receiver, 3)
    hold(first, second)

    assert send_due(endpoint_id=third.id, now=later(seconds=sending.LEASE_SECONDS + 2)) == 1


def test_w05_cards_and_mail_of_one_tenant_hold_half_of_theirs(shop: Tenant, sender: FakeSender, south: Tenant) -> None:
    row, waiting = wanted(), wanted()
    with in_tenant(south):
        other = wanted()
    meanwhile: list[State | None] = []

    def call_others() -> None:
        meanwhile.append(send(waiting.id))
        with in_tenant(south):
            meanwhile.append(send(other.id))

    sender.meanwhile = call_others

    assert send_in_line(row.id) is State.DELIVERED

    assert meanwhile == [None, State.DELIVERED]
    assert set(Outgoing.objects.filter(kind=sender.kind).values_list("state", flat=True)) == {"DELIVERED"}


def test_w05_a_line_takes_turns_with_others_of_its_queue(
    shop: Tenant, sender: FakeSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = wanted(), wanted()
    rung: list[UUID] = []
    monkeypatch.setattr(calls, "ring", lambda _t, row, _q, **_o: rung.append(row))

    assert send_in_line(first.id, budget=-1) is State.DELIVERED

    assert rung == [second.id]
    assert send_in_line(first.id) is None


def test_w05_two_that_ask_at_once_do_not_both_get_the_last_slot(committed: Tenant, sender: FakeSender) -> None:
    row, other = wanted(), wanted()
    with unit_of_work():
        require_slot(FakeSender.queue, lambda: 0)
        lease = {"state": State.SENDING, "next_attempt_at": later(minutes=1)}
        Outgoing.objects.filter(id=row.id).update(**lease)
        aside = Aside(committed, lambda: send(other.id))
        wait_for(lambda: waits_for_a_lock() or not aside.thread.is_alive())

    assert aside.join() is None
    assert sender.calls == []


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
        return bool(cursor.fetchone()[0])


def test_w05_every_sender_has_slots() -> None:
    queues = {each.queue for each in all_senders()} | {sending.QUEUE}

    assert queues <= set(slots.DEFAULTS)
    assert [slots_of_one(queue) for queue in ("cards", "mail", "webhooks")] == [2, 1, 2]


def test_w05_the_environment_says_how_many_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDS_SLOTS", "12")

    assert slots.slots_of("cards") == 12
