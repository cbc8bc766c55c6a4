"""Outgoing calls that came to nothing: seen, and sent again under their keys; by API, by command, in the admin."""

from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db.models import F
from django.test import Client
from django.utils import timezone

from events.models import OperatorAction, Outgoing
from events.operations import undelivered
from events.operations.undelivered import RUNG_AT_ONCE, send_again
from events.outgoing.calls import RefusedForGood, State, send
from kernel.ids import new_id
from kernel.refusals import NotFound
from kernel.tenancy import in_tenant
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support.sending import FakeSender, wanted
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened
from web.scopes import EVENTS_READ


def exhausted(sender: FakeSender) -> Outgoing:
    """Let the other side be down for all three attempts of a call."""
    row = wanted()
    sender.errors = [OSError("down")] * 3
    for _ in range(3):
        send(row.id)
    return row


def refused(sender: FakeSender) -> Outgoing:
    row = wanted()
    sender.errors = [RefusedForGood("no such mailbox")]
    send(row.id)
    return row


def waiting() -> Outgoing:
    """Let a call wait an hour for its next attempt."""
    row = wanted()
    Outgoing.objects.filter(id=row.id).update(attempts=1, next_attempt_at=timezone.now() + timedelta(hours=1))
    return row


def states(*rows: Outgoing) -> list[str]:
    by_id = dict(Outgoing.objects.values_list("id", "state"))
    return [by_id[row.id] for row in rows]


def test_a_call_out_of_attempts_is_sent_again_under_its_key_and_goes_on_counting(
    shop: Tenant, sender: FakeSender
) -> None:
    row = exhausted(sender)

    count = send_again(outgoing_id=row.id, operator="user:ada", reason="the server is back")

    assert (count, send(row.id)) == (1, State.DELIVERED)
    assert [(call.key, call.attempt) for call in sender.calls] == [(row.key, number) for number in (1, 2, 3, 4)]
    action = OperatorAction.objects.get()
    assert (action.operator, action.action, action.subscriber) == ("user:ada", "send again", "tests.fake")
    assert action.reason == f"{row.id}: the server is back"


def test_it_has_as_many_attempts_as_before(shop: Tenant, sender: FakeSender) -> None:
    row = exhausted(sender)
    send_again(outgoing_id=row.id, operator="user:ada")
    sender.errors = [OSError("down again")] * 3

    assert [send(row.id) for _ in range(4)] == [State.PENDING, State.PENDING, State.UNKNOWN, None]

    row.refresh_from_db()
    assert (row.attempts, row.error) == (6, "OSError: down again")


def test_those_that_wait_come_along_and_those_that_were_refused_do_not(shop: Tenant, sender: FakeSender) -> None:
    unknown, no, late = exhausted(sender), refused(sender), waiting()
    done = wanted()
    send(done.id)
    held = wanted()
    Outgoing.objects.filter(id=held.id).update(state=State.SENDING)

    assert send_again(operator="user:ada") == 2

    assert states(unknown, no, late, done, held) == ["PENDING", "FAILED", "PENDING", "DELIVERED", "SENDING"]
    assert [send(row.id) for row in (unknown, late)] == [State.DELIVERED] * 2


def test_one_that_was_refused_is_sent_again_where_it_is_meant(shop: Tenant, sender: FakeSender) -> None:
    row = refused(sender)

    send_again(outgoing_id=row.id, operator="user:ada")

    assert send(row.id) is State.DELIVERED


def test_of_one_kind_only(shop: Tenant, sender: FakeSender) -> None:
    mail, fake = exhausted(sender), exhausted(sender)
    Outgoing.objects.filter(id=mail.id).update(kind="notifications.mail")

    assert send_again(kind="tests.fake", operator="user:ada") == 1

    assert states(mail, fake) == ["UNKNOWN", "PENDING"]


def test_what_is_not_there_or_delivered_or_anothers_is_refused(shop: Tenant, south: Tenant, sender: FakeSender) -> None:
    delivered, unknown = wanted(), exhausted(sender)
    Outgoing.objects.filter(id=delivered.id).update(state=State.DELIVERED)

    for outgoing_id in (new_id(), delivered.id):
        with nothing_happened(), pytest.raises(NotFound, match="is undelivered, or waits"):
            send_again(outgoing_id=outgoing_id, operator="user:ada")
    with (
        nothing_happened(),
        pytest.raises(NotFound, match="no kind of call 'tests.typo': there are notifications.mail, "),
    ):
        send_again(kind="tests.typo", operator="user:ada")
    with in_tenant(south):
        with nothing_happened():
            assert send_again(operator="user:eve") == 0
        with nothing_happened(), pytest.raises(NotFound):
            send_again(outgoing_id=unknown.id, operator="user:eve")


