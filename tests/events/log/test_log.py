"""The log: gapless, in commit order, append-only, and each tenant's own."""

import threading
import time

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from events.log.log import head, read
from events.models import Event, Subscription
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.testing.work import published
from kernel.ids import new_id
from kernel.tenancy import in_public_schema, in_tenant, tenant_connection
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support.racing import in_thread

TYPE = "tenants.tenant_suspended"


def say(name: str = "north") -> None:
    publish(TenantSuspended(tenant_uuid=new_id(), tenant_name=name))


def test_positions_are_gapless_with_parallel_writers_and_rollbacks(committed: Tenant) -> None:
    def write() -> None:
        for number in range(40):
            try:
                with unit_of_work():
                    say(f"s{number % 3}")
                    if number % 4 == 0:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                pass

    for thread in [in_thread(committed, write) for _ in range(8)]:
        thread.join()

    events = published()
    assert [event.position for event in events] == list(range(1, 241))
    for stream in {event.stream for event in events}:
        versions = [event.stream_version for event in events if event.stream == stream]
        assert versions == list(range(1, len(versions) + 1))


def test_a_reader_never_sees_a_later_position_before_an_earlier_one(committed: Tenant) -> None:
    gaps: list[list[int]] = []
    done = threading.Event()

    def write() -> None:
        for _ in range(60):
            with unit_of_work():
                say()

    def watch() -> None:
        while not done.is_set():
            seen = [event.envelope.position for event in read("north", after=0, types=[TYPE], limit=10_000).events]
            if seen != list(range(1, len(seen) + 1)):
                gaps.append(seen)

    watcher = in_thread(committed, watch)
    for thread in [in_thread(committed, write) for _ in range(4)]:
        thread.join()
    done.set()
    watcher.join()

    assert gaps == []
    assert head("north") == 240


def test_the_log_lock_is_taken_last_so_a_slow_unit_does_not_delay_others(committed: Tenant) -> None:
    inside, leave = threading.Event(), threading.Event()

    def slow() -> None:
        with unit_of_work():
            say("slow")
            inside.set()
            leave.wait(10)

    thread = in_thread(committed, slow)
    inside.wait(10)
    with unit_of_work():
        say("quick")
    before = [event.data["tenant_name"] for event in published()]
    leave.set()
    thread.join()

    assert before == ["quick"]
    assert [event.data["tenant_name"] for event in published()] == ["quick", "slow"]


def test_tenants_do_not_wait_for_one_another(committed: Tenant, south: Tenant) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('north', 0))")

        def write() -> None:
            with unit_of_work():
                say("south")

        began = time.monotonic()
        in_thread(south, write).join()

        assert time.monotonic() - began < 5
    with in_tenant(south):
        assert [event.tenant_id for event in published()] == ["south"]


def test_a_shop_sees_and_writes_only_its_own_rows(committed: Tenant, south: Tenant) -> None:
    with unit_of_work():
        say("north")
    with in_tenant(south), unit_of_work():
        say("south")

    assert {event.tenant_id for event in Event.objects.all()} == {"north"}
    assert set(Subscription.objects.values_list("tenant_id", flat=True)) == {"north"}
    with in_public_schema():
        assert {"north", "south"} <= set(Event.objects.values_list("tenant_id", flat=True))
    with pytest.raises(DatabaseError, match="row-level security"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_idempotencyrecord (tenant_id, scope, key, fingerprint, created_at)"
            " VALUES ('south', 'x', 'x', 'x', now())"
        )


@pytest.mark.parametrize("path", ["", '""', "no_such_schema, public", "dropped"])
def test_a_wrong_search_path_sees_nothing(committed: Tenant, path: str) -> None:
    with unit_of_work():
        say()

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('search_path', %s, true); SELECT count(*) FROM public.events_event", [path])
        cursor.nextset()
        seen = cursor.fetchone()[0]
        transaction.set_rollback(True)

    assert seen == 0


@pytest.mark.parametrize("statement", ["UPDATE events_event SET type = 'x'", "DELETE FROM events_event"])
def test_the_log_cannot_be_rewritten(shop: Tenant, statement: str) -> None:
    with unit_of_work():
        say()

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert len(published(TYPE)) == 1


def test_partitions_are_there_and_cannot_be_read_past_the_wall(shop: Tenant) -> None:
    with unit_of_work():
        say()

    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM events_event")
        partition = cursor.fetchone()[0]
        cursor.execute(f"SELECT count(*) FROM {partition}")
        seen = cursor.fetchone()[0]

    assert partition.startswith("events_event_2")
    assert seen == 0


def test_the_application_connects_as_an_ordinary_role(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone()[0] is False


def test_append_is_refused_by_the_database_where_a_position_is_taken(committed: Tenant) -> None:
    with unit_of_work():
        say()

    with pytest.raises(psycopg.Error):
        tenant_connection().connection.execute(  # type: ignore[attr-defined]
            "INSERT INTO public.events_event SELECT * FROM public.events_event"
        )
    connection.rollback()
