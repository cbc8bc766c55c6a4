"""A rolling deploy: web and workers of two releases on the same log, before and after the release step, and back."""

from collections.abc import Iterator
from functools import partial
from io import StringIO
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from events.delivery.dispatch import Dispatch
from events.delivery.drain import Drain
from events.event import decode
from events.models import ParkedEvent, Subscription
from events.operations import accounts
from events.operations.tenant_records import subscribe_tenant
from events.subscribing import Backoff
from events.subscriptions import demand, queries
from events.subscriptions.bindings import Interval, intervals_of
from events.subscriptions.registry import Subscriber
from events.testing.doorbells import SilentDoorbells
from integrations.bridges.forwarding import Forward
from kernel.tenancy import in_public_schema
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.support.accounting import unaccounted
from tests.support.bridging import FakeBridge
from tests.support.recording import parked
from tests.support.releases import REACTIVATED, SUSPENDED, Hearing, declares, reactivated, release, suspended

NAME, RENAMED = "tests.rolling", "tests.rolled"


@pytest.fixture
def hearing() -> Hearing:
    return Hearing()


@pytest.fixture
def old(shop: Tenant, hearing: Hearing) -> Subscriber:
    """The subscriber as the release that serves declares it; it is subscribed."""
    declared = declares(NAME, hearing.hear, TenantSuspended)
    with release(declared):
        subscribe_tenant()
    return declared


@pytest.fixture
def new(hearing: Hearing) -> Subscriber:
    """The same subscriber in the release that is rolled out: it hears one type more."""
    return declares(NAME, hearing.hear, TenantSuspended, TenantReactivated)


@pytest.fixture(autouse=True)
def _books(shop: Tenant) -> Iterator[None]:
    yield
    accounts.forget_accounts()


def work(declared: Subscriber, **options: Any) -> int:
    """Let a worker of the release that declares this drain until it stops; return how many events it applied."""
    return Drain(declared, "north", SilentDoorbells(), **options).run()


def step(declared: Subscriber, *arguments: str, without: str = "") -> list[str]:
    out = StringIO()
    with release(declared, without=without):
        call_command("subscribe", *arguments, stdout=out)
    return [line for line in out.getvalue().splitlines() if line.startswith("north")]


def cursor() -> int:
    return Subscription.objects.get(subscriber=NAME).cursor


def sound() -> bool:
    """Say whether everything is accounted for once: by the whole count, by the books, and by `verify`."""
    while accounts.check_accounts():
        pass
    try:
        call_command("verify", "--tenant", "north", stdout=StringIO())
    except SystemExit:
        return False
    return (unaccounted(), accounts.unaccounted_on_the_books()) == (0, 0)


def test_c01_an_old_worker_stops_before_the_first_event_of_a_new_type(
    old: Subscriber, new: Subscriber, hearing: Hearing
) -> None:
    step(new)
    suspended("by the old web")
    reactivated("by the new web")
    suspended("by the old web again")

    by_old = [work(old), work(old)]
    stopped_at = cursor()
    by_new = work(new)

    assert (by_old, stopped_at, by_new) == ([1, 0], 1, 2)
    assert hearing.positions == [1, 2, 3]
    assert parked(NAME) == []
    assert sound()


def test_c01_what_old_web_processes_publish_meanwhile_waits_in_order(
    old: Subscriber, new: Subscriber, hearing: Hearing
) -> None:
    step(new)
    for _ in range(3):
        reactivated("new")
        suspended("old")
        work(old)

    assert hearing.positions == []
    assert ("north", NAME) in queries.behind(moment_seconds=-5)
    assert work(new) == 6
    assert hearing.positions == [1, 2, 3, 4, 5, 6]


def test_c01_before_the_release_step_nobody_hears_a_new_type_and_afterwards_only_new_ones(
    old: Subscriber, new: Subscriber, hearing: Hearing
) -> None:
    reactivated("too early")
    before = (work(old), work(new), cursor())
    suspended("pending")

    lines = step(new)
    reactivated("in time")
    work(new)

    assert before == (0, 0, 1)
    assert lines == [f"north: {NAME} hears {REACTIVATED} after 2"]
    assert hearing.heard == [(2, SUSPENDED), (3, REACTIVATED)]
    assert sound()


