"""The release step: `manage.py subscribe` and `unsubscribe`."""

from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import Client

from events.models import Binding, OperatorAction, ParkedEvent, ProcessedEvent, Subscription
from events.operations import releasing
from events.operations.parked import discard_parked
from events.operations.rebuilding import rebuild
from events.operations.releasing import Step
from events.operations.releasing import release as release_step
from events.operations.tenant_records import subscribe_tenant
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import Backoff
from events.subscriptions import demand
from events.subscriptions.bindings import Interval, intervals_of
from events.subscriptions.cursors import lock
from events.subscriptions.declarations import renamed_names
from events.subscriptions.registry import CANARY, find_subscriber, renamed_subscribers
from events.testing.work import drain
from kernel.refusals import NotFound
from kernel.tenancy import in_public_schema
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.support.recording import Subscribe, parked
from tests.support.releases import REACTIVATED, SUSPENDED, Hearing, declares, reactivated, release, suspended
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened

NEW = "tests.after_renaming"


@pytest.fixture
def hearing() -> Hearing:
    return Hearing()


def run(*arguments: str) -> list[str]:
    """Run a command, and return its lines about `north` and its last one."""
    out, err = StringIO(), StringIO()
    call_command(*arguments, stdout=out, stderr=err)
    lines = out.getvalue().splitlines() + err.getvalue().splitlines()
    return [line for line in lines if line.startswith(("north", "public"))]


def about(name: str, lines: list[str]) -> list[str]:
    return [line for line in lines if name in line]


def test_a_new_subscriber_is_subscribed_in_every_tenant_and_once(
    shop: Tenant, subscribe: Subscribe, hearing: Hearing
) -> None:
    suspended("a")
    with release(declares(NEW, hearing.hear, TenantSuspended)):
        first = run("subscribe")
        again = run("subscribe")

    assert about(NEW, first) == [
        f"north: {NEW} is new, and begins after 1",
        f"north: {NEW} hears events.canary_released after 1",
        f"north: {NEW} hears {SUSPENDED} after 1",
    ]
    assert again == []
    with in_public_schema():
        assert list(
            Subscription.objects.filter(subscriber=NEW).order_by("tenant_id").values_list("tenant_id", "start")
        ) == [
            ("north", 1),
            ("south", 0),
        ]


def test_a_platform_subscriber_is_subscribed_to_the_platforms_log(shop: Tenant, hearing: Hearing) -> None:
    with release(declares(NEW, hearing.hear, TenantSuspended, platform=True)):
        run("subscribe")

    with in_public_schema():
        assert list(Subscription.objects.filter(subscriber=NEW).values_list("tenant_id", flat=True)) == ["public"]


def test_c02_a_new_type_is_bound_from_the_head_on(shop: Tenant, subscribe: Subscribe, hearing: Hearing) -> None:
    name = subscribe(hearing.hear, TenantSuspended)
    reactivated("a", "b")

    with release(declares(name, hearing.hear, TenantSuspended, TenantReactivated, from_beginning=True)):
        lines = run("subscribe")

    assert about(name, lines) == [f"north: {name} hears {REACTIVATED} after 2"]


def test_a_dry_run_says_the_same_and_changes_nothing(shop: Tenant, subscribe: Subscribe, hearing: Hearing) -> None:
    old = subscribe(hearing.hear, TenantSuspended)
    suspended("a")
    drain(old)
    new = declares(NEW, hearing.hear, TenantSuspended, TenantReactivated, renamed_from=old)
    with release(new, without=old):
        foreseen = run("subscribe", "--dry-run")
        untouched = (Subscription.objects.filter(subscriber=NEW).exists(), renamed_names())
        done = run("subscribe")

    assert foreseen == done
    assert about(NEW, done) == [
        f"north: {old} is renamed to {NEW}, with 1 processed and 0 parked events",
        f"north: {NEW} hears {REACTIVATED} after 1",
    ]
    assert untouched == (False, {})


