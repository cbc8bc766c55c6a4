"""Redaction: what older versions told of people and cards leaves the log once, and nothing else of it changes."""

import gzip
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from events.log.archives import dropped_archives, reading_archives
from events.maintenance import redaction
from events.maintenance.redacted_archives import redact_archives
from events.maintenance.redaction import NotInPublic, digest_of, redact
from events.models import Event, OperatorAction, Outgoing, ParkedEvent, Subscription
from events.operations.parked import discard_parked
from events.subscribing import Backoff
from events.testing.work import drain, settle
from kernel.tenancy import in_public_schema
from pos.events import ReceiptRequested
from tenants.models import Tenant
from tests.support import make
from tests.support.ageing import OLD, age, other_session, retained, trade, verified
from tests.support.golden import GOLDEN
from tests.support.older import stored
from tests.support.recording import Subscribe
from tests.support.scanning import PERSONAL

KINDS = (
    ("notifications.alert_sent", 1),
    ("notifications.receipt_sent", 1),
    ("pos.card_charge_requested", 1),
    ("pos.card_charge_requested", 2),
    ("pos.receipt_requested", 1),
    ("tenants.tenant_provisioned", 1),
)


def redacted(**chosen: Any) -> tuple[int, int]:
    """Return how many events were redacted, and how many wait."""
    with in_public_schema():
        done = list(redact(operator="shell:ada", **chosen))
    return sum(each.events for each in done), sum(each.waiting for each in done)


def everything() -> list[dict[str, Any]]:
    return list(Event.objects.filter(tenant_id="north").order_by("position").values())


def personal() -> list[str]:
    return [found for event in everything() for found in PERSONAL.findall(json.dumps(event["data"]))]


def raw() -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT position, data::text FROM events_event WHERE tenant_id = 'north'")
        return dict(cursor.fetchall())


def acts() -> list[str]:
    rows = OperatorAction.objects.filter(tenant_id="north", action="redact").order_by("id")
    return list(rows.values_list("reason", flat=True))


def test_of_every_version_that_was_ever_stored_nothing_personal_is_left_and_nothing_else_changes(db: None) -> None:
    for file in sorted(GOLDEN.iterdir()):
        name, version = file.name.removesuffix(".json").rsplit(".v", 1)
        data = json.loads(file.read_text())
        with connection.cursor() as cursor:
            cursor.execute("SELECT public.events_redacted(%s, %s, %s::jsonb)", [name, version, json.dumps(data)])
            after = json.loads(cursor.fetchone()[0])
            cursor.execute("SELECT %s = ANY(public.events_redacted_types())", [name])
            (may_change,) = cursor.fetchone()

        assert PERSONAL.findall(json.dumps(after)) == [], file.name
        assert after.keys() == data.keys()
        assert may_change or after == data
        assert {key for key in data if after[key] != data[key]} <= {"owner_email", "recipient", "text", "charge"}


def test_what_everybody_has_handled_is_redacted_once_and_recorded_with_a_digest(shop: Tenant) -> None:
    settle()
    positions = {stored(name, version): name for name, version in KINDS}
    Subscription.objects.filter(tenant_id="north").update(cursor=max(positions))
    before, texts = everything(), raw()
    assert len(personal()) == len(KINDS)

    assert redacted() == (len(KINDS), 0)

    assert personal() == []
    after = everything()
    assert [{**row, "data": None} for row in after] == [{**row, "data": None} for row in before]
    changed = {row["position"] for row, old in zip(after, before, strict=True) if row["data"] != old["data"]}
    assert changed == set(positions)
    charges = [position for position, name in positions.items() if name == "pos.card_charge_requested"]
    digest = digest_of((position, texts[position]) for position in charges)
    where = f"positions {charges[0]} to {charges[1]}"
    assert f"2 events of pos.card_charge_requested, {where}, hmac-sha256 {digest}" in acts()
    assert len(acts()) == len(KINDS) - 1

    assert redacted() == (0, 0)
    assert len(acts()) == len(KINDS) - 1
    assert everything() == after


