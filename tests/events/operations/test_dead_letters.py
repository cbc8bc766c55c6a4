"""Dead letters: grouped, tried without effect, retried, discarded, corrected; by API, by command, in the admin."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client

from events.models import Event, OperatorAction, ParkedEvent, ProcessedEvent, Subscription
from events.operations.actions import ReasonMissing
from events.operations.copies import CopyInvalid
from events.operations.dead_letters import groups, letters
from events.operations.dry_run import dry_run
from events.operations.parked import NotParked, discard_parked, publish_edited_copy
from events.publishing.publish import publish
from events.subscribing import Backoff, Delivery
from events.testing.work import drain, names
from kernel.tenancy import in_public_schema
from pos.models import Location, TaxRate
from staff.services import issue_api_key
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.support.explaining import Explaining
from tests.support.recording import Recorder, Subscribe, parked, say, written
from tests.support.terminal import Terminal
from tests.support.unchanged import SESSION, nothing_happened
from web.scopes import EVENTS_READ

ONE_ATTEMPT = Backoff(attempts=1)


@pytest.fixture
def dead(recorder: Recorder, subscribe: Subscribe) -> str:
    """Two dead events of one kind of error, the first with one that waits behind it."""
    recorder.failing = {"bad": 99, "worse": 99}
    name = subscribe(recorder.record, TenantSuspended, backoff=ONE_ATTEMPT)
    say("bad", "good", "bad", "worse")
    drain(name)
    return name


def test_dead_letters_are_grouped_with_what_is_blocked(dead: str) -> None:
    assert parked(dead) == [(1, "DEAD"), (3, "WAITING"), (4, "DEAD")]

    by_error = sorted(groups(), key=lambda group: group.positions)

    assert [(g.subscriber, g.error, g.count, g.blocked, g.positions) for g in by_error] == [
        (dead, "ValueError: no bad today", 1, 1, [1]),
        (dead, "ValueError: no worse today", 1, 0, [4]),
    ]
    (letter,) = letters(position=1)
    assert (letter.stream, letter.blocked, letter.version) == ("tenant:bad", [3], 1)
    assert letter.data["tenant_name"] == "bad"


def test_many_long_errors_are_grouped_without_reading_them(dead: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO events_parkedevent (tenant_id, subscriber, position, event_id, type, stream, state, attempts,
                starts, next_attempt_at, error, fingerprint, reason, parked_at, updated_at)
            SELECT 'north', %s, 100 + n, gen_random_uuid(), 'tenants.tenant_suspended', 'many:' || n, 'DEAD', 1, 0,
                now(), repeat('Traceback ', 800) || E'\\nError: ' || n, 'many', '', now(), now()
            FROM generate_series(1, 2000) AS n
            """,
            [dead],
        )
    explaining = Explaining()

    with connection.execute_wrapper(explaining):
        found = groups()[0]

    assert (found.count, found.error, found.positions[:2]) == (2000, "Error: 2000", [101, 102])
    assert "temp written" not in explaining.read[0][1], explaining.read[0][1]


def test_h06_a_dead_letter_whose_event_left_the_log_is_listed_as_archived(
    dead: str, operator: Terminal, owner: Client
) -> None:
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM public.events_event WHERE tenant_id = 'north' AND position = 1")
    row = ParkedEvent.objects.get(position=1)

    shown = operator.get("/dead-letters").json()["dead_letters"]
    copy = owner.get(f"/admin/events/parkedevent/{row.pk}/edited-copy/", follow=True).content.decode()
    count = discard_parked(subscriber=dead, position=1, operator="user:ada", reason="nobody needs it")

    assert [(each["position"], each["archived"], each["version"]) for each in shown] == [(1, True, None), (4, False, 1)]
    assert (shown[0]["data"], shown[0]["blocked"], shown[0]["type"]) == (None, [3], "tenants.tenant_suspended")
    assert "the event at position 1 is in an archive only" in copy
    assert count == 1


