"""Rebuilding: a projection from the log, compared with what is there, and swapped in."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from events.archives import archived_events
from events.models import OperatorAction
from events.publishing import publish
from events.rebuilding import NotAProjection, rebuild
from pos.models import ShelfLevel
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests import make
from tests.events.ageing import age, retained, trade
from tests.events.recording import Subscribe, say
from tests.work import drain, published, settle


def test_a_projection_is_rebuilt_from_the_log_compared_and_swapped(committed: Tenant) -> None:
    trade()
    levels = list(ShelfLevel.objects.values("variant_id", "on_hand"))
    same = rebuild(subscriber="pos.note_shelf_levels", operator="user:ada")
    ShelfLevel.objects.update(on_hand=77)

    different = rebuild(subscriber="pos.note_shelf_levels", operator="user:ada")
    untouched = ShelfLevel.objects.get().on_hand
    swapped = rebuild(subscriber="pos.note_shelf_levels", operator="user:ada", swap=True)

    assert same.same
    assert same.events == 3
    assert (different.missing, different.surplus, different.swapped) == (1, 1, False)
    assert {sign[0] for _table, sign in different.samples} == {"+", "-"}
    assert untouched == 77
    assert swapped.swapped
    assert list(ShelfLevel.objects.values("variant_id", "on_hand")) == levels
    assert OperatorAction.objects.get().action == "rebuild"


def test_a_rebuild_reads_the_archives_too(old_month: str) -> None:
    trade()
    age()
    retained()
    make.order(make.cash(1000))
    settle()

    assert len(list(archived_events("north", ["inventory.stock_changed"]))) == 3
    done = rebuild(subscriber="pos.note_shelf_levels", operator="user:ada")

    assert (done.events, done.same) == (4, True)


def test_the_rebuild_command_fails_while_they_differ(committed: Tenant) -> None:
    trade()
    ShelfLevel.objects.update(on_hand=77)
    out = StringIO()

    with pytest.raises(CommandError, match="not what the log gives"):
        call_command("rebuild", "pos.note_shelf_levels", "--tenant", "north", stdout=out)
    call_command("rebuild", "pos.note_shelf_levels", "--tenant", "north", "--swap", stdout=out)
    call_command("rebuild", "pos.note_shelf_levels", "--tenant", "north", stdout=out)

    assert out.getvalue().splitlines()[-1] == "3 events replayed: the same"


def test_what_is_no_projection_is_refused(committed: Tenant, subscribe: Subscribe) -> None:
    def speak(event: TenantSuspended, _delivery: object) -> None:
        publish(TenantReactivated(tenant_uuid=event.tenant_uuid, tenant_name=event.tenant_name))

    name = subscribe(speak, TenantSuspended, projection=("pos_shelflevel",))
    say("a")
    drain(name)

    with pytest.raises(NotAProjection, match="declares no projection"):
        rebuild(subscriber="inventory.know_variants", operator="user:ada")
    with pytest.raises(NotAProjection, match="publishes"):
        rebuild(subscriber=name, operator="user:ada")

    assert len(published()) == 2
