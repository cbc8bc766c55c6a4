"""`manage.py events`, `trace` and `device`: what an operator types."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from events.models import Event, Subscription
from events.operations.accounts import check_accounts, unaccounted_on_the_books
from events.subscribing import Delivery
from events.subscriptions.doorbells import doorbells
from events.testing.work import drain, settle
from kernel.refusals import NotFound
from kernel.tenancy import in_public_schema, in_tenant
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support import make
from tests.support.recording import say
from tests.support.unchanged import nothing_happened

SUBSCRIBER = "inventory.know_variants"


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_list_names_events_and_listeners(db: None) -> None:
    assert "inventory.take_sold_goods_from_stock" in run("events", "list")
    assert run("events", "list", "--markdown").startswith("# Events\n")


def test_lag_shows_who_is_behind(shop: Tenant) -> None:
    make.variant()

    said = run("events", "lag", "--tenant", "north", "--behind")
    settle()
    later = run("events", "lag", "--tenant", "north", "--behind")

    (line,) = [line for line in said.splitlines() if SUBSCRIBER in line]
    assert line.split()[:4] == ["north", SUBSCRIBER, "0", "1"]
    assert SUBSCRIBER not in later
    assert SUBSCRIBER in run("events", "lag")
    assert later.splitlines()[-1] == "unaccounted=0"


def test_lag_counts_what_is_accounted_for_twice_or_not_at_all(shop: Tenant) -> None:
    make.variant()
    settle()
    make.variant("TEA")
    Subscription.objects.filter(subscriber=SUBSCRIBER).update(cursor=2)
    check_accounts()

    assert run("events", "lag", "--tenant", "north").splitlines()[-1] == "unaccounted=1"


def test_pause_resume_retry_and_discard(shop: Tenant, subscribe: Callable[..., str]) -> None:
    def fail(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        raise ValueError("never")

    name = subscribe(fail, TenantSuspended, permanent=(ValueError,))
    say("a", "b")
    drain(name)

    assert "paused" in run("events", "pause", name, "--tenant", "north", "--reason", "a test")
    assert "paused" in run("events", "lag", "--tenant", "north")
    assert "goes on" in run("events", "resume", name, "--tenant", "north")
    assert run("events", "retry", name, "--tenant", "north").startswith("2 events")
    with nothing_happened(), pytest.raises(CommandError, match="no retrying or dead event"):
        run("events", "retry", name, "--tenant", "north", "--fingerprint", "x")
    assert "discarded" in run("events", "discard", name, "--tenant", "north", "--position", "1", "--reason", "x")
    with nothing_happened(), pytest.raises(CommandError, match="reason|say why"):
        run("events", "discard", name, "--tenant", "north", "--position", "2")
    with nothing_happened(), pytest.raises(CommandError, match="no subscriber"):
        run("events", "pause", "nobody", "--tenant", "north")
    assert "rang for" in run("events", "sweep")
    doorbells.breaker.worked()


def test_trace_follows_an_order_to_every_subscriber(shop: Tenant) -> None:
    make.variant()
    order = make.order(make.cash(1000))

    before = run("trace", "--tenant", "north", "--stream", f"order:{order.id}")
    settle()
    after = run("trace", "--tenant", "north", "--stream", f"order:{order.id}")

    assert "inventory.take_sold_goods_from_stock: pending" in before
    assert "inventory.take_sold_goods_from_stock: applied" in after
    assert "pending" not in after
    with pytest.raises(CommandError, match="no tenant"):
        run("trace", "--tenant", "nobody", "--stream", "x")


def test_sh11_trace_finds_an_order_and_a_return_by_the_number_on_the_receipt(shop: Tenant) -> None:
    make.variant()
    order = make.order(make.cash(1000))
    returned = make.return_(order, make.returning(order))

    for typed in (("R1-000001",), ("r1-1", "--tenant", "north")):
        assert f"pos.order_completed  order:{order.id}" in run("trace", *typed)
    assert f"pos.return_completed  return:{returned.id}" in run("trace", "R1-R000001", "--tenant", "north")
    for typed, message in (
        (("R1-000018",), "no shop has a receipt 'R1-000018'"),
        (("R1-000018", "--tenant", "north"), "north has no receipt 'R1-000018'"),
        (("R1-000001", "--tenant", "public"), "public has no receipt"),
        ((), "name a receipt"),
        (("--stream", f"order:{order.id}"), "name a receipt"),
        (("R1-000001", "--tenant", "north", "--stream", "order:x"), "name a receipt"),
    ):
        with pytest.raises(CommandError, match=message):
            run("trace", *typed)


def test_sh11_a_number_that_several_shops_gave_is_not_guessed_at(shop: Tenant, south: Tenant) -> None:
    for tenant in (shop, south):
        with in_tenant(tenant):
            make.variant()
            make.order(make.cash(1000))

    with pytest.raises(
        CommandError, match="several shops have a receipt 'R1-000001', name one by --tenant: north, south"
    ):
        run("trace", "R1-000001")
    assert "pos.order_completed" in run("trace", "R1-000001", "--tenant", "south")


def test_a_device_is_paired_once_for_its_token(shop: Tenant) -> None:
    assert run("device", "pair", "--tenant", "north").startswith("tf.north.")
    with nothing_happened(), pytest.raises(CommandError, match="register"):
        run("device", "pair", "--tenant", "north", "--register", "R9")
    with nothing_happened(), pytest.raises(CommandError, match="no tenant"):
        run("device", "pair", "--tenant", "nobody")
    assert NotFound.status == 404


@pytest.mark.parametrize("rename", ["a", "a=", "=b", "pos.note_shelf_levels=pos.note_shelf_levels"])
def test_c04_a_rename_that_names_no_two_names_is_refused(committed: Tenant, rename: str) -> None:
    with nothing_happened(), pytest.raises(CommandError, match="--rename takes FROM=TO, two names"):
        call_command("subscribe", "--tenant", "north", "--rename", rename)


def test_c04_a_rename_of_a_name_that_no_tenant_has_is_refused(committed: Tenant) -> None:
    with nothing_happened(), pytest.raises(CommandError, match="no tenant has a subscription 'tests.nobody'"):
        call_command("subscribe", "--tenant", "north", "--rename", "tests.nobody=tests.somebody")


def test_c04_a_rename_to_two_names_is_refused(committed: Tenant) -> None:
    twice = ["--rename", "pos.note_shelf_levels=tests.b", "--rename", "pos.note_shelf_levels=tests.c"]

    with nothing_happened(), pytest.raises(CommandError, match="two new names: tests.b and tests.c"):
        call_command("subscribe", "--tenant", "north", *twice)


def test_c04_a_subscriber_is_ended_for_a_reason_only(committed: Tenant) -> None:
    with nothing_happened(), pytest.raises(CommandError, match="give a reason"):
        call_command("unsubscribe", "tests.gone", "--reason", " ")


def test_recheck_clears_what_was_put_right_and_keeps_what_was_not(shop: Tenant) -> None:
    make.variant()
    make.variant("TEA")
    settle()
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM events_processedevent WHERE tenant_id = 'north' AND subscriber = %s AND position = 1"
            " RETURNING recorded_at",
            [SUBSCRIBER],
        )
        (recorded_at,) = cursor.fetchone()
    with pytest.raises(CommandError, match="unaccounted=1"):
        run("events", "recheck", "--tenant", "north")
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_processedevent (tenant_id, subscriber, position, recorded_at, processed_at)"
            " VALUES ('north', %s, 1, %s, now())",
            [SUBSCRIBER, recorded_at],
        )

    check_accounts()
    before = unaccounted_on_the_books()
    after = run("events", "recheck", "--tenant", "north")

    assert (before, after, unaccounted_on_the_books()) == (1, "unaccounted=0\n", 0)


def test_a_canary_for_a_suspended_shop_is_refused(shop: Tenant) -> None:
    with in_public_schema():
        Tenant.objects.filter(schema_name="north").update(status="SUSPENDED")

    with nothing_happened(), pytest.raises(CommandError, match="north is suspended"):
        run("events", "canary", "--tenant", "north", "--seconds", "0.1")

    assert not Event.objects.filter(type="events.canary_released").exists()