def test_only_the_tenant_that_is_meant_is_released(shop: Tenant, hearing: Hearing) -> None:
    with release(declares(NEW, hearing.hear, TenantSuspended)):
        run("subscribe", "--tenant", "north")
        with nothing_happened(), pytest.raises(CommandError, match="no tenant 'nobody' exists"):
            run("subscribe", "--tenant", "nobody")

    with in_public_schema():
        assert list(Subscription.objects.filter(subscriber=NEW).values_list("tenant_id", flat=True)) == ["north"]


@pytest.mark.parametrize("status", ["PROVISIONING", "ACTIVE", "SUSPENDED", "CLOSING", "CLOSED"])
def test_every_tenant_that_is_not_closed_is_released(shop: Tenant, hearing: Hearing, status: str) -> None:
    Tenant.objects.filter(pk=shop.pk).update(status=status)

    with release(declares(NEW, hearing.hear, TenantSuspended)):
        run("subscribe")

    assert Subscription.objects.filter(subscriber=NEW).exists() == (status not in {"CLOSING", "CLOSED"})


def test_a_tenant_that_is_closed_while_the_step_runs_is_left_alone(shop: Tenant, hearing: Hearing) -> None:
    outcomes = release_step(Step(operator="shell:test"), ["south", "north"])
    with release(declares(NEW, hearing.hear, TenantSuspended)):
        next(outcomes)
        Tenant.objects.filter(pk=shop.pk).update(status="CLOSED")
        (last,) = outcomes

    assert (last.tenant_id, last.lines, last.error) == ("north", [], "")


def test_an_odd_tenant_is_named_and_does_not_stop_the_others(
    shop: Tenant, hearing: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind = releasing.bind

    def fail_in_north(tenant_id: str, wanted: Any) -> Any:
        if tenant_id == "north":
            raise RuntimeError("odd")
        return bind(tenant_id, wanted)

    monkeypatch.setattr(releasing, "bind", fail_in_north)
    err = StringIO()
    with (
        release(declares(NEW, hearing.hear, TenantSuspended)),
        pytest.raises(CommandError, match="not released: north;") as refused,
    ):
        call_command("subscribe", stdout=StringIO(), stderr=err)

    assert refused.value.returncode == 1
    assert err.getvalue() == "north: FAILED: RuntimeError: odd\n"
    with in_public_schema():
        assert list(Subscription.objects.filter(subscriber=NEW).values_list("tenant_id", flat=True)) == ["south"]


def test_two_that_run_at_once_do_it_once(committed: Tenant, hearing: Hearing) -> None:
    def step(_number: int) -> list[str]:
        try:
            return [line for outcome in release_step(Step(operator="shell:test")) for line in outcome.lines]
        finally:
            connections.close_all()

    with release(declares(NEW, hearing.hear, TenantSuspended)), ThreadPoolExecutor(2) as pool:
        first, second = pool.map(step, range(2))

    assert len(about(NEW, first + second)) == 6
    assert Binding.objects.filter(subscriber=NEW).count() == 2


def test_c01_a_type_is_bound_when_the_drain_that_works_has_ended(
    committed: Tenant, subscribe: Subscribe, hearing: Hearing
) -> None:
    name = subscribe(hearing.hear, TenantSuspended)
    pauses: list[float] = []

    def step() -> list[str]:
        try:
            (outcome,) = release_step(Step(operator="shell:test", pause=pauses.append), ["north"])
            return outcome.lines
        finally:
            connections.close_all()

    new = declares(name, hearing.hear, TenantSuspended, TenantReactivated)
    with release(new), ThreadPoolExecutor(1) as pool:
        with unit_of_work():
            assert lock("north", name) is not None
            waiting = pool.submit(step)
            reactivated("published while the drain works")
            while not _somebody_waits():
                assert not waiting.done()
        lines = waiting.result(timeout=30)

    assert lines == [f"{name} hears {REACTIVATED} after 1"]


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


def test_a_bridge_that_sends_is_waited_for(shop: Tenant, subscribe: Subscribe, hearing: Hearing) -> None:
    name = subscribe(hearing.hear, TenantSuspended)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_subscription SET lease = gen_random_uuid(), leased_until = clock_timestamp() + interval '1h'"
            " WHERE subscriber = %s",
            [name],
        )

    def pause(_seconds: float) -> None:
        Subscription.objects.filter(subscriber=name).update(lease=None, leased_until=None)

    with release(declares(name, hearing.hear, TenantSuspended, TenantReactivated)):
        (outcome,) = release_step(Step(operator="shell:test", pause=pause), ["north"])

    assert outcome.lines == [f"{name} hears {REACTIVATED} after 0"]


