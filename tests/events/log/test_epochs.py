"""After a restore from a backup positions are given again: a new epoch, and no cursor of the log that was lost is taken."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from events.log.epochs import Cursor, Epochs
from events.log.horizon import CursorOfAnotherEpoch, read_cursor, require_resumable
from events.log.log import read_at
from events.models import OperatorAction
from events.operations.restoring import begin_epoch
from events.subscriptions.registry import forget_subscriber
from integrations.api import live
from integrations.asyncapi import INFO
from integrations.models import WebhookEndpoint
from integrations.outward import Outward, outward
from integrations.terms import Terms, terms_of_tenant
from integrations.webhooks.sending import send_due
from kernel.tenancy import in_public_schema, in_tenant
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support import make
from tests.support.bridging import FakeBridge, bridged
from tests.support.hooking import A, B, fail, later
from tests.support.receiving import Receiver
from tests.support.restoring import restore
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened
from web.scopes import EVENTS_READ

OPERATOR = "user:ada"


@pytest.fixture
def reader(shop: Tenant, settings: Any) -> Terminal:
    settings.LIVE_SECONDS = 0.2
    return Terminal("north.localhost", issue_api_key(name="reader", scopes=[EVENTS_READ]))


@pytest.fixture
def restored(reader: Terminal) -> Terminal:
    """A backup was made at position 2, four events were read, and others were written after the restore."""
    for sku in ("A", "B", "LOST", "LOST TOO"):
        make.variant(sku)
    assert reader.get("/events").json()["next_after"] == 4
    restore(2)
    return reader


@pytest.fixture
def bridge() -> Iterator[FakeBridge]:
    bridge = FakeBridge()
    yield bridge
    forget_subscriber(bridge.name)


def trade_on() -> None:
    for sku in ("C", "D", "E"):
        make.variant(sku)


def skus(page: Any) -> list[str]:
    return [event["data"]["sku"] for event in page.json()["events"]]


def stream(reader: Terminal, query: str = "", **headers: str) -> Any:
    return reader.client.get(f"/api/v1/events/stream{query}", headers={**reader.headers, **headers})


def ids(answer: Any) -> list[str]:
    lines = b"".join(answer).decode().splitlines()
    return [line.removeprefix("id: ") for line in lines if line.startswith("id: ")]


def test_without_a_new_epoch_a_restore_hides_events_from_those_who_had_read_on(restored: Terminal) -> None:
    ahead = restored.get("/events", after=4)
    trade_on()
    hidden = restored.get("/events", after=4)

    assert (ahead.status_code, ahead.json()["code"], ahead.json()["resume_after"]) == (410, "cursor-ahead", 2)
    assert (hidden.status_code, skus(hidden)) == (200, ["E"])


def test_after_a_new_epoch_each_consumer_is_sent_to_where_its_log_and_this_one_part(restored: Terminal) -> None:
    number = begin_epoch(operator=OPERATOR, reason="disk lost").number
    trade_on()

    ahead, behind = restored.get("/events", after=4), restored.get("/events", after="1-1")

    assert [answer.status_code for answer in (ahead, behind)] == [410, 410]
    assert [answer.json()["code"] for answer in (ahead, behind)] == ["cursor-of-another-epoch"] * 2
    assert (ahead.json()["resume_after"], ahead.json()["withdrawn_after"]) == (f"{number}-2", 2)
    assert (behind.json()["resume_after"], behind.json().get("withdrawn_after")) == (f"{number}-1", None)
    assert ahead.json()["epoch"] == number
    assert skus(restored.get("/events", after=ahead.json()["resume_after"])) == ["C", "D", "E"]
    assert skus(restored.get("/events", after=behind.json()["resume_after"])) == ["B", "C", "D", "E"]


def test_pages_of_a_later_epoch_lead_from_one_to_the_next(restored: Terminal) -> None:
    number = begin_epoch(operator=OPERATOR, reason="disk lost").number
    trade_on()

    first = restored.get("/events", limit=3)
    second = restored.get("/events", limit=3, after=first.json()["next_after"])
    empty = restored.get("/events", after=second.json()["next_after"])

    assert [page.json()["next_after"] for page in (first, second, empty)] == [
        f"{number}-3",
        f"{number}-5",
        f"{number}-5",
    ]
    assert [skus(page) for page in (first, second, empty)] == [["A", "B", "C"], ["D", "E"], []]
    assert [event.get("epoch") for event in first.json()["events"]] == [None, None, number]


def test_the_beginning_is_asked_for_by_0_in_every_epoch(restored: Terminal) -> None:
    begin_epoch(operator=OPERATOR, reason="disk lost")

    assert skus(restored.get("/events", after=0)) == ["A", "B"]
    assert ids(stream(restored, "?after=0"))[0].endswith("-1")


def test_a_cursor_of_this_epoch_that_is_ahead_of_the_log_is_gone(restored: Terminal) -> None:
    number = begin_epoch(operator=OPERATOR, reason="disk lost").number

    answer = restored.get("/events", after=f"{number}-3")

    assert (answer.status_code, answer.json()["code"]) == (410, "cursor-ahead")
    assert answer.json()["resume_after"] == f"{number}-2"


@pytest.mark.parametrize("after", ["x", "", "-1", "1-", "1.5", "1-2-3", "\0", " 1", "9" * 30])
def test_a_cursor_that_is_none_is_a_bad_request_of_feed_and_stream(reader: Terminal, after: str) -> None:
    pulled = reader.get("/events", after=after)
    followed = reader.client.get("/api/v1/events/stream", {"after": after}, headers=reader.headers)

    assert [(a.status_code, a.json()["code"]) for a in (pulled, followed)] == [(400, "cursor-invalid")] * 2


def test_a_plain_position_and_one_of_the_first_epoch_are_the_same(reader: Terminal) -> None:
    make.variant("A")
    make.variant("B")

    assert skus(reader.get("/events", after="1-1")) == skus(reader.get("/events", after=1)) == ["B"]
    assert read_cursor("7").shown == read_cursor("1-7").shown == 7


def test_a_stream_is_taken_up_again_in_the_new_epoch(restored: Terminal) -> None:
    number = begin_epoch(operator=OPERATOR, reason="disk lost").number
    trade_on()

    refused = stream(restored, **{"Last-Event-ID": "4"})
    taken_up = ids(stream(restored, **{"Last-Event-ID": str(refused.json()["resume_after"])}))
    again = ids(stream(restored, **{"Last-Event-ID": taken_up[-2]}))

    assert (refused.status_code, refused.json()["code"]) == (410, "cursor-of-another-epoch")
    assert taken_up == [f"{number}-3", f"{number}-4", f"{number}-5"]
    assert again == [f"{number}-5"]


def test_a_stream_that_is_open_when_an_epoch_begins_ends(reader: Terminal, settings: Any) -> None:
    settings.LIVE_SECONDS = 60.0
    make.variant("A")
    answer = stream(reader, "?after=0")
    lines = iter(answer)
    before = [next(lines), next(lines)]

    begin_epoch(operator=OPERATOR, reason="disk lost")
    make.variant("B")

    assert before[1].startswith(b"id: 1\n")
    assert list(lines) == []
    answer.close()
    assert live.places._taken == []


def test_every_way_out_names_the_epoch_that_a_position_was_given_in(
    restored: Terminal, receiver: Receiver, endpoint: WebhookEndpoint, bridge: FakeBridge
) -> None:
    forward = bridged(bridge)
    fail(A)
    number = begin_epoch(operator=OPERATOR, reason="disk lost").number
    fail(B)

    send_due(endpoint_id=endpoint.id, now=later(seconds=1))
    forward()
    followed = b"".join(stream(restored, f"?after={number}-2")).decode()
    pulled = restored.get("/events", after=f"{number}-2").json()["events"]

    expected = [(None, 3), (number, 4)]
    assert [(each.event.get("epoch"), each.event["position"]) for each in receiver.received] == expected
    assert [(m.get("epoch"), m["position"]) for m in map(json.loads, [m.body for m in bridge.sent])] == expected
    assert [(event.get("epoch"), event["position"]) for event in pulled] == expected
    assert f'"epoch":{number}' in followed


def test_an_undeliverable_event_is_named_with_its_epoch(shop: Tenant) -> None:
    fail(A)
    stored = read_at("north", 1)

    found = outward(stored, Terms(pins={stored.envelope.type: 99}, epochs=Epochs(((1, 0), (50, 0)))))

    assert not isinstance(found, Outward)
    assert (found.event()["epoch"], found.event()["position"]) == (50, 1)


def test_numbers_follow_the_clock_so_that_a_second_restore_of_one_backup_gives_none_again(restored: Terminal) -> None:
    began = int(time.time())
    first = begin_epoch(operator=OPERATOR, reason="disk lost").number
    second = begin_epoch(operator=OPERATOR, reason="disk lost").number
    restore(2, epochs=True)

    third = begin_epoch(operator=OPERATOR, reason="disk lost").number

    assert began <= first < second
    assert third >= began
    assert restored.get("/events", after=f"{second}-2").status_code == 410


def test_of_an_epoch_that_this_database_does_not_know_nothing_is_taken_for_read(restored: Terminal) -> None:
    number = begin_epoch(operator=OPERATOR, reason="disk lost").number

    for unknown in (number - 1, number + 1):
        answer = restored.get("/events", after=f"{unknown}-1")
        assert (answer.status_code, answer.json()["resume_after"]) == (410, f"{number}-0")
        assert answer.json()["withdrawn_after"] == 0


def test_a_cursor_that_is_two_restores_old_goes_back_to_the_earlier_of_them() -> None:
    epochs = Epochs(((1, 0), (10, 100), (20, 60), (30, 80)))

    assert [epochs.still_true(Cursor(position=p)) for p in (50, 90, 200)] == [50, 60, 60]
    assert epochs.still_true(Cursor(epoch=20, position=90)) == 80
    assert [epochs.of(position) for position in (1, 60, 61, 80, 81, 200)] == [1, 1, 20, 20, 30, 30]


def test_a_tenant_that_the_new_epoch_did_not_find_begins_in_it(restored: Terminal) -> None:
    with in_public_schema(), connection.cursor() as cursor:
        number = begin_epoch(operator=OPERATOR, reason="disk lost").number
        cursor.execute("DELETE FROM events_epochstart WHERE tenant_id = 'north'")

    assert terms_of_tenant().epochs == Epochs(((1, 0), (number, 0)))
    with pytest.raises(CursorOfAnotherEpoch) as refused:
        require_resumable(Cursor(position=2))
    assert refused.value.details["resume_after"] == f"{number}-0"


def test_a_shop_sees_where_an_epoch_began_in_its_own_log_only(restored: Terminal, south: Tenant) -> None:
    begun = begin_epoch(operator=OPERATOR, reason="disk lost")

    assert begun.starts["north"] == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM events_epochstart")
        assert cursor.fetchall() == [("north",)]
    with in_tenant(south):
        assert terms_of_tenant().epochs.starts[-1] == (begun.number, begun.starts["south"])


def test_an_epoch_that_is_begun_late_begins_where_the_restore_was(restored: Terminal) -> None:
    trade_on()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_event DISABLE TRIGGER events_event_append_only")
        cursor.execute("UPDATE events_event SET recorded_at = recorded_at - interval '1 hour' WHERE position <= 2")
        cursor.execute("ALTER TABLE events_event ENABLE TRIGGER events_event_append_only")

    at = datetime.now(UTC) - timedelta(minutes=30)
    begun = begin_epoch(operator=OPERATOR, reason="disk lost", restored_at=at)

    assert begun.starts["north"] == 2
    assert restored.get("/events", after=4).json()["resume_after"] == f"{begun.number}-2"


def test_the_command_says_what_integrators_must_know_and_is_audited(restored: Terminal) -> None:
    out = StringIO()

    call_command("events", "new-epoch", "--reason", "disk lost", "--while-running", stdout=out)

    with in_public_schema():
        action = OperatorAction.objects.get(action__startswith="new epoch")
    number = int(action.action.removeprefix("new epoch "))
    assert (action.tenant_id, action.reason) == ("public", "disk lost")
    assert action.operator.startswith("shell:")
    assert f"epoch {number} has begun" in out.getvalue()
    assert f"{'north':<20} positions up to 2\n" in out.getvalue()
    assert f'"{number}-17"' in out.getvalue()
    assert "cursor-of-another-epoch" in out.getvalue()


@pytest.mark.parametrize("reason", ["", " "])
def test_f1_an_epoch_needs_a_reason(restored: Terminal, reason: str) -> None:
    with nothing_happened(), pytest.raises(CommandError, match="--reason"):
        call_command("events", "new-epoch", "--while-running", "--reason", reason)


def test_f1_no_epoch_begins_while_others_work_in_the_database(restored: Terminal) -> None:
    other = connection.copy()
    try:
        other.ensure_connection()
        with (
            nothing_happened(),
            pytest.raises(CommandError, match=r"stop web processes and workers first.*--while-running"),
        ):
            call_command("events", "new-epoch", "--reason", "disk lost")
    finally:
        other.close()


@pytest.fixture
def documents(reader: Terminal) -> Iterator[tuple[str, str]]:
    yield reader.client.get("/api/schema", headers=reader.headers).content.decode(), INFO["description"]


def test_the_documents_name_what_cursors_are_answered_with(documents: tuple[str, str]) -> None:
    for code in ("cursor-invalid", "cursor-ahead", "cursor-expired", "cursor-of-another-epoch"):
        assert all(code in document for document in documents), code
