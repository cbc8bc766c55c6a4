"""A real backup: pg_dump of a shop that trades on, the restore of it, and the new epoch that belongs to a restore."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.utils import ProgrammingError

from events.maintenance.sweeper import make_partitions
from events.models import Event, OperatorAction
from events.testing.work import names, settle
from kernel.tenancy import in_public_schema, in_tenant
from staff.models import ApiKey
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support import make
from tests.support.ageing import verified
from tests.support.database import create_beside, drop_beside, working_in
from tests.support.embedded_stack import servers
from tests.support.terminal import Terminal
from web.scopes import EVENTS_READ


@pytest.fixture
def beside(committed: Tenant) -> Iterator[str]:
    name = create_beside("restored")
    yield name
    drop_beside(name)


@pytest.fixture
def reader(committed: Tenant) -> Iterator[Terminal]:
    yield Terminal("north.localhost", issue_api_key(name="restoring", scopes=[EVENTS_READ]))
    with in_tenant(committed):
        ApiKey.objects.filter(name="restoring").delete()


def own_name() -> str:
    return str(connection.settings_dict["NAME"])


def url(database: str) -> str:
    """Address a database as the superuser: as the application's role, which row-level security binds, pg_dump refuses."""
    return f"postgresql://postgres@/{database}?host={connection.settings_dict['HOST']}"


def run(program: str, *arguments: str) -> None:
    command = [str(servers[0]._postgres.server.bin_path / program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def back_up(folder: Path) -> None:
    run("pg_dump", "-Fc", "-f", str(folder / "backup"), url(own_name()))


def restore(database: str, folder: Path) -> None:
    """Restore with the owners of the tables: the application's role must own them, and nobody else serves."""
    run("pg_restore", "--exit-on-error", "-d", url(database), str(folder / "backup"))


def test_after_a_real_restore_consumers_are_sent_to_where_the_logs_part_and_nothing_is_lost_or_repeated(
    beside: str, reader: Terminal, tmp_path: Path
) -> None:
    make.variant()
    make.shift()
    settle()
    make.order(make.cash(1000))
    backed_up = names()
    back_up(tmp_path)
    settle()
    make.variant("LOST")
    read_on = reader.get("/events").json()["next_after"]

    restore(beside, tmp_path)

    with working_in(beside), in_tenant(Tenant.objects.get(schema_name="north")):
        assert names() == backed_up
        out = StringIO()
        call_command("events", "new-epoch", "--reason", "disk lost", stdout=out)
        with in_public_schema():
            number = int(OperatorAction.objects.get().action.removeprefix("new epoch "))

        gone = reader.get("/events", after=read_on)
        assert (gone.status_code, gone.json()["code"]) == (410, "cursor-of-another-epoch")
        assert gone.json()["resume_after"] == f"{number}-{len(backed_up)}"

        settle()
        make.variant("NEW")
        settle()
        new = reader.get("/events", after=gone.json()["resume_after"]).json()
        assert [event["epoch"] for event in new["events"]] == [number] * len(new["events"])
        assert [event["data"]["sku"] for event in new["events"] if "sku" in event["data"]][-1] == "NEW"
        assert "LOST" not in str(reader.get("/events", limit=1000).json())
        verified()


def test_a_restored_log_is_walled_append_only_and_partitioned_as_before(beside: str, tmp_path: Path) -> None:
    make.variant()
    back_up(tmp_path)

    restore(beside, tmp_path)

    with working_in(beside):
        with in_tenant(Tenant.objects.get(schema_name="south")):
            assert Event.objects.count() == 0
        with in_tenant(Tenant.objects.get(schema_name="north")), pytest.raises(ProgrammingError, match="append-only"):
            Event.objects.update(actor="eve")
        with in_public_schema():
            make_partitions(start=datetime(2031, 1, 1, tzinfo=UTC), months_ahead=0)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = 'events_event_2031_01'"
                )
                assert cursor.fetchone() == (True, True)