def test_a_dry_run_shows_the_rows_and_keeps_nothing(shop: Tenant, subscribe: Subscribe) -> None:
    failing = True
    TaxRate.objects.create(name="Unused", rate=0)

    def change_much(event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        if failing:
            raise ValueError("not yet")
        Location.objects.create(code="NEW", name=event.tenant_name, currency="EUR")
        Location.objects.filter(code="MAIN").update(name="Renamed")
        Location.objects.select_for_update(no_key=True).get(code="MAIN")
        TaxRate.objects.select_for_update().get(name="Standard, added")
        TaxRate.objects.filter(name="Unused").delete()
        publish(TenantReactivated(tenant_uuid=event.tenant_uuid, tenant_name=event.tenant_name))

    name = subscribe(change_much, TenantSuspended, backoff=ONE_ATTEMPT)
    say("a")
    drain(name)
    fails = dry_run(subscriber=name, position=1)
    failing = False

    found = dry_run(subscriber=name, position=1)

    assert "ValueError: not yet" in fails.error
    assert not fails.succeeds
    assert found.succeeds
    changes = {(c.table, c.before and c.before["name"], c.after and c.after["name"]) for c in found.changes}
    assert changes == {
        ("pos_location", None, "a"),
        ("pos_location", "north", "Renamed"),
        ("pos_taxrate", "Unused", None),
    }
    assert [type_name for type_name, _data in found.publishes] == ["tenants.tenant_reactivated"]
    assert Location.objects.get().name == "north"
    assert TaxRate.objects.filter(name="Unused").exists()
    assert names() == ["tenants.tenant_suspended"]
    assert parked(name) == [(1, "DEAD")]


def test_a_dry_run_of_real_commits_sees_only_its_own_doing(committed: Tenant, subscribe: Subscribe) -> None:
    def write_one(event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        Location.objects.create(code="DRY", name=event.tenant_name, currency="EUR")

    name = subscribe(write_one, TenantSuspended)
    say("a")
    Location.objects.create(code="OTHER", name="before", currency="EUR")

    found = dry_run(subscriber=name, position=1)

    assert [(change.before, change.after and change.after["code"]) for change in found.changes] == [(None, "DRY")]
    assert set(Location.objects.values_list("code", flat=True)) == {"MAIN", "OTHER"}


def test_a_group_is_discarded_with_one_reason_and_its_successors_go_on(dead: str, recorder: Recorder) -> None:
    (kind,) = {group.fingerprint for group in groups() if group.positions == [1]}
    recorder.failing = {}

    count = discard_parked(subscriber=dead, fingerprint=kind, operator="user:ada", reason="a test")
    drain(dead)

    assert count == 1
    assert parked(dead) == [(1, "DISCARDED"), (4, "DEAD")]
    assert written() == ["2-good", "3-bad"]
    with nothing_happened(), pytest.raises(NotParked, match="name the events to discard"):
        discard_parked(subscriber=dead, operator="user:ada", reason="all of them?")


def test_an_edited_copy_is_applied_by_its_subscriber_alone(shop: Tenant, subscribe: Subscribe) -> None:
    mended, heard = Recorder(), Recorder()
    mended.failing = {"bad": 99}
    name = subscribe(mended.record, TenantSuspended, backoff=ONE_ATTEMPT)
    other = subscribe(lambda_named(heard), TenantSuspended)
    say("bad", "good", "bad")
    drain(name)
    drain(other)
    mended.failing = {}
    data = {**letters(position=1)[0].data, "tenant_uuid": str(UUID(int=7))}

    event_id = publish_edited_copy(subscriber=name, position=1, data=data, operator="user:ada", reason="mended by hand")
    drain(name)
    drain(other)

    copy = Event.objects.get(event_id=event_id)
    assert (copy.position, copy.stream_version, copy.actor) == (4, 3, "user:ada")
    assert copy.causation_id == Event.objects.get(position=1).event_id
    assert mended.calls[-2:] == ["bad", "bad"]
    assert parked(name) == [(1, "DISCARDED")]
    assert heard.calls == ["bad", "good", "bad"]
    assert copy.audience == name
    assert not ParkedEvent.objects.filter(subscriber=other).exists()
    assert not ProcessedEvent.objects.filter(subscriber=other, position=4).exists()
    assert Subscription.objects.get(subscriber=other).cursor == 4
    assert [(a.action, a.position) for a in OperatorAction.objects.all()] == [("edited copy", 1)]


def lambda_named(recorder: Recorder) -> Callable[..., None]:
    def hear(event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        recorder.calls.append(event.tenant_name)

    return hear


def test_a_copy_that_is_no_event_or_of_another_stream_changes_nothing(dead: str) -> None:
    whole = letters(position=1)[0].data

    for data, error in (
        ({"tenant_name": "bad"}, "missing"),
        ({**whole, "tenant_name": "other"}, "tenant:other"),
        ({**whole, "tenant_name": "nul \0"}, "cannot be stored"),
        ({**whole, "tenant_name": "\ud800"}, "cannot be stored"),
    ):
        with nothing_happened(), pytest.raises(CopyInvalid, match=error):
            publish_edited_copy(subscriber=dead, position=1, data=data, operator="user:ada", reason="r")
    with nothing_happened(), pytest.raises(ReasonMissing):
        publish_edited_copy(subscriber=dead, position=1, data=whole, operator="user:ada", reason="")
    with nothing_happened(), pytest.raises(NotParked):
        publish_edited_copy(subscriber=dead, position=2, data=whole, operator="user:ada", reason="r")


def test_operators_work_through_the_api(dead: str, operator: Terminal, recorder: Recorder) -> None:
    listed = operator.get("/dead-letters").json()
    recorder.failing = {"worse": 99}
    retried = operator.post("/dead-letters/retry", {"subscriber": dead, "position": 1}).json()
    drain(dead)
    discarded = operator.post("/dead-letters/discard", {"subscriber": dead, "position": 4, "reason": "no use"}).json()

    assert [group["blocked"] for group in listed["groups"]] in ([1, 0], [0, 1])
    assert listed["dead_letters"][0]["data"]["tenant_name"] == "bad"
    assert (retried, discarded) == ({"count": 1}, {"count": 1})
    assert parked(dead) == [(4, "DISCARDED")]
    assert written() == ["1-bad", "2-good", "3-bad"]
    assert list(OperatorAction.objects.values_list("operator", "action", "reason")) == [
        ("api-key:ops", "retry", ""),
        ("api-key:ops", "discard", "no use"),
    ]


def test_a_copy_and_a_pause_through_the_api(dead: str, operator: Terminal, recorder: Recorder) -> None:
    data = letters(position=4)[0].data
    made = operator.post(
        "/dead-letters/edited-copy", {"subscriber": dead, "position": 4, "data": data, "reason": "mended"}
    )
    with nothing_happened():
        bad = operator.post("/dead-letters/edited-copy", {"subscriber": dead, "position": 1, "data": {}, "reason": "r"})
    paused = operator.client.patch(
        "/api/v1/subscriptions", {"subscriber": dead, "paused": True, "reason": "stocktaking"},
        headers=operator.headers, format="json",
    )  # fmt: skip
    listed = {row["subscriber"]: row for row in operator.get("/subscriptions").json()}

    assert (made.status_code, bad.status_code, paused.status_code) == (201, 422, 204)
    assert bad.json()["code"] == "copy-invalid"
    assert listed[dead]["paused"] is True
    assert (listed[dead]["dead"], listed[dead]["waiting"]) == (1, 1)


def test_a_key_without_the_scope_a_terminal_and_another_shops_key_are_refused(
    dead: str, api: Terminal, south: Tenant, operator: Terminal
) -> None:
    reader = Terminal("north.localhost", issue_api_key(name="reader", scopes=[EVENTS_READ]))
    stranger = Terminal("south.localhost", operator.headers["Authorization"].removeprefix("Bearer "))
    nobody = Terminal("north.localhost", "tk.north.nonsense")

    answers = [client.get("/dead-letters") for client in (reader, api, stranger, nobody)]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 401]
    assert answers[2].json()["code"] == "tenant-mismatch"
    assert reader.get("/events").status_code == 200
    with nothing_happened():
        unknown = operator.post("/dead-letters/retry", {"subscriber": "tests.nobody"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("killer", [{"error": "KilledItsWorker: started 3 times without an end"}, {"starts": 1}])
def test_c15_what_killed_a_worker_is_tried_by_no_web_process(
    dead: str, owner: Client, operator: Terminal, recorder: Recorder, killer: dict[str, Any]
) -> None:
    ParkedEvent.objects.filter(position=1).update(**killer)
    row, calls = ParkedEvent.objects.get(position=1), len(recorder.calls)

    with nothing_happened(but=SESSION):
        shown = owner.post(f"/admin/events/parkedevent/{row.pk}/dry-run/", {"action": "try"}, follow=True)
        answer = operator.post("/dead-letters/dry-run", {"subscriber": dead, "position": 1})

    assert "has killed the process that handled it" in shown.content.decode()
    assert (answer.status_code, answer.json()["code"]) == (409, "dry-run-refused")
    assert len(recorder.calls) == calls


def test_c15_a_handler_that_exits_is_named_by_a_sentence(shop: Tenant, subscribe: Subscribe) -> None:
    def leave(_event: TenantSuspended, _delivery: object) -> None:
        raise SystemExit(7)

    name = subscribe(leave, TenantSuspended)
    say("a")

    found = dry_run(subscriber=name, position=1)

    assert found.error == "The handler asks its process to end: SystemExit."


def test_the_admin_groups_tries_and_discards(dead: str, owner: Client, recorder: Recorder) -> None:
    page = owner.get("/admin/events/parkedevent/groups/").content.decode()
    row = ParkedEvent.objects.get(position=1)
    calls = len(recorder.calls)
    opened = owner.get(f"/admin/events/parkedevent/{row.pk}/dry-run/").content.decode()
    assert "Try it" in opened
    assert len(recorder.calls) == calls
    change = owner.get(f"/admin/events/parkedevent/{row.pk}/change/").content.decode()
    chosen = {"parked": str(row.pk)}
    with nothing_happened(but=SESSION):
        refused = owner.post("/admin/events/parkedevent/groups/", {**chosen, "action": "discard"}, follow=True)
    recorder.failing = {}
    done = owner.post("/admin/events/parkedevent/groups/", {**chosen, "action": "retry"}, follow=True)
    drain(dead)

    assert "no bad today" in page
    assert "dry-run" in change
    assert "say why" in refused.content.decode()
    assert "1 events are tried again" in done.content.decode()
    assert written() == ["1-bad", "2-good", "3-bad"]


def test_the_admin_publishes_an_edited_copy(dead: str, owner: Client) -> None:
    row = ParkedEvent.objects.get(position=4)
    url = f"/admin/events/parkedevent/{row.pk}/edited-copy/"
    form = owner.get(url)
    data = {**letters(position=4)[0].data, "tenant_uuid": str(UUID(int=9))}

    with nothing_happened(but=SESSION):
        wrong = owner.post(url, {"payload": '{"tenant_name": "bad"}', "reason": "r"})
    done = owner.post(url, {"payload": json.dumps(data), "reason": "mended"}, follow=True)

    assert b"for tests." in form.content
    assert b"missing" in wrong.content
    assert b"the copy is event" in done.content
    assert Event.objects.get(position=5).data["tenant_uuid"] == str(UUID(int=9))


def test_a_cashier_may_not_operate(dead: str, owner: Client) -> None:
    from staff.models import User

    cashier = User.objects.create_user("cash", password="another secret", is_staff=True)
    client = Client(headers={"Host": "north.localhost"})
    client.force_login(cashier)

    with nothing_happened(but=SESSION | {"events_auditentry"}):
        assert client.get("/admin/events/parkedevent/groups/").status_code == 403
        assert client.post("/admin/events/parkedevent/groups/", {}).status_code == 403
        assert owner.post("/admin/events/parkedevent/groups/", {}).status_code == 404
    assert connection.schema_name == "north"


def test_the_commands_discard_by_kind(dead: str) -> None:
    from io import StringIO

    from django.core.management import call_command

    kind = letters(position=1)[0].fingerprint
    out = StringIO()
    call_command(
        "events", "discard", dead, "--tenant", "north", "--fingerprint", kind, "--reason", "a test", stdout=out
    )

    assert out.getvalue() == f"1 events are discarded for {dead}\n"
