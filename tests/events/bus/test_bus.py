"""The bus: typed, concurrent, isolated; usable without anything else of ours."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from config.place import ROOT
from events.bus.bus import BusClosed, EventBus
from events.bus.local import LogGrew, bus
from events.events import CacheInvalidated
from events.observability.middleware import Reaction
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from tenants.models import Tenant
from tests.support.waiting import wait_for


@dataclass(frozen=True)
class Sold:
    amount: int


@dataclass(frozen=True)
class SoldOnline(Sold):
    site: str


def test_listeners_hear_their_types_and_subclasses() -> None:
    heard: list[str] = []
    shop = EventBus()

    @shop.on(Sold)
    def plainly(sold: Sold) -> None:
        heard.append(f"plain {sold.amount}")

    @shop.on(SoldOnline)
    async def asynchronously(sold: SoldOnline) -> None:
        await asyncio.sleep(0)
        heard.append(f"async {sold.site}")

    outcomes = [asyncio.run(shop.deliver(event)) for event in (Sold(1), SoldOnline(2, "s"), "a stranger")]

    assert heard[0] == "plain 1"
    assert sorted(heard[1:]) == ["async s", "plain 2"]
    assert [len(outcome) for outcome in outcomes] == [1, 2, 0]


def test_one_that_fails_does_not_keep_the_others() -> None:
    heard: list[int] = []
    shop = EventBus()

    @shop.on(Sold)
    def fail(_sold: Sold) -> None:
        raise ValueError("no")

    @shop.on(Sold)
    async def fail_later(_sold: Sold) -> None:
        await asyncio.sleep(0)
        raise KeyError("nor this")

    @shop.on(Sold)
    def succeed(sold: Sold) -> None:
        heard.append(sold.amount)

    outcomes = asyncio.run(shop.deliver(Sold(3)))

    assert heard == [3]
    assert [type(outcome.error) for outcome in outcomes] == [ValueError, KeyError, type(None)]
    assert outcomes[0].listener.endswith("fail")


def test_listeners_run_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=5)
    shop = EventBus()
    for _ in range(2):
        shop.subscribe(Sold, lambda _sold: meeting.wait() and None)

    @shop.on(Sold)
    async def meet(_sold: Sold) -> None:
        await asyncio.get_running_loop().run_in_executor(None, meeting.wait)

    outcomes = asyncio.run(shop.deliver(Sold(1)))

    assert [outcome.error for outcome in outcomes] == [None] * 3


def test_middleware_goes_around_every_listener_the_first_outermost() -> None:
    steps: list[str] = []

    def named(name: str) -> object:
        @contextmanager
        def middleware(reaction: Reaction) -> Iterator[None]:
            steps.append(f"{name} in")
            try:
                yield
            finally:
                steps.append(f"{name} out")

        return middleware

    shop = EventBus([named("outer"), named("inner")])  # type: ignore[list-item]
    shop.subscribe(Sold, lambda _sold: steps.append("listener"))

    asyncio.run(shop.deliver(Sold(1), tenant_id="north"))

    assert steps == ["outer in", "inner in", "listener", "inner out", "outer out"]


def test_plain_code_publishes_without_waiting_and_can_wait() -> None:
    shop, let_go = EventBus(), threading.Event()
    end = shop.subscribe(Sold, lambda _sold: let_go.wait(5) and None)

    outcome = shop.publish(Sold(1))
    assert outcome is not None
    assert not outcome.done()
    let_go.set()

    assert [each.error for each in outcome.result(5)] == [None]
    end()
    assert shop.publish(Sold(2)) is None
    shop.close()
    with pytest.raises(BusClosed):
        shop.publish(Sold(3))


def test_the_bus_needs_no_django_no_celery_and_no_database() -> None:
    code = (
        "import events.bus, sys;"
        "sys.exit(any(name.split('.')[0] in {'django', 'celery', 'redis', 'psycopg', 'kombu'} for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_commit_lets_this_process_hear_and_a_rollback_does_not(committed: Tenant) -> None:
    heard: list[str] = []
    ends = [
        bus.subscribe(CacheInvalidated, lambda said: heard.append(said.key)),
        bus.subscribe(LogGrew, lambda grew: heard.append(grew.tenant_id)),
    ]
    try:
        with pytest.raises(ZeroDivisionError), unit_of_work():
            publish(CacheInvalidated(cache="tests", key="rolled back"))
            _ = 1 / 0
        with unit_of_work():
            publish(CacheInvalidated(cache="tests", key="committed"))
        ended = bus.publish(CacheInvalidated(cache="tests", key="end"), tenant_id="north")
        ended.result(5)  # type: ignore[union-attr]
        wait_for(lambda: {"committed", "north", "end"} <= set(heard))
    finally:
        for end in ends:
            end()

    assert set(heard) == {"committed", "north", "end"}
