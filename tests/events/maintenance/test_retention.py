"""Retention: archived first, dropped when everyone has passed, and the log goes on counting."""

import gzip
import json
from datetime import UTC, datetime
from io import StringIO
from os import fstat
from pathlib import Path
from stat import S_ISDIR
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config.celery import app
from events.log.archives import Archive, dropped_archives, reading_archives, write_archive
from events.log.log import head
from events.log.months import Month
from events.maintenance import retention
from events.maintenance.retention import NotInPublic
from events.maintenance.sweeper import make_partitions, oldest_to_keep
from events.models import Event, Outgoing, ProcessedEvent, Subscription
from events.operations.gauges import scraped
from events.outgoing.calls import State
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscriptions.registry import forget_subscriber
from events.testing.work import published, settle
from kernel.tenancy import in_public_schema
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support import make
from tests.support.ageing import LATER, OLD, age, count, other_session, retained, trade, verified
from tests.support.processes import database_url
from tests.support.recording import Recorder, Subscribe, say
from tests.support.sending import FakeSender, wanted
from tests.support.unchanged import nothing_happened


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

    def meanwhile(table: str, month: Month) -> Archive:
        written = write_archive(table, month)
        if table == "events_processedevent":
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO events_processedevent (tenant_id, subscriber, position, recorded_at, processed_at)"
                    " SELECT tenant_id, 'tests.late', position, recorded_at, now() FROM events_processedevent"
                    " WHERE tenant_id = 'north' LIMIT 1"
                )
        return written

    before, newest = len(published()), head("north")
    with monkeypatch.context() as patched:
        patched.setattr(retention, "write_archive", meanwhile)
        ((_, dropped, why),) = retained()

    assert (dropped, len(published()), head("north")) == (False, before, newest)
    assert "the log differ between row 1 and row" in why
    assert count("SELECT count(*) FROM events_floor WHERE tenant_id = 'north'") == 0
    assert retained() == [(OLD, True, "")]