# Renaming


@pytest.fixture
def failing(shop: Tenant, subscribe: Subscribe) -> str:
    """A subscriber with a processed, a dead, a waiting and a pending event, that hears one type."""
    shop_hearing = Hearing()

    def hear(event: TenantSuspended, delivery: Any) -> None:
        if event.tenant_name == "bad":
            raise ValueError("bad")
        shop_hearing.hear(event, delivery)

    name = subscribe(hear, TenantSuspended, backoff=Backoff(attempts=1))
    suspended("good", "bad")
    drain(name)
    suspended("pending")
    return name


@pytest.mark.parametrize("several", [False, True])
def test_c04_renaming_moves_everything_that_the_old_name_has(failing: str, hearing: Hearing, several: bool) -> None:
    before = Subscription.objects.get(subscriber=failing)
    old_names: Any = ("tests.never", failing) if several else failing

    with release(declares(NEW, hearing.hear, TenantSuspended, renamed_from=old_names), without=failing):
        lines = run("subscribe")
        again = run("subscribe")
        drained = drain(NEW)

    after = Subscription.objects.get(subscriber=NEW)
    assert about(failing, lines) == [f"north: {failing} is renamed to {NEW}, with 1 processed and 1 parked events"]
    assert again == []
    assert (after.id, after.start, after.cursor) == (before.id, 0, 3)
    assert (drained, hearing.positions) == (1, [3])
    assert sorted(ProcessedEvent.objects.filter(subscriber=NEW).values_list("position", flat=True)) == [1, 3]
    assert parked(NEW) == [(2, "DEAD")]
    assert intervals_of("north", NEW) == [Interval(type=CANARY, since=0), Interval(type=SUSPENDED, since=0)]
    for model in (Subscription, Binding, ProcessedEvent, ParkedEvent):
        assert not model.objects.filter(subscriber=failing).exists()
    (action,) = OperatorAction.objects.filter(action="rename")
    assert (action.tenant_id, action.subscriber, action.reason) == (
        "north",
        NEW,
        f"was {failing}, with 1 processed and 1 parked events",
    )


def test_c04_renaming_is_refused_where_both_have_handled_events(
    failing: str, subscribe: Subscribe, hearing: Hearing
) -> None:
    other = subscribe(hearing.hear, TenantSuspended)
    suspended("more")
    drain(other)
    err = StringIO()

    with (
        release(declares(other, hearing.hear, TenantSuspended, renamed_from=failing), without=failing),
        pytest.raises(CommandError, match="north"),
    ):
        call_command("subscribe", stdout=StringIO(), stderr=err)

    assert f"north has {failing} and {other}, and both have handled events" in err.getvalue()
    assert Subscription.objects.filter(subscriber__in=[failing, other]).count() == 2


def test_c04_a_new_name_that_has_handled_nothing_gives_way(
    failing: str, subscribe: Subscribe, hearing: Hearing
) -> None:
    other = subscribe(hearing.hear, TenantSuspended)

    with release(declares(other, hearing.hear, TenantSuspended, renamed_from=failing), without=failing):
        run("subscribe")
        drain(other)

    assert hearing.positions == [3]
    assert parked(other) == [(2, "DEAD")]


def test_a_name_that_is_still_in_use_is_no_older_name(shop: Tenant, subscribe: Subscribe, hearing: Hearing) -> None:
    name = subscribe(hearing.hear, TenantSuspended)

    with release(declares(NEW, hearing.hear, TenantSuspended, renamed_from=name)):
        with pytest.raises(TypeError, match=f"renamed from {name}, which is another subscriber's name"):
            renamed_subscribers()
        with nothing_happened(), pytest.raises(CommandError, match="another subscriber's name"):
            run("subscribe")


