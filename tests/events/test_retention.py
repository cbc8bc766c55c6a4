"""Retention: archived first, dropped when everyone has passed, and the log goes on counting."""

import gzip
import json
from datetime import UTC, datetime
from io import StringIO
from os import fstat
from pathlib import Path
from stat import S_ISDIR
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config.celery import app
from events import retention
from events.archives import Archive, ArchiveDamaged, write_archive
from events.log import head
from events.models import Event, Outgoing, ProcessedEvent, Subscription, WebhookDelivery
from events.outgoing import State
from events.retention import months, obstacle
from events.services import pause_subscription
from events.subscriptions import Backoff
from events.sweeper import make_partitions, oldest_to_keep
from events.webhooks.endpoints import QUEUEING, create_endpoint, delete_endpoint
from kernel.tenancy import in_public_schema
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests import make
from tests.events.ageing import OLD, age, retained, trade, verified
from tests.events.recording import Recorder, Subscribe, say
from tests.events.sending import FakeSender, wanted
from tests.work import drain, published, settle


def test_a_month_that_everyone_has_passed_is_archived_and_dropped_and_verify_still_holds(
    old_month: str, archive: Path
) -> None:
    trade()
    age()
    before = {event.event_id: event.data for event in published()}
    processed = ProcessedEvent.objects.filter(tenant_id="north").count()

    assert retained() == [(OLD, True, "")]

    assert published() == []
    with gzip.open(archive / f"events_event_{OLD}.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    assert {row["event_id"]: row["data"] for row in rows} == {str(key): data for key, data in before.items()}
    with gzip.open(archive / f"events_processedevent_{OLD}.jsonl.gz", "rt") as file:
        assert len(list(file)) == processed
    report = verified()
    assert "broken=0" in report.splitlines()[-1]
    assert f"rows={len(before) + processed}" in report
    assert "completed orders = their events              ok      checked=1" in report
    assert retained() == []


def test_a_month_that_changes_while_it_is_archived_is_kept(old_month: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trade()
    age()
    rows = ProcessedEvent.objects.filter(tenant_id="north").count()

    def meanwhile(partition: str) -> Archive:
        written = write_archive(partition)
        if partition.startswith("events_processedevent"):
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO events_processedevent (tenant_id, subscriber, position, recorded_at, processed_at)"
                    f" SELECT tenant_id, 'tests.late', position, recorded_at, now() FROM public.{partition} LIMIT 1"
                )
        return written

    with monkeypatch.context() as patched:
        patched.setattr(retention, "write_archive", meanwhile)
        table = f"events_processedevent_{OLD}"
        assert retained() == [(OLD, False, f"{table} had {rows} rows when it was archived, and has {rows + 1} now")]

    assert retained() == [(OLD, True, "")]


def test_the_log_goes_on_counting_after_its_beginning_was_dropped(old_month: str) -> None:
    trade()
    stream = published("inventory.stock_changed")[-1]
    newest = head("north")
    age()
    retained()
    assert head("north") == newest

    make.order(make.cash(1000))
    settle()

    positions = [event.position for event in published()]
    assert positions == list(range(newest + 1, newest + 1 + len(positions)))
    changed = published("inventory.stock_changed")[-1]
    assert (changed.stream, changed.stream_version) == (stream.stream, stream.stream_version + 1)
    assert "broken=0" in verified().splitlines()[-1]


def test_what_someone_has_yet_to_apply_is_kept(old_month: str, subscribe: Subscribe) -> None:
    recorder = Recorder()
    name = subscribe(recorder.record, TenantSuspended, backoff=Backoff(attempts=1))
    pause_subscription(subscriber=name, operator="user:ada")
    say("a", "bad")
    settle()
    age()

    assert retained() == [(OLD, False, f"{name} of north has come to 0 of 2")]
    Subscription.objects.filter(subscriber=name).update(paused_at=None)
    recorder.failing = {"bad": 99}
    drain(name)
    assert retained() == [(OLD, False, f"an event of north is dead for {name}")]
    call_command(
        "events", "discard", name, "--tenant", "north", "--position", "2", "--reason", "a test", stdout=StringIO()
    )

    assert retained() == [(OLD, True, "")]


def test_a_webhook_that_has_not_arrived_keeps_its_month(old_month: str, settings: Any) -> None:
    settings.WEBHOOKS_MAY_BE_LOCAL = True
    endpoint, _ = create_endpoint(url="http://127.0.0.1:1/hook", now=make.NOW)
    make.variant()
    settle()
    drain(QUEUEING)
    age()

    ((_, dropped, why),) = retained()
    assert (dropped, why) == (False, "a webhook delivery of north to http://127.0.0.1:1/hook is pending")
    delete_endpoint(endpoint_id=endpoint.id, now=make.NOW)
    assert WebhookDelivery.objects.count() == 1

    assert retained() == [(OLD, True, "")]


def test_old_calls_go_with_their_month_unless_nobody_knows_their_end(old_month: str, sender: FakeSender) -> None:
    trade()
    age()
    kept = [wanted(), *(_old_call(state) for state in (State.PENDING, State.UNKNOWN))]
    for state in (State.DELIVERED, State.FAILED):
        _old_call(state)

    assert retained() == [(OLD, True, "")]

    assert set(Outgoing.objects.filter(kind=sender.kind)) == set(kept)


def _old_call(state: State) -> Outgoing:
    row = wanted()
    Outgoing.objects.filter(id=row.id).update(state=state, created_at=datetime(2020, 1, 20, tzinfo=UTC))
    return row


def test_a_damaged_archive_is_named(old_month: str, archive: Path) -> None:
    trade()
    age()
    retained()
    file = archive / f"events_event_{OLD}.jsonl.gz"
    whole = file.read_bytes()

    file.write_bytes(whole[:-20])
    with pytest.raises(ArchiveDamaged, match="another checksum"):
        verified()
    file.unlink()
    with pytest.raises(ArchiveDamaged, match="is missing"):
        verified()


def test_an_archive_and_its_name_outlast_a_power_cut(old_month: str, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(
        "events.archives.os.fsync", lambda descriptor: synced.append(S_ISDIR(fstat(descriptor).st_mode))
    )

    retained()

    assert synced == [False, True] * 2


def test_the_command_and_the_task_keep_what_is_young(committed: Tenant, archive: Path, settings: Any) -> None:
    say("a")
    out = StringIO()

    call_command("retention", "--months", "1", stdout=out)
    settings.RETENTION_MONTHS = 0
    assert app.tasks["events.retain"]() == []
    settings.RETENTION_MONTHS = 1
    assert app.tasks["events.retain"]() == []

    assert out.getvalue() == "nothing is old enough\n"
    assert Event.objects.count() >= 1
    with pytest.raises(CommandError, match="how many whole months"):
        call_command("retention", "--months", "0")


def test_the_command_says_what_became_of_each_month(old_month: str) -> None:
    trade()
    age()
    out = StringIO()

    call_command("retention", "--months", "12", stdout=out)

    assert "archived and dropped" in out.getvalue()
    with in_public_schema():
        assert all(obstacle(month) is not None for month in months())


def test_a_past_month_is_made_as_this_one_is(committed: Tenant) -> None:
    with in_public_schema(), connection.cursor() as cursor:
        made = make_partitions(start=datetime(2019, 12, 31, 23, 59, tzinfo=UTC), months_ahead=1)
        cursor.execute(
            "SELECT relname, relrowsecurity, relforcerowsecurity, pg_get_expr(relpartbound, oid) FROM pg_class"
            " WHERE relname ~ '^events_(event|processedevent)_(2019_12|2020_01)$' ORDER BY 1"
        )
        found = cursor.fetchall()
        cursor.execute("DROP TABLE " + ", ".join(f"public.{name}" for name, *_ in found))

    december = "FOR VALUES FROM ('2019-12-01 00:00:00+00') TO ('2020-01-01 00:00:00+00')"
    january = "FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-02-01 00:00:00+00')"
    assert made == 4
    assert found == [
        ("events_event_2019_12", True, True, december),
        ("events_event_2020_01", True, True, january),
        ("events_processedevent_2019_12", True, True, december),
        ("events_processedevent_2020_01", True, True, january),
    ]


def test_whole_months_are_kept() -> None:
    assert oldest_to_keep(datetime(2026, 11, 24, tzinfo=UTC), 3) == datetime(2026, 8, 1, tzinfo=UTC)
    assert oldest_to_keep(datetime(2026, 2, 1, tzinfo=UTC), 14) == datetime(2024, 12, 1, tzinfo=UTC)
