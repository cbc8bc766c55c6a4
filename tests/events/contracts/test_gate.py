"""The deploy gate and the gauge: what the code about to serve lacks, and what is not bound yet."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from events.models import Subscription
from events.operations.gauges import scraped
from events.subscriptions.bindings import unbind
from kernel.tenancy import in_public_schema
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.support.recording import Subscribe
from tests.support.releases import REACTIVATED, SUSPENDED, Hearing, declares, reactivated, release, suspended
from tests.support.work import drain

NEW = "tests.after_renaming"


def gate(about: str) -> tuple[int, list[str]]:
    """Run the gate; return its exit code, and what it prints about a subscriber."""
    out, code = StringIO(), 0
    with in_public_schema():
        try:
            call_command("deploy_gate", stdout=out)
        except CommandError as refused:
            code = refused.returncode
    return code, [
        line for line in out.getvalue().splitlines() if about in line and (line.startswith("north") or "south" in about)
    ]


@pytest.fixture
def hearing() -> Hearing:
    return Hearing()


def test_c04_the_gate_names_a_subscription_that_the_code_lacks(
    shop: Tenant, subscribe: Subscribe, hearing: Hearing
) -> None:
    name = subscribe(hearing.hear, TenantSuspended)
    suspended("a", "b")

    with release(without=name):
        lacking = gate(name)
    with release(declares(NEW, hearing.hear, TenantSuspended, renamed_from=name), without=name):
        renamed = gate(name)

    assert lacking == (3, [f"north: {name} is not declared by this code (pending=2 retrying=0 dead=0)"])
    assert renamed == (0, [])
    assert gate(name) == (0, [])


def test_the_gate_names_a_bound_type_that_the_code_lacks(shop: Tenant, subscribe: Subscribe, hearing: Hearing) -> None:
    name = subscribe(hearing.hear, TenantSuspended, TenantReactivated)
    reactivated("a")
    line = f"north: {name} is bound to {REACTIVATED}, which this code does not declare for it (pending=1 parked=0)"

    with release(declares(name, hearing.hear, TenantSuspended)):
        found = gate(name)
        unbind("north", name, [REACTIVATED])
        afterwards = gate(name)

    assert found == (3, [line])
    assert afterwards == (0, [])


def test_the_gate_names_a_parked_event_whose_type_the_code_lacks(shop: Tenant, subscribe: Subscribe) -> None:
    def fail(_event: Any, _delivery: Any) -> None:
        raise ValueError("bad")

    name = subscribe(fail, TenantSuspended, TenantReactivated, permanent=(ValueError,))
    reactivated("a")
    drain(name)
    unbind("north", name, [REACTIVATED])

    with release(declares(name, fail, TenantSuspended)):
        found = gate(name)

    assert found == (
        3,
        [f"north: {name} is bound to {REACTIVATED}, which this code does not declare for it (pending=0 parked=1)"],
    )


def test_the_gate_lets_pass_what_is_yet_to_be_bound_and_names_it(
    shop: Tenant, subscribe: Subscribe, hearing: Hearing
) -> None:
    name = subscribe(hearing.hear, TenantSuspended)

    with release(declares(name, hearing.hear, TenantSuspended, TenantReactivated), declares(NEW, hearing.hear)):
        found, new = gate(f"north: {name}"), gate(f"south: {NEW}")

    assert found == (0, [f"north: {name} is yet to be bound to 1 types ({REACTIVATED}, …): manage.py subscribe"])
    assert new == (0, [f"south: {NEW} is yet to be bound to 1 types (events.canary_released, …): manage.py subscribe"])


def test_a_gauge_counts_the_types_that_are_not_bound(shop: Tenant, subscribe: Subscribe, hearing: Hearing) -> None:
    name = subscribe(hearing.hear, TenantSuspended)
    series = f'tillflow_events_unbound{{subscriber="{name}",tenant="north"}}'

    def shown() -> list[str]:
        return [line for line in scraped().decode().splitlines() if line.startswith(series)]

    bound = shown()
    unbind("north", name, [SUSPENDED])
    unbound = shown()
    Subscription.objects.filter(subscriber=name).delete()

    assert (bound, unbound, shown()) == ([], [f"{series} 1.0"], [f"{series} 2.0"])


def test_a_subscriber_on_demand_is_unbound_only_where_it_was_asked_for(
    shop: Tenant, subscribe: Subscribe, hearing: Hearing
) -> None:
    name = subscribe(hearing.hear, TenantSuspended, on_demand=True)

    assert f'subscriber="{name}"' not in scraped().decode()
    assert gate(name) == (0, [])