def test_older_code_does_not_subscribe_a_name_that_was_given_up(failing: str, hearing: Hearing) -> None:
    with release(declares(NEW, hearing.hear, TenantSuspended, renamed_from=failing), without=failing):
        run("subscribe")

    subscribe_tenant()
    with nothing_happened(), pytest.raises(CommandError, match=f"run manage.py subscribe --rename {NEW}={failing}"):
        run("subscribe")

    assert not Subscription.objects.filter(subscriber=failing).exists()


def test_a_rename_is_taken_back_after_a_rollback(failing: str, hearing: Hearing) -> None:
    with release(declares(NEW, hearing.hear, TenantSuspended, renamed_from=failing), without=failing):
        run("subscribe")

    run("subscribe", "--rename", f"{NEW}={failing}")
    drain(failing)

    assert renamed_names() == {NEW: failing}
    assert not Subscription.objects.filter(subscriber=NEW).exists()
    assert Subscription.objects.get(subscriber=failing).cursor == 3
    with nothing_happened(), pytest.raises(CommandError, match="takes FROM=TO"):
        run("subscribe", "--rename", NEW)


@pytest.mark.parametrize("only", [[], ["--tenant", "north"], ["--dry-run"]])
def test_a_rename_takes_no_subscription_away_from_the_code_that_serves_it(
    failing: str, subscribe: Subscribe, hearing: Hearing, only: list[str]
) -> None:
    other = subscribe(hearing.hear, TenantSuspended)
    refused = {
        f"{failing}=tests.typo": f"this code declares {failing}",
        f"{failing}={other}": f"this code declares {failing}",
    }
    for asked, why in refused.items():
        with nothing_happened(), pytest.raises(CommandError, match=why):
            run("subscribe", "--rename", asked, *only)
    with (
        release(without=failing),
        nothing_happened(),
        pytest.raises(CommandError, match=r"does not declare tests\.typo"),
    ):
        run("subscribe", "--rename", f"{failing}=tests.typo", *only)

    assert renamed_names() == {}
    assert Subscription.objects.filter(tenant_id="north", subscriber=failing).exists()


# Tenants that older code creates after the release step


def test_c05_a_tenant_that_older_code_creates_hears_what_the_new_release_declares(
    shop: Tenant, subscribe: Subscribe, hearing: Hearing
) -> None:
    name = subscribe(hearing.hear, TenantSuspended)
    new = [
        declares(NEW, hearing.hear, TenantReactivated),
        declares(name, hearing.hear, TenantSuspended, TenantReactivated),
    ]
    with release(*new):
        run("subscribe")
    with in_public_schema():
        Subscription.objects.filter(tenant_id="north").delete()

    subscribe_tenant()

    assert Interval(type=REACTIVATED, since=0) in intervals_of("north", NEW)
    assert Interval(type=REACTIVATED, since=0) in intervals_of("north", name)


def test_a_tenant_that_is_created_has_nothing_of_a_subscriber_that_was_removed(
    shop: Tenant, subscribe: Subscribe, hearing: Hearing
) -> None:
    name = subscribe(hearing.hear, TenantSuspended)
    run("subscribe")
    with release(without=name):
        run("subscribe")
        Subscription.objects.all().delete()

        subscribe_tenant()

    assert not Subscription.objects.filter(subscriber=name).exists()


def test_a_tenant_that_older_code_creates_has_a_renamed_subscriber_once(failing: str, hearing: Hearing) -> None:
    with release(declares(NEW, hearing.hear, TenantSuspended, renamed_from=failing), without=failing):
        run("subscribe")
    with in_public_schema():
        Subscription.objects.filter(tenant_id="north").delete()

    subscribe_tenant()

    assert list(Subscription.objects.filter(subscriber__in=[failing, NEW]).values_list("subscriber", flat=True)) == [
        NEW
    ]


def test_a_subscriber_on_demand_is_bound_by_older_code_to_what_the_new_release_declares(
    shop: Tenant, subscribe: Subscribe, hearing: Hearing
) -> None:
    name = subscribe(hearing.hear, TenantSuspended, on_demand=True)
    with release(declares(name, hearing.hear, TenantSuspended, TenantReactivated, on_demand=True)):
        run("subscribe")
    assert not Subscription.objects.filter(subscriber=name).exists()

    demand.want(name)

    assert [interval.type for interval in intervals_of("north", name)] == [CANARY, REACTIVATED, SUSPENDED]


