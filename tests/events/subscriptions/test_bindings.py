"""Bindings: what a subscription hears is a row, with the position from which on."""

from typing import Any

import pytest
from django.db import transaction

from events.log.log import head
from events.maintenance import retention
from events.models import ProcessedEvent, Subscription
from events.operations.tenant_records import subscribe_tenant
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscriptions.bindings import Heard, Interval, Wanted, bind, heard, intervals_of, unbind
from events.subscriptions.registry import CANARY
from events.testing.work import drain, settle
from kernel.ids import new_id
from tenants.events import TenantReactivated, TenantSuspended
from tests.support.ageing import OLD, age, other_session, retained, verified
from tests.support.recording import Subscribe, say

SUSPENDED, REACTIVATED = "tenants.tenant_suspended", "tenants.tenant_reactivated"


def ignore(_event: Any, _delivery: Any) -> None: ...


def test_a_new_subscription_is_bound_to_its_types_from_the_head(shop: Any, subscribe: Subscribe) -> None:
    say("a", "b")

    name = subscribe(ignore, TenantSuspended)

    assert intervals_of("north", name) == [Interval(type=CANARY, since=2), Interval(type=SUSPENDED, since=2)]


def test_a_new_subscription_from_the_beginning_is_bound_from_0(shop: Any, subscribe: Subscribe) -> None:
    say("a", "b")

    name = subscribe(ignore, TenantSuspended, from_beginning=True)

    assert intervals_of("north", name) == [Interval(type=CANARY, since=0), Interval(type=SUSPENDED, since=0)]


def test_a_new_subscription_from_the_beginning_begins_after_what_is_in_archives_only(
    old_month: str, subscribe: Subscribe
) -> None:
    say("a", "b")
    settle()
    age()
    assert retained() == [(OLD, True, "")]
    say("c")

    name = subscribe(ignore, TenantSuspended, from_beginning=True)
    drain(name)

    assert intervals_of("north", name) == [Interval(type=CANARY, since=2), Interval(type=SUSPENDED, since=2)]
    assert list(ProcessedEvent.objects.filter(subscriber=name).values_list("position", flat=True)) == [3]
    verified()


def test_no_month_is_dropped_while_a_subscription_that_begins_with_it_is_made(
    old_month: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "DROP_ATTEMPTS", 1)
    say("a")
    settle()
    age()

    with transaction.atomic():
        bind("north", [Wanted(subscriber="tests.first", type=SUSPENDED, from_beginning=True)])
        with other_session():
            ((_, dropped, why),) = retained()

    assert (dropped, why) == (False, "its rows were locked by others for too long: the next run tries again")
    assert intervals_of("north", "tests.first") == [Interval(type=SUSPENDED, since=0)]


@pytest.mark.parametrize("from_beginning", [False, True])
def test_c02_a_type_that_is_added_is_bound_from_the_head(shop: Any, subscribe: Subscribe, from_beginning: bool) -> None:
    name = subscribe(ignore, TenantSuspended, from_beginning=from_beginning)
    say("a", "b")

    changes = bind("north", [Wanted(subscriber=name, type=REACTIVATED, from_beginning=from_beginning)])

    assert [(change.type, change.since) for change in changes] == [(REACTIVATED, 2)]
    assert Interval(type=REACTIVATED, since=2) in intervals_of("north", name)


def test_binding_again_changes_nothing(shop: Any, subscribe: Subscribe) -> None:
    name = subscribe(ignore, TenantSuspended)
    before = intervals_of("north", name)
    say("a")

    assert subscribe_tenant() == 0
    assert bind("north", [Wanted(subscriber=name, type=SUSPENDED)]) == []
    assert intervals_of("north", name) == before