def test_a_month_with_other_content_than_its_archive_is_kept_although_the_rows_are_as_many(
    old_month: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade()
    age()

    def altered(table: str, month: Month) -> Archive:
        written = write_archive(table, month)
        lines = gzip.decompress(written.path.read_bytes()).replace(b"north", b"nordx")
        written.path.write_bytes(gzip.compress(lines))
        return written

    with monkeypatch.context() as patched:
        patched.setattr(retention, "write_archive", altered)
        ((_, dropped, why),) = retained()

    assert not dropped
    assert f"events_event_{OLD}.jsonl.gz and the log differ between row 1" in why
    assert retained() == [(OLD, True, "")]


def test_a01_a_pending_event_keeps_the_month_that_production_made(
    this_month: datetime, subscribe: Subscribe, archive: Path
) -> None:
    recorder = Recorder()
    name = subscribe(recorder.record, TenantSuspended)
    say("x")
    Subscription.objects.filter(subscriber=name).update(paused_at=make.NOW)
    before, newest = len(published()), head("north")

    done = retained(before=this_month)

    assert [(dropped, why) for _, dropped, why in done[-1:]] == [
        (False, f"{name} of north has yet to handle the event at position {newest}, and is paused")
    ]
    assert (len(published()), head("north")) == (before, newest)
    assert list(archive.iterdir()) == []
    assert count("SELECT count(*) FROM events_archive") == 0


def test_d02_positions_go_on_after_the_newest_month_was_dropped_and_made_again(
    this_month: datetime, subscribe: Subscribe, archive: Path
) -> None:
    recorder = Recorder()
    subscribe(recorder.record, TenantSuspended)
    say_on_one_stream(3)
    settle()
    newest = head("north")

    for count_of_new in (2, 1):
        assert all(dropped for _, dropped, _ in retained(before=this_month))
        assert (published(), head("north")) == ([], newest)
        make_partitions()
        say_on_one_stream(count_of_new)
        settle()
        newest += count_of_new

    assert recorder.calls == ["a stream"] * 6
    assert [(event.position, event.stream_version) for event in published()] == [(newest, 6)]
    months = {archived.partition for archived in dropped_archives("events_event")}
    files = [file.name for file in archive.glob("events_event_*")]
    assert sum(archived.rows for archived in dropped_archives("events_event")) >= 5
    assert len(months) == 1
    assert sorted(files) == sorted(archived.path.name for archived in dropped_archives("events_event"))
    assert "broken=0" in verified().splitlines()[-1]


def say_on_one_stream(times: int) -> None:
    with unit_of_work():
        for _ in range(times):
            publish(TenantSuspended(tenant_uuid=UUID(int=7), tenant_name="a stream"))


def test_positions_do_not_go_back_when_the_clock_was_set_back_over_the_end_of_a_month(old_month: str) -> None:
    say_on_one_stream(3)
    settle()
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE late AS SELECT * FROM events_event WHERE tenant_id = 'north'")
        cursor.execute("DELETE FROM events_event WHERE tenant_id = 'north' AND position = 3")
        cursor.execute("UPDATE late SET recorded_at = '2020-01-15 12:00+00'")
        cursor.execute("INSERT INTO events_event SELECT * FROM late WHERE position = 3; DROP TABLE late")

    assert retained() == [(OLD, True, "")]
    assert [event.position for event in published()] == [1, 2]
    assert head("north") == 3
    say_on_one_stream(1)

    last = published()[-1]
    assert (last.position, last.stream_version) == (4, 4)


def test_a_month_without_rows_of_a_tenant_leaves_its_floor(old_month: str) -> None:
    trade()
    age()
    retained()
    floor = count("SELECT position FROM events_floor WHERE tenant_id = 'north'")
    make_partitions(start=datetime(2020, 1, 1, tzinfo=UTC), months_ahead=0)

    assert retained() == [(OLD, True, "")]

    assert count("SELECT position FROM events_floor WHERE tenant_id = 'north'") == floor == head("north")
    with in_public_schema():
        assert [archived.path.name for archived in dropped_archives("events_event")] == [
            f"events_event_{OLD}.jsonl.gz",
            f"events_event_{OLD}.2.jsonl.gz",
        ]


def test_a_crash_between_archive_and_drop_leaves_everything(old_month: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trade()
    age()
    before, newest = len(published()), head("north")

    def crash(archives: Any) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(retention, "_drop", crash)
        with pytest.raises(RuntimeError):
            retained()

    assert (len(published()), head("north")) == (before, newest)
    assert count("SELECT count(*) FROM events_floor WHERE tenant_id = 'north'") == 0
    assert retained() == [(OLD, True, "")]
    assert head("north") == newest


def test_retention_runs_once_at_a_time(old_month: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trade()
    age()
    seen: list[Any] = []
    busy = f'tillflow_events_month_kept{{month="{OLD}",reason="busy"}} 1.0'

    def meanwhile(table: str, month: Month) -> Archive:
        with other_session():
            seen.append((retained(), busy in scraped().decode()))
        return write_archive(table, month)

    monkeypatch.setattr(retention, "write_archive", meanwhile)

    assert retained() == [(OLD, True, "")]
    assert seen == [([(OLD, False, "another retention is running: wait until it has ended")], True)] * 2
    assert "tillflow_events_month_kept{" not in scraped().decode()


def test_retention_refuses_to_work_in_a_tenants_schema(old_month: str) -> None:
    trade()
    age()

    with nothing_happened(), pytest.raises(NotInPublic, match="in the public schema"):
        retention.retain(before=LATER)

    assert published() != []


def test_a_rebuild_under_way_keeps_the_month(old_month: str) -> None:
    trade()
    age()

    with other_session(), reading_archives(), other_session():
        ((_, dropped, why),) = retained()

    assert (dropped, why) == (False, "a rebuild or verify reads the log and its archives: the next run drops the month")
    assert retained() == [(OLD, True, "")]


def test_the_log_is_written_to_while_a_month_is_compared(old_month: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trade()
    age()
    compared = retention.compare
    newest = head("north")

    def meanwhile(archive: Archive, table: str, month: Month) -> None:
        compared(archive, table, month)
        with other_session():
            say("while it is compared")

    monkeypatch.setattr(retention, "compare", meanwhile)

    assert [dropped for _, dropped, _ in retained()] == [True]

    assert [event.position for event in published()] == [newest + 1, newest + 2]


def test_a_reader_that_does_not_end_keeps_the_month_and_holds_up_nobody(
    old_month: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade()
    age()
    monkeypatch.setattr(retention, "DROP_ATTEMPTS", 2)
    monkeypatch.setattr(retention, "DROP_PAUSE_SECONDS", 0.0)

    with psycopg.connect(**connection.get_connection_params()) as reader:
        reader.execute("SET search_path = public")
        reader.execute("SELECT count(*) FROM events_event")
        ((_, dropped, why),) = retained()

    assert (dropped, why) == (False, "its rows were locked by others for too long: the next run tries again")
    assert retained() == [(OLD, True, "")]


def test_an_archive_that_cannot_be_written_keeps_the_month(old_month: str, archive: Path, settings: Any) -> None:
    trade()
    age()
    (archive / "a file").write_text("in the way")
    settings.ARCHIVE_DIR = str(archive / "a file")

    ((_, dropped, why),) = retained()

    assert not dropped
    assert why.startswith("its archive cannot be trusted: ")
    settings.ARCHIVE_DIR = str(archive)
    assert retained() == [(OLD, True, "")]


def test_nothing_is_dropped_into_a_folder_that_has_lost_an_archive(old_month: str, archive: Path) -> None:
    trade()
    age()
    retained()
    file = archive / f"events_event_{OLD}.jsonl.gz"
    whole = file.read_bytes()
    make_partitions(start=datetime(2020, 1, 1, tzinfo=UTC), months_ahead=0)

    file.unlink()
    assert retained() == [(OLD, False, f"an earlier archive is damaged, put it back first: {file} is missing")]
    file.write_bytes(whole)

    assert retained() == [(OLD, True, "")]


def test_a_file_that_is_not_on_record_is_not_overwritten(old_month: str, archive: Path) -> None:
    trade()
    age()
    other = archive / f"events_event_{OLD}.jsonl.gz"
    other.write_bytes(b"of a database that was restored to an earlier moment")

    assert retained() == [(OLD, True, "")]

    assert other.read_bytes() == b"of a database that was restored to an earlier moment"
    with in_public_schema():
        assert [each.path.name for each in dropped_archives("events_event")] == [f"events_event_{OLD}.2.jsonl.gz"]


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

    def damage() -> None:
        file.write_bytes(whole[:-20])

    def overwrite() -> None:
        file.unlink()
        file.mkdir()

    for spoil, why in ((damage, "another checksum"), (file.unlink, "is missing"), (overwrite, "another checksum")):
        if not file.exists():
            file.write_bytes(whole)
        spoil()
        out = StringIO()
        with pytest.raises(SystemExit, match="1"):
            call_command("verify", stdout=out)
        lines = out.getvalue().splitlines()
        assert [line for line in lines if "its archives can be read" in line and line.startswith("north")]
        assert why in next(line for line in lines if line.startswith("north"))
        assert "its archives can be read" in next(line for line in lines if line.startswith("south"))
        assert lines[-1].startswith("verify: tenants=")
        with nothing_happened(), pytest.raises(CommandError, match=why):
            call_command("rebuild", "pos.note_shelf_levels", "--tenant", "north", stdout=StringIO())


def test_an_archive_and_its_name_outlast_a_power_cut(old_month: str, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(
        "events.log.archives.os.fsync", lambda descriptor: synced.append(S_ISDIR(fstat(descriptor).st_mode))
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
    with nothing_happened(), pytest.raises(CommandError, match="not a number of months from 1"):
        call_command("retention", "--months", "0")


def test_the_command_says_what_became_of_each_month(old_month: str) -> None:
    trade()
    age()
    out = StringIO()

    call_command("retention", "--months", "12", "--dry-run", stdout=out)
    assert f"{OLD}          12 events  would be dropped\n" in out.getvalue()
    assert len(published()) == 12
    call_command("retention", "--months", "12", stdout=out)

    assert f"{OLD}          12 events  archived and dropped\n" in out.getvalue()


def test_the_command_names_all_that_keeps_a_month_and_fails_only_where_something_is_wrong(
    old_month: str, subscribe: Subscribe, archive: Path
) -> None:
    make_partitions(start=datetime(2020, 2, 1, tzinfo=UTC), months_ahead=0)
    names = [subscribe(Recorder().record, TenantSuspended) for _ in range(2)]
    say("a")
    age()
    out = StringIO()

    try:
        call_command("retention", "--months", "12", stdout=out)
        position = head("north")
        assert out.getvalue().splitlines() == [
            f"{OLD}           1 events  kept",
            *sorted(
                f"    unhandled: {name} of north has yet to handle the event at position {position}" for name in names
            ),
            "2020_02           0 events  kept",
            f"    earlier: {OLD} is kept, and a log has no holes",
        ]
    finally:
        with in_public_schema(), connection.cursor() as cursor:
            cursor.execute("DROP TABLE events_event_2020_02, events_processedevent_2020_02")
    archive.rmdir()
    archive.write_text("in the way")
    for name in names:
        forget_subscriber(name)
        Subscription.objects.filter(subscriber=name).delete()
    with pytest.raises(SystemExit, match="1"):
        call_command("retention", "--months", "12", stdout=out)


def test_an_archive_is_checked_and_shown(old_month: str, archive: Path) -> None:
    trade()
    age()
    before = published()
    retained()
    out, checked = StringIO(), StringIO()

    call_command("retention", "--show", OLD, "--tenant", "north", "--type", "pos.order_completed", stdout=out)
    call_command("retention", "--check", stdout=checked)

    (order,) = [event for event in before if event.type == "pos.order_completed"]
    (shown,) = map(json.loads, out.getvalue().splitlines())
    assert (shown["event_id"], shown["data"]) == (str(order.event_id), order.data)
    assert f"events_event_{OLD}          12 rows  ok" in checked.getvalue()
    with nothing_happened(), pytest.raises(CommandError, match="no archive of 2020_07"):
        call_command("retention", "--show", "2020_07")
    file = archive / f"events_event_{OLD}.jsonl.gz"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(SystemExit, match="1"):
        call_command("retention", "--check", stdout=checked)
    assert f"events_event_{OLD}  DAMAGED: " in checked.getvalue()


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


def test_a_month_is_made_beside_transactions_that_read_and_write_the_log(committed: Tenant) -> None:
    """One that has applied an event and is about to publish would otherwise wait for the new month, and it for that one."""
    with psycopg.connect(database_url()) as other, in_public_schema(), connection.cursor() as cursor:
        for table in ("events_processedevent", "events_event"):
            other.execute(f"LOCK TABLE public.{table} IN ROW EXCLUSIVE MODE")
        cursor.execute("SET lock_timeout = '500ms'")
        try:
            made = make_partitions(start=datetime(2019, 12, 1, tzinfo=UTC), months_ahead=0)
        finally:
            cursor.execute("RESET lock_timeout")
        other.execute("SELECT count(*) FROM public.events_event, public.events_processedevent")
        other.rollback()
        cursor.execute("DROP TABLE public.events_event_2019_12, public.events_processedevent_2019_12")

    assert made == 2


def test_whole_months_are_kept() -> None:
    assert oldest_to_keep(datetime(2026, 11, 24, tzinfo=UTC), 3) == datetime(2026, 8, 1, tzinfo=UTC)
    assert oldest_to_keep(datetime(2026, 2, 1, tzinfo=UTC), 14) == datetime(2024, 12, 1, tzinfo=UTC)
