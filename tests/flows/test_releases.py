"""The release step in real processes: killed in the middle, and two at once."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection

from config.place import ROOT
from kernel.tenancy import in_public_schema
from tenants.models import Tenant
from tests.faults.declared import declared, newcomer, renamed_to
from tests.support.processes import database_url
from tests.support.waiting import wait_for

OLD, NEW = renamed_to(0), renamed_to(1)
APPLIED = 3


def step(generation: int, *, renamed: int | None = None) -> "subprocess.Popen[str]":
    """Begin the release step of a generation of the fault harness's declaration, in a separate process."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "manage.py", "subscribe"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "FAULTS_GENERATION": str(generation),
            "FAULTS_RENAMED": str(generation if renamed is None else renamed),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def last_line(process: "subprocess.Popen[str]") -> tuple[int, str]:
    out, _ = process.communicate(timeout=120)
    return process.returncode, out.splitlines()[-1]


def rows(statement: str) -> list[tuple[object, ...]]:
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture
def installed(committed: Tenant) -> None:
    """Generation 0 is released, and its subscriber that is to be renamed has applied something in both shops."""
    assert last_line(step(0))[0] == 0
    rows(
        "INSERT INTO events_processedevent (tenant_id, subscriber, position, recorded_at, processed_at)"
        f" SELECT shop, '{OLD}', n, now(), now() FROM unnest(ARRAY['north', 'south']) shop,"
        f" generate_series(1, {APPLIED}) n"
    )


@contextmanager
def south_is_busy() -> Iterator[None]:
    """Hold the subscription that is to be renamed, in the shop that comes last."""
    with psycopg.connect(database_url()) as other:
        other.execute("SET search_path = public")
        held = f"SELECT 1 FROM events_subscription WHERE tenant_id = 'south' AND subscriber = '{OLD}' FOR UPDATE"
        assert other.execute(held).fetchone()
        yield


def waiting() -> int:
    """Count the release steps that wait: for a subscription, or for another one."""
    statement = """
        SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
            AND query ~ 'events_subscription|events_release|events\\.release'
    """
    return int(str(rows(statement)[0][0]))


def applied() -> dict[tuple[object, object], int]:
    found = rows(
        "SELECT tenant_id, subscriber, count(*) FROM events_processedevent"
        f" WHERE subscriber IN ('{OLD}', '{NEW}') GROUP BY 1, 2"
    )
    return {(shop, name): int(str(count)) for shop, name, count in found}


def subscribed() -> dict[object, set[object]]:
    found: dict[object, set[object]] = {"north": set(), "south": set()}
    for shop, name in rows("SELECT tenant_id, subscriber FROM events_subscription WHERE subscriber LIKE 'faults.%'"):
        found.setdefault(shop, set()).add(name)
    return found


def bound_twice() -> list[tuple[object, ...]]:
    return rows(
        "SELECT tenant_id, subscriber, type FROM events_binding WHERE until IS NULL GROUP BY 1, 2, 3 HAVING count(*) > 1"
    )


def all_is_released() -> None:
    wanted = set(declared(1, 1))
    assert subscribed() == {"north": wanted, "south": wanted}
    assert applied() == {("north", NEW): APPLIED, ("south", NEW): APPLIED}
    assert bound_twice() == []
    assert rows("SELECT before, after FROM events_renamed") == [(OLD, NEW)]
    prepared = rows(
        "SELECT subscriber, type FROM events_release WHERE subscriber LIKE 'faults.%' AND type <> 'events.canary_released'"
    )
    assert set(prepared) == {(name, each) for name, types in declared(1, 1).items() for each in types}


def test_a_release_step_that_is_killed_leaves_each_tenant_before_or_after_and_may_be_run_again(installed: None) -> None:
    with south_is_busy():
        process = step(1)
        wait_for(waiting)
        process.kill()
        process.communicate()
        wait_for(lambda: not waiting())

        assert subscribed() == {"north": set(declared(1, 1)), "south": set(declared(0, 0))}
        assert applied() == {("north", NEW): APPLIED, ("south", OLD): APPLIED}

    code, line = last_line(step(1))

    assert (code, line.endswith("failed=0")) == (0, True)
    all_is_released()
    assert last_line(step(1)) == (0, "subscribe: changes=0 failed=0")


def test_two_release_steps_at_once_do_it_once(installed: None) -> None:
    with south_is_busy():
        steps = [step(1), step(1)]
        wait_for(lambda: waiting() == len(steps))

    outcomes = [last_line(process) for process in steps]

    assert [code for code, _ in outcomes] == [0, 0]
    all_is_released()


def test_of_two_releases_at_once_the_last_is_what_later_tenants_are_bound_to(installed: None) -> None:
    """A tenant that is created afterwards hears nothing that only the other one declares."""
    with psycopg.connect(database_url()) as other:
        other.execute("LOCK TABLE public.events_release IN SHARE MODE")
        first = step(2, renamed=0)
        wait_for(lambda: waiting() == 1)
        second = step(1, renamed=0)
        wait_for(lambda: waiting() == 2)

    assert [last_line(process)[0] for process in (first, second)] == [0, 0]
    prepared = {name for (name,) in rows("SELECT DISTINCT subscriber FROM events_release")}
    assert (newcomer(1) in prepared, newcomer(2) in prepared) == (True, False)