def test_a_digest_tells_other_data_and_needs_the_key(settings: Any) -> None:
    digest = digest_of([(7, '{"recipient": "ada@example.test"}')])

    assert digest != digest_of([(7, '{"recipient": "eve@example.test"}')])
    assert digest != digest_of([(8, '{"recipient": "ada@example.test"}')])
    settings.SECRET_KEY = "another"
    assert digest != digest_of([(7, '{"recipient": "ada@example.test"}')])


def test_a_dry_run_counts_and_changes_nothing(shop: Tenant) -> None:
    settle()
    Subscription.objects.filter(tenant_id="north").update(cursor=stored("pos.receipt_requested", 1))
    before = everything()

    assert redacted(dry_run=True) == (1, 0)

    assert (everything(), acts()) == (before, [])


def test_what_somebody_has_yet_to_handle_waits_and_is_redacted_afterwards(shop: Tenant) -> None:
    stored("pos.receipt_requested", 1)

    assert redacted() == (0, 1)
    settle()
    assert redacted() == (1, 0)
    assert personal() == []


def test_what_may_be_heard_by_a_subscription_that_was_never_bound_waits(shop: Tenant) -> None:
    settle()
    at = stored("pos.receipt_requested", 1)
    Subscription.objects.filter(tenant_id="north").update(cursor=at)
    Subscription.objects.create(
        tenant_id="north", subscriber="tests.of_older_code", start=0, cursor=at - 1, started_position=0, starts=0,
        updated_at=make.NOW,
    )  # fmt: skip

    assert redacted() == (0, 1)


def test_what_is_parked_waits_until_it_is_given_up(shop: Tenant, subscribe: Subscribe) -> None:
    def refuse(*_: Any) -> None:
        message = "no"
        raise ValueError(message)

    name = subscribe(refuse, ReceiptRequested, backoff=Backoff(base=0.0, cap=0.0, attempts=1))
    stored("pos.receipt_requested", 1)
    settle()
    drain(name)
    assert ParkedEvent.objects.get(subscriber=name).state == "DEAD"

    assert redacted() == (0, 1)
    discard_parked(
        subscriber=name,
        operator="user:ada",
        reason="a test",
        position=ParkedEvent.objects.get(subscriber=name).position,
    )
    assert redacted() == (1, 0)


def test_addresses_in_answers_of_mail_servers_go_when_the_call_has_ended(shop: Tenant) -> None:
    stored("events.service_started", 1)
    answer = "RefusedForGood: {'ada@example.test': (550, b'no such mailbox')}"
    for state in ("FAILED", "PENDING"):
        make_call(state, answer)

    redacted()

    assert list(Outgoing.objects.order_by("state").values_list("state", "error")) == [
        ("FAILED", "RefusedForGood: {'(an address)': (550, b'no such mailbox')}"),
        ("PENDING", answer),
    ]