def test_a_subscription_of_older_code_is_bound_from_its_start(shop: Any, subscribe: Subscribe) -> None:
    say("a")
    name = subscribe(ignore, TenantSuspended)
    say("b")
    drain(name)
    unbound = Subscription.objects.get(subscriber=name)
    unbound.delete()
    unbound.save(force_insert=True)

    subscribe_tenant()

    assert unbound.start == 1
    assert Interval(type=SUSPENDED, since=1) in intervals_of("north", name)


def test_a_type_that_older_code_did_not_hear_is_bound_from_the_cursor(shop: Any, subscribe: Subscribe) -> None:
    name = subscribe(ignore, TenantSuspended)
    say("a")
    with unit_of_work():
        publish(TenantReactivated(tenant_uuid=new_id(), tenant_name="north"))
    say("b")
    drain(name)
    say("c")
    unbound = Subscription.objects.get(subscriber=name)
    unbound.delete()
    unbound.save(force_insert=True)

    bind("north", [Wanted(subscriber=name, type=kind) for kind in (SUSPENDED, REACTIVATED)])

    assert intervals_of("north", name) == [
        Interval(type=REACTIVATED, since=3),
        Interval(type=SUSPENDED, since=0),
    ]


def test_unbinding_ends_at_the_cursor_and_a_type_bound_again_starts_a_new_row(shop: Any, subscribe: Subscribe) -> None:
    name = subscribe(ignore, TenantSuspended, TenantReactivated)
    say("a")
    drain(name)
    say("b", "c")

    assert unbind("north", name, [SUSPENDED, "no.such_type"]) == [SUSPENDED]
    bind("north", [Wanted(subscriber=name, type=SUSPENDED)])

    rows = [interval for interval in intervals_of("north", name) if interval.type == SUSPENDED]
    assert rows == [Interval(type=SUSPENDED, since=0, until=1), Interval(type=SUSPENDED, since=3)]


def test_a_type_that_is_bound_again_at_the_same_head_goes_on(shop: Any, subscribe: Subscribe) -> None:
    say("a")
    name = subscribe(ignore, TenantSuspended)
    unbind("north", name, [SUSPENDED])
    assert Interval(type=SUSPENDED, since=1, until=1) in intervals_of("north", name)

    bind("north", [Wanted(subscriber=name, type=SUSPENDED)])

    assert head("north") == 1
    assert Interval(type=SUSPENDED, since=1) in intervals_of("north", name)


def test_a_type_that_was_bound_beyond_the_cursor_is_never_heard_when_it_is_unbound(
    shop: Any, subscribe: Subscribe
) -> None:
    name = subscribe(ignore, TenantSuspended)
    say("a", "b")
    bind("north", [Wanted(subscriber=name, type=REACTIVATED)])

    unbind("north", name, [REACTIVATED])

    assert Interval(type=REACTIVATED, since=2, until=2) in intervals_of("north", name)


def test_bindings_go_with_their_subscription(shop: Any, subscribe: Subscribe) -> None:
    name = subscribe(ignore, TenantSuspended)

    Subscription.objects.filter(subscriber=name).delete()

    assert intervals_of("north", name) == []


def test_what_is_heard_is_read_from_one_text() -> None:
    found = heard("a.b 0,a.b 7,c.d 3 9,e.f 20")

    assert [found.hears("a.b", 1), found.hears("c.d", 3), found.hears("c.d", 4), found.hears("c.d", 9)] == [
        True,
        False,
        True,
        True,
    ]
    assert not found.hears("c.d", 10)
    assert not found.hears("g.h", 1)
    assert found.types == ("a.b", "c.d", "e.f")
    assert [found.types_after(2), found.types_after(3)] == [{"a.b"}, {"a.b", "c.d"}]
    assert [found.next_since(0), found.next_since(19), found.next_since(20)] == [3, 20, None]
    assert found.lacking({"a.b", "e.f"}) == {"c.d"}
    assert not found.is_plain(100)
    assert [heard("a.b 0,c.d 7").is_plain(cursor) for cursor in (6, 7)] == [False, True]
    assert heard(None) == Heard(())
    assert heard("a.b 0") is heard("a.b 0")