def test_c02_a_type_is_bound_beyond_what_is_still_pending(old: Subscriber, new: Subscriber, hearing: Hearing) -> None:
    reactivated("history")
    suspended("pending")
    reactivated("history too")

    step(new)
    reactivated("now")
    work(new)

    assert hearing.positions == [2, 4]
    assert sound()


@pytest.mark.parametrize("seed", range(12))
def test_c01_no_order_of_releases_loses_or_repeats_anything(
    old: Subscriber, new: Subscriber, hearing: Hearing, seed: int
) -> None:
    random = Random(seed)
    expected: list[int] = []
    position, bound = 0, False
    for _ in range(40):
        act = random.choice(["old web", "new web", "old worker", "new worker", "step", "rollback"])
        if act == "old web":
            suspended("x")
            position += 1
            expected.append(position)
        elif act == "new web":
            reactivated("x")
            position += 1
            expected += [position] if bound else []
        elif act.endswith("worker"):
            work(old if act == "old worker" else new)
        elif act == "step":
            step(new)
            bound = True
        elif bound:
            work(new)
            step(old, "--unbind")
            bound = False

    work(new)

    assert hearing.positions == expected
    assert parked(NAME) == []
    assert sound()


def test_after_a_rollback_old_workers_go_on_when_what_they_lack_is_ended(
    old: Subscriber, new: Subscriber, hearing: Hearing
) -> None:
    step(new)
    reactivated("heard by new")
    work(new)
    reactivated("lost with the rollback")
    suspended("waits")
    stopped = work(old)

    lines = step(old, "--unbind")
    went_on = work(old)
    step(new)
    reactivated("heard again")
    work(new)

    assert (stopped, went_on) == (0, 1)
    assert lines == [f"north: {NAME} no longer hears {REACTIVATED}; 1 pending events of it will not be heard"]
    assert hearing.positions == [1, 3, 4]
    rows = [interval for interval in intervals_of("north", NAME) if interval.type == REACTIVATED]
    assert rows == [Interval(type=REACTIVATED, since=0, until=1), Interval(type=REACTIVATED, since=3)]
    assert sound()


def _newer(declared: Subscriber) -> Dispatch:
    """Dispatch as code that knows version 9 of every type does."""
    return Dispatch(
        declared, "north", newest=lambda _name: 9, decode=lambda name, _version, data: decode(name, 1, data)
    )


def _raise_version(position: int) -> None:
    with in_public_schema(), connection.cursor() as database:
        database.execute("ALTER TABLE events_event DISABLE TRIGGER events_event_append_only")
        database.execute("UPDATE events_event SET version = 9 WHERE tenant_id = 'north' AND position = %s", [position])
        database.execute("ALTER TABLE events_event ENABLE TRIGGER events_event_append_only")


def test_c03_an_old_worker_stops_before_a_newer_version_and_counts_no_attempt(
    old: Subscriber, hearing: Hearing
) -> None:
    suspended("a", "b", "c")
    _raise_version(2)

    by_old = [work(old), work(old)]
    stopped_at = cursor()
    by_new = work(old, dispatch=_newer(old))

    assert (by_old, stopped_at, by_new) == ([1, 0], 1, 2)
    assert hearing.positions == [1, 2, 3]
    assert parked(NAME) == []


@pytest.mark.parametrize("lacks", ["version", "type"])
def test_c03_a_parked_event_that_an_old_worker_cannot_handle_is_put_off_without_an_attempt(
    shop: Tenant, old: Subscriber, new: Subscriber, hearing: Hearing, lacks: str
) -> None:
    def fail(_event: Any, _delivery: Any) -> None:
        raise ValueError("not yet")

    failing = declares(NAME, fail, TenantSuspended, TenantReactivated, backoff=Backoff(base=0, cap=0, attempts=9))
    step(new)
    (suspended if lacks == "version" else reactivated)("a")
    work(failing, budget=0.0)
    if lacks == "version":
        _raise_version(1)
    before = ParkedEvent.objects.get(subscriber=NAME).attempts
    ParkedEvent.objects.filter(subscriber=NAME).update(next_attempt_at=timezone.now())

    work(old)

    after = ParkedEvent.objects.get(subscriber=NAME)
    assert (after.state, after.attempts) == ("RETRYING", before)
    assert after.next_attempt_at > timezone.now()
    ParkedEvent.objects.filter(subscriber=NAME).update(next_attempt_at=timezone.now())
    assert work(new, dispatch=_newer(new)) == 1
    assert parked(NAME) == []