def make_call(state: str, error: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_outgoing (id, tenant_id, kind, key, state, attempts, next_attempt_at, error,"
            " correlation_id, actor, created_at) VALUES (gen_random_uuid(), 'north', 'notifications.mail',"
            " gen_random_uuid(), %s, 1, now(), %s, gen_random_uuid(), '', now())",
            [state, error],
        )


def test_pages_are_small_and_a_crash_leaves_whole_pages_with_their_records(
    committed: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle()
    for _ in range(5):
        at = stored("pos.receipt_requested", 1)
    Subscription.objects.filter(tenant_id="north").update(cursor=at)
    monkeypatch.setattr(redaction, "PAGE", 2)
    record, calls = redaction.record, []

    def dying(*given: Any) -> None:
        calls.append(given)
        if len(calls) == 2:
            raise ZeroDivisionError
        record(*given)

    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(redaction, "record", dying)
        redacted()

    assert (len(personal()), len(acts())) == (3, 1)
    assert redacted() == (3, 0)
    assert [act.split()[0] for act in acts()] == ["2", "2", "1"]


@pytest.mark.parametrize(
    "change",
    [
        'data = data || \'{"recipient": "eve@example.test"}\'',
        "data = events_redacted(type, version, data), actor = 'eve'",
        "data = events_redacted(type, version, data), version = version + 1",
        'data = events_redacted(type, version, data) || \'{"receipt": "R1-2"}\'',
        "position = position + 100",
    ],
)
def test_the_log_takes_no_other_change(shop: Tenant, change: str) -> None:
    at = stored("pos.receipt_requested", 1)

    with in_public_schema(), connection.cursor() as cursor:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(f"UPDATE events_event SET {change} WHERE tenant_id = 'north' AND position = {at}")


def test_a_tenants_session_redacts_nothing(shop: Tenant) -> None:
    at = stored("pos.receipt_requested", 1)

    with pytest.raises(NotInPublic):
        next(redact(operator="shell:ada"))
    with pytest.raises(NotInPublic):
        next(redact_archives(operator="shell:ada"))
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        cursor.execute(
            "UPDATE events_event SET data = public.events_redacted(type, version, data)"
            f" WHERE tenant_id = 'north' AND position = {at}"
        )


def test_rows_of_the_audit_take_no_change_at_all(shop: Tenant) -> None:
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_auditentry (tenant_id, acted_at, actor, action, subject, detail, address,"
            " correlation_id) VALUES ('north', now(), '', '', '', '', '', gen_random_uuid())"
        )
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute("UPDATE events_auditentry SET detail = detail")


@pytest.fixture
def archived(old_month: str, archive: Path) -> Path:
    """The file of a dropped month with events of older versions."""
    trade()
    for name, version in KINDS:
        stored(name, version)
    settle()
    age()
    assert retained() == [(OLD, True, "")]
    return archive / f"events_event_{OLD}.jsonl.gz"


def rows_of(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt") as file:
        return [json.loads(line) for line in file]


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("redact", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_archives_are_written_again_without_what_is_personal_and_the_old_files_are_deleted(archived: Path) -> None:
    before, was = rows_of(archived), dropped_archives("events_event")
    assert f"{OLD}: {len(KINDS)} redacted in its archive" in command("--dry-run")
    assert dropped_archives("events_event") == was

    done = command()

    (now,) = dropped_archives("events_event")
    assert f"{OLD}: {len(KINDS)} redacted in its archive" in done
    assert not archived.exists()
    assert now.path != archived
    after = rows_of(now.path)
    assert PERSONAL.findall(json.dumps(after)) == []
    assert [{**row, "data": None} for row in after] == [{**row, "data": None} for row in before]
    assert sum(row["data"] != old["data"] for row, old in zip(after, before, strict=True)) == len(KINDS)
    assert any(f"{len(KINDS)} archived events of events_event_{OLD}" in act for act in acts())
    assert "broken=0" in verified().splitlines()[-1]
    call_command("retention", "--check", stdout=StringIO())

    again = command()

    assert "redact: events=0 waiting=0" in again
    assert dropped_archives("events_event") == [now]


def test_a_damaged_archive_is_named_and_stays_as_it_is(archived: Path) -> None:
    archived.write_bytes(archived.read_bytes()[:-20])

    with pytest.raises(CommandError, match=f"not redacted: events_event_{OLD}"):
        command()

    assert archived.exists()


def test_a_reader_of_archives_keeps_its_file(archived: Path) -> None:
    with in_public_schema(), reading_archives(), other_session(), pytest.raises(CommandError, match="not redacted"):
        command()

    assert archived.exists()
    assert "redacted in its archive" in command()


def test_files_that_are_not_on_record_are_named(archived: Path) -> None:
    copy = archived.with_name(f"events_event_{OLD}.7.jsonl.gz")
    copy.write_bytes(archived.read_bytes())

    assert f"{copy.name} is not on record" in command()
    assert copy.exists()
