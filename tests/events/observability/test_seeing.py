"""Seeing: metrics at a scrape, the accounts, canaries, the live feed, alert rules."""

import json
import time
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from config.celery import app
from config.telemetry import trace_to_collector
from events.models import Subscription
from events.operations.accounts import check_accounts, forget_accounts, unaccounted_on_the_books
from events.operations.canary import arrivals, release_canary
from events.operations.pausing import pause_subscription
from events.subscriptions.registry import all_subscribers
from events.testing.work import drain, published, settle
from integrations.api import live
from kernel.tenancy import in_public_schema
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support import make
from tests.support.recording import SOON, Recorder, Subscribe, say
from tests.support.terminal import Terminal, terminal

PLATFORM = {"Host": "localhost"}


def scrape(**headers: str) -> Any:
    return Client().get("/metrics", headers={**PLATFORM, **headers})


def test_a_scrape_needs_the_token_and_shows_what_is_behind_and_dead(recorder: Recorder, subscribe: Subscribe) -> None:
    recorder.failing = {"bad": 99}
    name = subscribe(recorder.record, TenantSuspended, backoff=SOON)
    idle = subscribe(Recorder().record, TenantSuspended)
    say("bad", "good", "bad")
    for _ in range(4):
        drain(name)
    pause_subscription(subscriber=idle, operator="user:ada", reason="a test")

    refused = [scrape(), scrape(Authorization="Bearer wrong")]
    text = scrape(Authorization=f"Bearer {django_settings.METRICS_TOKEN}").content.decode()

    assert [answer.status_code for answer in refused] == [401, 401]
    lines = set(text.splitlines())
    assert f'tillflow_events_dead{{subscriber="{name}",tenant="north"}} 1.0' in lines
    assert f'tillflow_events_waiting{{subscriber="{name}",tenant="north"}} 1.0' in lines
    assert f'tillflow_events_behind{{subscriber="{idle}",tenant="north"}} 3.0' in lines
    assert f'tillflow_subscription_paused{{subscriber="{idle}",tenant="north"}} 1.0' in lines
    assert "tillflow_events_unaccounted 0.0" in lines
    assert f'tillflow_events_dead_total{{subscriber="{name}",type="tenants.tenant_suspended"}} 1.0' in lines


def test_a_shop_does_not_answer_scrapes(shop: Tenant) -> None:
    token = {"Authorization": f"Bearer {django_settings.METRICS_TOKEN}"}

    assert Client().get("/metrics", headers={"Host": "north.localhost", **token}).status_code == 404


def test_the_accounts_notice_what_is_missing_and_what_is_there_twice(committed: Tenant, subscribe: Subscribe) -> None:
    name = subscribe(Recorder().record, TenantSuspended)
    say("a", "b", "c")
    drain(name)
    with in_public_schema():
        check_accounts()
        assert unaccounted_on_the_books() == 0
        forget_accounts()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM events_processedevent WHERE subscriber = %s AND position = 1", [name])
            cursor.execute(
                """INSERT INTO events_parkedevent (tenant_id, subscriber, position, event_id, type, stream, state,
                attempts, next_attempt_at, error, fingerprint, reason, parked_at, updated_at)
                SELECT tenant_id, %s, position, event_id, type, stream, 'DISCARDED', 1, now(), '', '', '', now(), now()
                FROM events_event WHERE tenant_id = 'north' AND position = 2""",
                [name],
            )
        app.tasks["events.check_accounts"]()
        assert unaccounted_on_the_books() == 2
        check_accounts()
        assert unaccounted_on_the_books() == 2
        forget_accounts()