# Types and subscribers that the code lacks


def test_a_type_that_the_code_lacks_is_reported_and_ended_with_unbind(
    shop: Tenant, subscribe: Subscribe, hearing: Hearing
) -> None:
    name = subscribe(hearing.hear, TenantSuspended)
    new = declares(name, hearing.hear, TenantSuspended, TenantReactivated)
    with release(new):
        run("subscribe")
        reactivated("a")
        drain(name)
    reactivated("b", "c")

    reported = run("subscribe")
    ended = run("subscribe", "--unbind")
    quiet = run("subscribe")

    assert about(name, reported) == [
        f"north: {name} is bound to {REACTIVATED}, which this code does not declare for it (pending=2 parked=0): "
        "its drains stop there; manage.py subscribe --unbind ends it"
    ]
    assert about(name, ended) == [
        f"north: {name} no longer hears {REACTIVATED}; 2 pending events of it will not be heard"
    ]
    assert about(name, quiet) == []
    assert Interval(type=REACTIVATED, since=0, until=1) in intervals_of("north", name)
    (action,) = OperatorAction.objects.filter(action="unbind")
    assert (action.tenant_id, action.subscriber) == ("north", name)
    assert action.reason == f"{REACTIVATED}: 2 pending events of it will not be heard"
    with release(new):
        run("subscribe")
    assert intervals_of("north", name)[1:3] == [
        Interval(type=REACTIVATED, since=0, until=1),
        Interval(type=REACTIVATED, since=3),
    ]


def test_c04_a_removed_subscriber_is_reported_and_ended_with_what_was_pending(
    failing: str, subscribe: Subscribe
) -> None:
    suspended("pending too")
    with release(without=failing):
        reported = run("subscribe")
        ended = run("unsubscribe", failing, "--reason", "nobody reads it")
        quiet = run("subscribe")
        suspended("later")
        discarded = discard_parked(
            subscriber=failing, operator="user:ada", reason="x", fingerprint=_fingerprint(failing, 3)
        )

    assert about(failing, reported) == [
        f"north: {failing} is not declared by this code (pending=2 retrying=0 dead=1): manage.py unsubscribe ends it"
    ]
    assert ended == [f"north: {failing} hears nothing after 4; 2 pending events are dead letters now"]
    assert about(failing, quiet) == [
        f"north: {failing} is ended, and holds parked events (pending=0 retrying=0 dead=3): "
        f"manage.py events discard {failing} --tenant north --position 2 --reason …"
    ]
    assert discarded == 2
    assert parked(failing) == [(2, "DEAD"), (3, "DISCARDED"), (4, "DISCARDED")]
    assert Interval(type=SUSPENDED, since=0, until=4) in intervals_of("north", failing)
    assert OperatorAction.objects.filter(action="unsubscribe", subscriber=failing).count() == 1


def _fingerprint(name: str, position: int) -> str:
    return ParkedEvent.objects.get(subscriber=name, position=position).fingerprint


def test_what_retries_or_waits_is_dead_after_unsubscribing(shop: Tenant, subscribe: Subscribe) -> None:
    def fail(_event: Any, _delivery: Any) -> None:
        raise ValueError("not yet")

    name = subscribe(fail, TenantSuspended, backoff=Backoff(base=3600, cap=3600))
    suspended("a")
    drain(name)
    ParkedEvent.objects.filter(subscriber=name).update(stream="one")
    suspended("b")
    drain(name)
    ParkedEvent.objects.filter(subscriber=name, position=2).update(state="WAITING", error="", fingerprint="")

    with release(without=name):
        run("unsubscribe", name, "--reason", "gone", "--tenant", "north")

    assert parked(name) == [(1, "DEAD"), (2, "DEAD")]
    errors = dict(ParkedEvent.objects.filter(subscriber=name).values_list("position", "error"))
    assert "ValueError: not yet" in errors[1]
    assert errors[2] == "SubscriberRemoved: gone"