def test_the_first_hundred_are_rung_for_and_the_sweeper_finds_the_rest(
    shop: Tenant, sender: FakeSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[object] = []
    for _ in range(RUNG_AT_ONCE + 1):
        wanted()
    monkeypatch.setattr(undelivered.calls, "ring", lambda _tenant, row, _queue: rung.append(row))

    assert send_again(operator="user:ada") == RUNG_AT_ONCE + 1

    assert len(set(rung)) == RUNG_AT_ONCE
    assert Outgoing.objects.filter(state=State.PENDING, forgiven=F("attempts")).count() == RUNG_AT_ONCE + 1


def test_operators_see_them_and_send_them_again_through_the_api(operator: Terminal, sender: FakeSender) -> None:
    unknown, other, no = exhausted(sender), exhausted(sender), refused(sender)

    listed = operator.get("/undelivered-calls").json()
    first = operator.get("/undelivered-calls", kind="tests.fake", limit=1).json()["calls"]
    none = operator.get("/undelivered-calls", kind="notifications.mail").json()["calls"]
    one = operator.post("/undelivered-calls/send-again", {"id": str(no.id), "reason": "the mailbox is there now"})
    rest = operator.post("/undelivered-calls/send-again", {"kind": "tests.fake"})
    with nothing_happened():
        typo = operator.post("/undelivered-calls/send-again", {"kind": "tests.typo"})

    groups = [(group["kind"], group["state"], group["count"], group["error"]) for group in listed["groups"]]
    assert groups == [
        ("tests.fake", "UNKNOWN", 2, "OSError: down"),
        ("tests.fake", "FAILED", 1, "RefusedForGood: no such mailbox"),
    ]
    assert [call["id"] for call in listed["calls"]] == [str(row.id) for row in (unknown, other, no)]
    assert (first[0]["key"], first[0]["attempts"], none) == (str(unknown.key), 3, [])
    assert [answer.json().get("count") for answer in (one, rest)] == [1, 3]
    assert (typo.status_code, typo.json()["code"]) == (404, "not-found")
    assert set(OperatorAction.objects.values_list("operator", flat=True)) == {"api-key:ops"}
    assert states(unknown, other, no) == ["PENDING"] * 3


def test_a_key_without_the_scope_sees_nothing_and_sends_nothing(
    shop: Tenant, api: Terminal, sender: FakeSender
) -> None:
    exhausted(sender)
    reader = Terminal("north.localhost", issue_api_key(name="reader", scopes=[EVENTS_READ]))

    for client in (reader, api):
        with nothing_happened(but={"events_auditentry"}):
            assert client.get("/undelivered-calls").status_code == 403
            assert client.post("/undelivered-calls/send-again", {}).status_code == 403


def test_the_command_says_how_many(shop: Tenant, sender: FakeSender) -> None:
    row, no = exhausted(sender), refused(sender)
    out = StringIO()

    call_command("events", "send-again", "--tenant", "north", "--kind", "tests.fake", stdout=out)
    call_command("events", "send-again", "--tenant", "north", "--id", str(no.id), stdout=out)
    with nothing_happened(), pytest.raises(CommandError, match="no kind of call 'tests.typo'"):
        call_command("events", "send-again", "--tenant", "north", "--kind", "tests.typo")

    assert out.getvalue() == "1 calls of north are sent again\n" * 2
    assert states(row, no) == ["PENDING", "PENDING"]


def test_the_admin_sends_again_what_is_chosen(owner: Client, sender: FakeSender) -> None:
    row, done = exhausted(sender), wanted()
    send(done.id)
    chosen = {"action": "send_again", "_selected_action": [str(row.id), str(done.id)]}

    page = owner.post("/admin/events/outgoing/", chosen, follow=True).content.decode()

    assert "1 calls are sent again" in page
    assert f"no call {done.id} is undelivered" in page
    assert states(row, done) == ["PENDING", "DELIVERED"]
    assert OperatorAction.objects.get().operator == "user:ada"


def test_a_scrape_counts_them_and_tells_the_age_of_what_is_on_its_way(shop: Tenant, sender: FakeSender) -> None:
    exhausted(sender)
    refused(sender)
    late = waiting()
    Outgoing.objects.filter(id=late.id).update(created_at=timezone.now() - timedelta(hours=1))

    headers = {"Host": "localhost", "Authorization": f"Bearer {settings.METRICS_TOKEN}"}
    lines = Client().get("/metrics", headers=headers).content.decode().splitlines()

    assert 'tillflow_calls_undelivered{kind="tests.fake",state="unknown",tenant="north"} 1.0' in lines
    assert 'tillflow_calls_undelivered{kind="tests.fake",state="failed",tenant="north"} 1.0' in lines
    (age,) = [line for line in lines if line.startswith('tillflow_calls_oldest_seconds{kind="tests.fake"')]
    assert 3600 <= float(age.split()[-1]) < 3700