def test_a_canary_is_applied_by_everyone_and_acted_on_by_nobody(shop: Tenant) -> None:
    make.variant()
    settle()
    event_id = release_canary()
    assert {arrival.seconds for arrival in arrivals(event_id)} == {None}

    settle()

    arrived = arrivals(event_id)
    assert {arrival.subscriber for arrival in arrived} == {
        s.name for s in all_subscribers(platform=False) if not s.on_demand
    }
    assert all(arrival.seconds is not None for arrival in arrived)
    assert len(published()) == 2
    assert set(Subscription.objects.values_list("cursor", flat=True)) >= {2}


def test_the_command_names_those_that_do_not_apply_a_canary(shop: Tenant) -> None:
    pause_subscription(subscriber="pos.note_shelf_levels", operator="user:ada", reason="a test")
    out = StringIO()

    with pytest.raises(CommandError, match="1 of 1 subscribers did not apply"):
        call_command(
            "events",
            "canary",
            "--tenant",
            "north",
            "--subscriber",
            "inventory.know_variants",
            "--seconds",
            "0.01",
            stdout=out,
        )
    call_command(
        "events",
        "canary",
        "--tenant",
        "north",
        "--subscriber",
        "pos.note_shelf_levels",
        "--seconds",
        "0.01",
        stdout=out,
    )

    assert "has not arrived" in out.getvalue()
    assert "paused" in out.getvalue()


def follow(till: Terminal, query: str = "", **headers: str) -> Any:
    return till.client.get(f"/api/v1/events/stream{query}", headers={**till.headers, **headers})


def ids(chunks: list[bytes]) -> list[int]:
    return [int(chunk.split(b"\n")[0][4:]) for chunk in chunks if chunk.startswith(b"id: ")]


@pytest.fixture
def briefly(settings: Any) -> None:
    settings.LIVE_SECONDS = 0.2


def test_the_live_feed_is_resumed_by_position(committed: Tenant, briefly: None) -> None:
    till = terminal("north")
    make.variant("A")
    make.variant("B")
    make.variant("C")

    from_one = list(follow(till, "?after=1"))
    from_two = list(follow(till, "?after=0", **{"Last-Event-ID": "2"}))
    now_on = list(follow(till))
    filtered = list(follow(till, "?after=0&types=pos.shift_opened"))

    assert (ids(from_one), ids(from_two), ids(now_on), ids(filtered)) == ([2, 3], [3], [], [])
    lines = from_two[1].decode().split("\n")
    assert lines[:2] == ["id: 3", "event: pos.variant_changed"]
    event = json.loads(lines[2].removeprefix("data: "))
    assert (event["position"], event["data"]["sku"], event["specversion"]) == (3, "C", "1.0")
    assert from_one[0] == b"retry: 1000\n\n"


def test_what_this_process_commits_is_shown_at_once(committed: Tenant, settings: Any, monkeypatch: Any) -> None:
    settings.LIVE_SECONDS = 5.0
    monkeypatch.setattr(live, "LOOK_SECONDS", 60.0)
    answer = follow(terminal("north"))
    stream = iter(answer)
    next(stream)

    import threading

    def sell_soon() -> None:
        from django.db import connection as own

        from kernel.tenancy import in_tenant

        time.sleep(0.3)
        with in_tenant(committed):
            make.variant("LATER")
        own.close()

    seller = threading.Thread(target=sell_soon)
    seller.start()
    began = time.monotonic()
    shown = next(stream)
    seller.join()
    answer.close()

    assert b"LATER" in shown
    assert time.monotonic() - began < 4


def test_a_full_process_says_so_and_a_closed_feed_gives_its_place_back(committed: Tenant, briefly: None) -> None:
    till = terminal("north")
    open_feeds = [follow(till) for _ in range(django_settings.LIVE_STREAMS_OF_ONE)]

    refused = follow(till)
    open_feeds[0].close()
    again = follow(till)

    assert (refused.status_code, refused.json()["code"]) == (503, "live-feeds-full")
    assert again.status_code == 200
    for feed in [*open_feeds, again]:
        feed.close()


def test_without_a_collector_nothing_is_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)

    assert trace_to_collector("web") is False
