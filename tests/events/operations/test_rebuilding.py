"""Rebuilding: a projection from the log, compared with what is there, and swapped in."""

from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from events.log.archives import archived_events
from events.log.log import read_at
from events.models import OperatorAction
from events.operations import rebuilding
from events.operations.parked import discard_parked, retry_parked
from events.operations.rebuilding import NotAProjection, rebuild
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscriptions import cursors, parking
from events.subscriptions.parking import State
from events.testing.work import drain, published, settle
from kernel.tenancy import in_tenant
from pos.models import ShelfLevel
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.support import make
from tests.support.ageing import age, retained, trade
from tests.support.recording import Subscribe, say
from tests.support.unchanged import nothing_happened

LEVELS = "pos.note_shelf_levels"


def test_a_projection_is_rebuilt_from_the_log_compared_and_swapped(committed: Tenant) -> None:
    trade()
    levels = list(ShelfLevel.objects.values("variant_id", "on_hand"))
    same = rebuild(subscriber=LEVELS, operator="user:ada")
    ShelfLevel.objects.update(on_hand=77)

    different = rebuild(subscriber=LEVELS, operator="user:ada")
    untouched = ShelfLevel.objects.get().on_hand
    swapped = rebuild(subscriber=LEVELS, operator="user:ada", swap=True)

    assert same.same
    assert same.events == 3
    assert (different.missing, different.surplus, different.swapped) == (1, 1, False)
    assert {sign[0] for _table, sign in different.samples} == {"+", "-"}
    assert untouched == 77
    assert swapped.swapped
    assert list(ShelfLevel.objects.values("variant_id", "on_hand")) == levels
    assert OperatorAction.objects.get().action == "rebuild"


def test_what_is_parked_is_applied_when_it_is_retried_and_not_by_a_rebuild(committed: Tenant) -> None:
    park_the_next_sale()

    swapped = rebuild(subscriber=LEVELS, operator="user:ada", swap=True)
    retry_parked(subscriber=LEVELS, operator="user:ada")
    drain(LEVELS)
    retried = rebuild(subscriber=LEVELS, operator="user:ada")

    assert (swapped.events, swapped.same) == (3, True)
    assert (retried.events, retried.same) == (4, True)


def test_what_is_retried_during_a_rebuild_is_in_it(committed: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    park_the_next_sale()
    real = rebuilding._replay

    def retry_and_drain() -> int:
        with in_tenant(committed):
            retry_parked(subscriber=LEVELS, operator="user:ada")
            done = drain(LEVELS)
        connection.close()
        return done

    def retry_after(*arguments: Any) -> Any:
        done = real(*arguments)
        monkeypatch.setattr(rebuilding, "_replay", real)
        with ThreadPoolExecutor(1) as elsewhere:
            assert elsewhere.submit(retry_and_drain).result() == 1
        return done

    monkeypatch.setattr(rebuilding, "_replay", retry_after)
    done = rebuild(subscriber=LEVELS, operator="user:ada")

    assert (done.events, done.same) == (4, True)


def test_what_was_discarded_is_in_no_rebuild(committed: Tenant) -> None:
    position = park_the_next_sale()

    discard_parked(subscriber=LEVELS, operator="user:ada", reason="a test", position=position)

    assert rebuild(subscriber=LEVELS, operator="user:ada").same


def park_the_next_sale() -> int:
    """Trade, and let the last change of stock have failed beyond healing; return its position."""
    trade()
    make.order(make.cash(1000))
    settle(without=LEVELS)
    failed = read_at("north", published("inventory.stock_changed")[-1].position).envelope
    with unit_of_work():
        parking.park(LEVELS, failed, State.DEAD, error="ValueError: a test")
        cursors.account("north", LEVELS, [], reached=failed.position)
    return failed.position


def test_a_rebuild_reads_the_archives_too(old_month: str) -> None:
    trade()
    age()
    retained()
    make.order(make.cash(1000))
    settle()

    assert len(list(archived_events("north", ["inventory.stock_changed"], subscriber=LEVELS))) == 3
    done = rebuild(subscriber=LEVELS, operator="user:ada")

    assert (done.events, done.same) == (4, True)


def test_the_rebuild_command_fails_while_they_differ(committed: Tenant) -> None:
    trade()
    ShelfLevel.objects.update(on_hand=77)
    out = StringIO()

    with nothing_happened(), pytest.raises(CommandError, match="not what the log gives"):
        call_command("rebuild", LEVELS, "--tenant", "north", stdout=out)
    call_command("rebuild", LEVELS, "--tenant", "north", "--swap", stdout=out)
    call_command("rebuild", LEVELS, "--tenant", "north", stdout=out)

    assert out.getvalue().splitlines()[-1] == "3 events replayed: the same"


def test_what_is_no_projection_is_refused(committed: Tenant, subscribe: Subscribe) -> None:
    def speak(event: TenantSuspended, _delivery: object) -> None:
        publish(TenantReactivated(tenant_uuid=event.tenant_uuid, tenant_name=event.tenant_name))

    name = subscribe(speak, TenantSuspended, projection=("pos_shelflevel",))
    say("a")
    drain(name)

    with nothing_happened(), pytest.raises(NotAProjection, match="declares no projection"):
        rebuild(subscriber="inventory.know_variants", operator="user:ada")
    with nothing_happened(), pytest.raises(NotAProjection, match="publishes"):
        rebuild(subscriber=name, operator="user:ada")

    assert len(published()) == 2
