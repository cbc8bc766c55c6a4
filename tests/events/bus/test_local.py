"""The bus of this process: its listeners work in their event's tenant, and the follower of the platform lives on."""

import os
import subprocess
import sys
import threading
from typing import Any

import pytest
from django.db import InterfaceError, connection

from config.place import ROOT
from events.bus import local
from events.bus.bus import EventBus
from events.bus.local import Follower, bus
from kernel.ids import new_id
from kernel.tenancy import current_tenant
from tenants.events import TenantSuspended
from tenants.models import Tenant

EVENT = TenantSuspended(tenant_uuid=new_id(), tenant_name="x")


@pytest.mark.parametrize("kind", [InterfaceError, KeyError, RuntimeError])
def test_h04_the_follower_lives_on_after_any_error(kind: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    looks, enough = [0], threading.Event()
    follower = Follower("events.cache_invalidated", seconds=0.001)
    monkeypatch.setattr(local.connection, "close", lambda: None)

    def broken() -> int:
        looks[0] += 1
        if looks[0] == 4:
            enough.set()
        raise kind("connection already closed")

    monkeypatch.setattr(follower, "follow", broken)
    follower.start()

    assert enough.wait(10)
    assert follower.is_alive()
    follower.stopped.set()
    follower.join(10)


def heard(tenant_id: str, listener: Any) -> list[Any]:
    off = bus.subscribe(TenantSuspended, listener)
    try:
        future = bus.publish(EVENT, tenant_id=tenant_id)
        assert future is not None
        return [outcome.error for outcome in future.result(10)]
    finally:
        off()


def look() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.events_tenant()")
        found: str = cursor.fetchone()[0]
    seen = (current_tenant(), found)
    connection.close()
    return seen


def test_h05_a_plain_listener_works_in_its_events_tenant_and_leaves_the_schema(committed: Tenant) -> None:
    seen: list[Any] = []

    assert heard("north", lambda _event: seen.append(look())) == [None]
    assert heard("public", lambda _event: seen.append(look())) == [None]

    assert seen == [("north", "north"), ("public", "public")]


def test_h05_an_async_listener_works_in_its_events_tenant(committed: Tenant) -> None:
    from asgiref.sync import sync_to_async

    seen: list[Any] = []

    async def listen(_event: TenantSuspended) -> None:
        seen.append(await sync_to_async(look)())

    assert heard("north", listen) == [None]
    assert seen == [("north", "north")]


def test_h05_a_listener_of_a_tenant_that_is_gone_is_skipped(committed: Tenant) -> None:
    seen: list[Any] = []

    assert heard("gone", lambda _event: seen.append(look())) == [None]

    assert seen == []


AT_EXIT = """
import django, time
django.setup()
from events.bus.local import LogGrew, bus

@bus.on(LogGrew)
def first(grew: LogGrew) -> None:
    time.sleep(0.2)
    print(f"heard {grew.tenant_id}", flush=True)
    if grew.tenant_id == "one":
        bus.publish(LogGrew(tenant_id="two"))

@bus.on(LogGrew)
async def second(grew: LogGrew) -> None:
    print(f"awaited {grew.tenant_id}", flush=True)

bus.publish(LogGrew(tenant_id="one"))
"""


def test_in22_a_process_that_ends_waits_for_its_listeners() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", AT_EXIT], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
    )  # fmt: skip

    assert sorted(ended.stdout.splitlines()) == ["awaited one", "awaited two", "heard one", "heard two"]
    assert (ended.returncode, ended.stderr) == (0, "")


def test_in22_a_listener_that_does_not_end_is_not_waited_for_without_end() -> None:
    shop, released = EventBus(), threading.Event()
    shop.subscribe(TenantSuspended, lambda _event: released.wait(30) and None)
    shop.publish(EVENT)

    assert not shop.settle(seconds=0.01)

    released.set()
    assert shop.settle(seconds=30)