def test_c05_a_new_subscriber_hears_the_first_event_of_a_new_type(shop: Tenant, hearing: Hearing) -> None:
    brought = declares(NAME, hearing.hear, TenantReactivated)
    suspended("history")

    step(brought)
    reactivated("the first, by a new web process")
    subscribe_tenant()
    suspended("of no interest")
    reactivated("the second")

    assert work(brought) == 2
    assert hearing.positions == [2, 4]
    assert sound()


def test_c05_a_subscriber_that_is_rolled_back_keeps_what_is_pending_for_the_next_attempt(
    shop: Tenant, hearing: Hearing
) -> None:
    brought = declares(NAME, hearing.hear, TenantReactivated)
    step(brought)
    reactivated("a")

    out = StringIO()
    call_command("subscribe", "--unbind", stdout=out)
    reactivated("b")
    step(brought)

    assert f"north: {NAME} is not declared by this code (pending=1 retrying=0 dead=0)" in out.getvalue()
    assert work(brought) == 2
    assert hearing.positions == [1, 2]


def test_c04_a_renamed_subscriber_hears_everything_once_while_old_workers_run(
    old: Subscriber, hearing: Hearing
) -> None:
    renamed = declares(RENAMED, hearing.hear, TenantSuspended, renamed_from=NAME)
    suspended("a", "b")
    work(old)
    suspended("c")

    step(renamed, without=NAME)
    suspended("d")
    by_old = work(old)
    with release(old):
        subscribe_tenant()
    by_new = work(renamed)
    suspended("e")

    assert (by_old, by_new, work(old), work(renamed)) == (0, 2, 0, 1)
    assert hearing.positions == [1, 2, 3, 4, 5]
    assert not Subscription.objects.filter(subscriber=NAME).exists()


def test_a_subscription_without_bindings_waits_for_the_release_step(old: Subscriber, hearing: Hearing) -> None:
    with connection.cursor() as database:
        database.execute("DELETE FROM events_binding WHERE subscriber = %s", [NAME])
    suspended("a")

    before = (work(old), cursor())
    step(old)

    assert before == (0, 0)
    assert work(old) == 1
    assert hearing.positions == [1]


def test_a_subscription_on_demand_is_bound_where_it_exists(shop: Tenant, hearing: Hearing) -> None:
    old = declares(NAME, hearing.hear, TenantSuspended, on_demand=True)
    new = declares(NAME, hearing.hear, TenantSuspended, TenantReactivated, on_demand=True)
    with release(old):
        demand.want(NAME)
    lines = step(new)
    reactivated("a")
    suspended("b")

    assert lines == [f"north: {NAME} hears {REACTIVATED} after 0"]
    assert (work(old), work(new)) == (0, 2)
    assert hearing.positions == [1, 2]


def test_c01_a_bridge_of_the_old_release_sends_nothing_from_the_first_event_that_it_does_not_know_on(
    shop: Tenant,
) -> None:
    bridge = FakeBridge()
    bridge.name = NAME
    old, new = (
        declares(NAME, hear_nothing, *events, batch_size=200, forward=partial(Forward, bridge))
        for events in ([TenantSuspended], [TenantSuspended, TenantReactivated])
    )
    with release(old):
        subscribe_tenant()
    step(new)
    suspended("a")
    reactivated("b")
    suspended("c")

    def forward(declared: Subscriber) -> int:
        return Forward.over(bridge, declared, "north", SilentDoorbells()).run()

    by_old = [forward(old), forward(old)]
    by_new = forward(new)

    assert (by_old, by_new) == ([1, 0], 2)
    assert len(bridge.sent) == 3
    assert parked(NAME) == []


def hear_nothing(_event: Any, _delivery: Any) -> None: ...
