"""A dry run has a separate process: whatever the event does to it, the one that asks gets a sentence."""

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from django.db import connection, transaction
from django.test import Client

from events.log.log import head, read_at
from events.models import ParkedEvent
from events.operations import rehearsing
from events.operations.dry_run import DryRun
from events.operations.rehearsing import DryRunBusy, rehearse, written
from events.operations.tenant_records import subscribe_tenant
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import subscriber
from events.subscriptions.parking import State, park
from events.subscriptions.registry import forget_subscriber
from pos.models import Location
from staff.models import ApiKey, User
from staff.services import hire_owner, issue_api_key
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support.deadly.handling import NAME, act
from tests.support.racing import Aside
from tests.support.recording import say
from tests.support.terminal import Terminal
from tests.support.waiting import wait_for
from web.scopes import EVENTS_OPERATE

Park = Callable[[str], int]


@pytest.fixture
def park_deadly(committed: Tenant, monkeypatch: Any) -> Iterator[Park]:
    """Park an event that does a deadly thing; other processes know its subscriber too."""
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "tests.support.deadly.settings")
    subscriber(NAME, TenantSuspended)(act)
    subscribe_tenant()

    def bring(deed: str) -> int:
        say(deed)
        position = head("north")
        with unit_of_work():
            park(NAME, read_at("north", position).envelope, State.DEAD, error="ValueError: no")
        return position

    yield bring
    forget_subscriber(NAME)


@pytest.fixture
def operators(committed: Tenant) -> Iterator[tuple[Client, Terminal]]:
    client = Client(headers={"Host": "north.localhost"})
    user = hire_owner(username="ada.of.rehearsals", password="a long secret")
    client.force_login(user)
    yield client, Terminal("north.localhost", issue_api_key(name="rehearsals", scopes=[EVENTS_OPERATE]))
    User.objects.filter(pk=user.pk).delete()
    ApiKey.objects.filter(name="rehearsals").delete()


@pytest.mark.parametrize(
    ("deed", "sentence"),
    [
        ("leave", "The process of the dry run ended with exit code 3."),
        ("leave in peace", "The process of the dry run ended with exit code 0."),
        ("crash", "The process of the dry run was ended by the signal SIGSEGV."),
        ("interrupt", "The handler asks its process to end: KeyboardInterrupt."),
    ],
)
def test_c15_an_event_that_ends_its_process_is_named_by_a_sentence(park_deadly: Park, deed: str, sentence: str) -> None:
    position = park_deadly(deed)

    found = rehearse(subscriber=NAME, position=position)

    assert found == DryRun(error=sentence)
    assert ParkedEvent.objects.get(position=position).starts == 0


def test_c15_an_event_that_eats_memory_fails_like_any_other(park_deadly: Park) -> None:
    found = rehearse(subscriber=NAME, position=park_deadly("eat"))

    assert found.error.endswith("\nMemoryError\n")


@pytest.mark.parametrize("deed", ["hang", "hang in the database"])
def test_c15_a_dry_run_that_does_not_finish_is_stopped_with_its_session_and_its_children(
    park_deadly: Park, deed: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(rehearsing, "SECONDS", 2.0)

    found = rehearse(subscriber=NAME, position=park_deadly(deed))

    assert found == DryRun(error="The dry run did not finish within 2 s and was stopped.")
    wait_for(lambda: not children(), seconds=3)
    wait_for(lambda: not sessions(), seconds=3)
    assert Location.objects.filter(code="MAIN").update(name="free") == 1


def children() -> list[Any]:
    """List the processes that the deadly event has started; a killed one needs a moment to be gone."""
    return [each for each in psutil.process_iter(["cmdline"]) if "time.sleep(77.7)" in str(each.info["cmdline"])]


def sessions() -> list[Any]:
    """List the other sessions that are at work in the tests' database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend' AND state <> 'idle'"
        )
        return list(cursor.fetchall())


def test_c15_a_dry_run_yields_to_the_work_that_has_its_rows(park_deadly: Park) -> None:
    position = park_deadly("wait for a row")

    with transaction.atomic():
        Location.objects.filter(code="MAIN").update(name="taken")
        found = rehearse(subscriber=NAME, position=position)

    assert found.error.startswith("Other work has the rows that this event needs now. Try it again in a moment.\n")
    assert "LockNotAvailable" in found.error


def test_c15_the_page_and_the_api_show_what_became_of_it(park_deadly: Park, operators: tuple[Client, Terminal]) -> None:
    owner, operator = operators
    position, deadly = park_deadly("write"), park_deadly("leave")
    url = f"/admin/events/parkedevent/{ParkedEvent.objects.get(position=deadly).pk}/dry-run/"

    page = owner.post(url, {"action": "try"}).content.decode()
    answer = operator.post("/dead-letters/dry-run", {"subscriber": NAME, "position": position})

    assert "The process of the dry run ended with exit code 3." in page
    assert answer.status_code == 200
    assert answer.json()["error"] == ""
    assert [(row["table"], row["after"]["code"]) for row in answer.json()["changes"]] == [("pos_location", "2")]
    assert list(Location.objects.values_list("code", flat=True)) == ["MAIN"]


def test_c15_a_process_waits_for_one_dry_run_at_a_time(park_deadly: Park, committed: Tenant, monkeypatch: Any) -> None:
    monkeypatch.setattr(rehearsing, "SECONDS", 2.0)
    position = park_deadly("hang")
    first = Aside(committed, lambda: rehearse(subscriber=NAME, position=position))
    wait_for(rehearsing._only_one.locked)

    with pytest.raises(DryRunBusy, match="another dry run is under way") as refused:
        rehearse(subscriber=NAME, position=position)

    assert (refused.value.code, refused.value.status) == ("dry-run-busy", 409)
    assert "did not finish" in first.join().error
    assert not rehearsing._only_one.locked()


def test_c15_changes_that_are_too_many_to_show_are_counted() -> None:
    answer = written(DryRun(publishes=[("a.type", {"text": "x" * 5_000_000})]))

    assert b"0 changed rows and 1 events are too much to show" in answer
    assert len(answer) < 200


def test_c15_a_subscriber_that_the_code_lacks_starts_no_process(committed: Tenant, monkeypatch: Any) -> None:
    monkeypatch.setattr(sys, "executable", os.devnull)

    found = rehearse(subscriber="tests.gone", position=1)

    assert found.error == "this code has no subscriber tests.gone: its handler cannot be tried here"