def test_a_subscription_that_was_never_bound_is_ended_too(shop: Tenant, subscribe: Subscribe, hearing: Hearing) -> None:
    name = subscribe(hearing.hear, TenantSuspended)
    Binding.objects.filter(subscriber=name).delete()
    suspended("a")

    with release(without=name):
        reported = about(name, run("subscribe"))
        ended = run("unsubscribe", name, "--reason", "older code had it")
        quiet = about(name, run("subscribe"))

    assert (len(reported), quiet) == (1, [])
    assert ended == [f"north: {name} hears nothing after 0; 0 pending events are dead letters now"]


def test_only_what_the_code_lacks_is_unsubscribed(shop: Tenant, subscribe: Subscribe, hearing: Hearing) -> None:
    name = subscribe(hearing.hear, TenantSuspended)

    with nothing_happened(), pytest.raises(CommandError, match=f"this code declares {name}"):
        run("unsubscribe", name, "--reason", "x")
    with nothing_happened(), pytest.raises(CommandError, match="no subscription 'tests.nobody'"):
        run("unsubscribe", "tests.nobody", "--reason", "x")
    assert find_subscriber(name)


def test_a_subscription_that_was_ended_hears_again_from_the_head_where_the_code_has_it_again(
    failing: str, subscribe: Subscribe
) -> None:
    with release(without=failing):
        run("unsubscribe", failing, "--reason", "x")
    suspended("not heard")

    run("subscribe")

    rows = [interval for interval in intervals_of("north", failing) if interval.type == SUSPENDED]
    assert rows == [Interval(type=SUSPENDED, since=0, until=3), Interval(type=SUSPENDED, since=4)]


# Operators and a subscriber that the code lacks


def test_c04_commands_work_for_a_subscriber_that_the_code_lacks(failing: str) -> None:
    def act(*arguments: str) -> str:
        out = StringIO()
        call_command("events", *arguments, "--tenant", "north", stdout=out)
        return out.getvalue()

    with release(without=failing):
        said = [
            act("pause", failing, "--reason", "a test"),
            act("resume", failing),
            act("retry", failing),
            act("discard", failing, "--position", "2", "--reason", "gone"),
            act("repair", "--subscriber", failing),
            act("repair"),
        ]
        (line,) = about(failing, act("lag", "--behind").splitlines())

    assert said[2:4] == [f"1 events of {failing} are tried again\n", f"1 events are discarded for {failing}\n"]
    assert parked(failing) == [(2, "DISCARDED")]
    assert line.split()[2:4] == ["2", "1"]
    assert line.endswith("not in this code")


def test_c04_the_api_works_for_a_subscriber_that_the_code_lacks(failing: str, operator: Terminal) -> None:
    one = {"subscriber": failing, "position": 2}
    with release(without=failing):
        answers = [
            operator.post("/dead-letters/dry-run", one),
            operator.post("/dead-letters/retry", one),
            operator.post("/dead-letters/discard", {**one, "reason": "gone"}),
        ]
        with nothing_happened():
            unknown = operator.post("/dead-letters/retry", {"subscriber": "tests.nobody"})

    assert [answer.status_code for answer in (*answers, unknown)] == [200, 200, 200, 404]
    assert answers[0].json()["error"].startswith(f"this code has no subscriber {failing}")
    assert parked(failing) == [(2, "DISCARDED")]


def test_c04_the_admin_works_for_a_subscriber_that_the_code_lacks(failing: str, owner: Client) -> None:
    letter = ParkedEvent.objects.get(subscriber=failing)
    page = f"/admin/events/parkedevent/{letter.pk}/dry-run/"
    subscription = Subscription.objects.get(subscriber=failing)
    with release(without=failing):
        owner.post("/admin/events/subscription/", {"action": "resume", "_selected_action": [str(subscription.pk)]})
        shown = owner.get(f"/admin/events/subscription/{subscription.pk}/change/")
        owner.post(page, {"action": "discard", "reason": "gone"})

    assert SUSPENDED in shown.content.decode()
    assert parked(failing) == [(2, "DISCARDED")]


def test_a_rebuild_of_a_subscriber_that_the_code_lacks_is_refused(failing: str) -> None:
    with release(without=failing), nothing_happened(), pytest.raises(NotFound, match="no subscriber"):
        rebuild(subscriber=failing, operator="user:ada")
