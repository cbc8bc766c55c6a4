"""The deploy gate and the gauge: what the code about to serve lacks, and what is not bound yet."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from events import event
from events.contracts.unreadable import named_by_feeds
from events.models import Subscription
from events.operations.gauges import scraped
from events.subscriptions.bindings import unbind
from events.testing.work import drain, settle
from integrations.models import WebhookDelivery, WebhookEndpoint
from kernel.tenancy import in_public_schema
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.support.hooking import A, fail
from tests.support.recording import Subscribe
from tests.support.releases import REACTIVATED, SUSPENDED, Hearing, declares, reactivated, release, suspended

NEW = "tests.after_renaming"
FAILED = "payments.payment_failed"


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

    assert lacking == (
        3,
        [f"north: {name} is not declared by this code (pending=2 retrying=0 dead=0): manage.py unsubscribe ends it"],
    )
    assert renamed == (0, [])
    assert gate(name) == (0, [])


def test_the_gate_names_a_bound_type_that_the_code_lacks(shop: Tenant, subscribe: Subscribe, hearing: Hearing) -> None:
    name = subscribe(hearing.hear, TenantSuspended, TenantReactivated)
    reactivated("a")
    line = (
        f"north: {name} is bound to {REACTIVATED}, which this code does not declare for it (pending=1 parked=0): "
        "its drains stop there; manage.py subscribe --unbind ends it"
    )

    with release(declares(name, hearing.hear, TenantSuspended)):
        found = gate(name)
        unbind("north", name, [REACTIVATED])
        afterwards = gate(name)

    assert found == (3, [line])
    assert afterwards == (0, [])


def test_the_gate_names_a_parked_event_whose_type_the_code_lacks(shop: Tenant, subscribe: Subscribe) -> None:
    def fails(_event: Any, _delivery: Any) -> None:
        raise ValueError("bad")

    name = subscribe(fails, TenantSuspended, TenantReactivated, permanent=(ValueError,))
    reactivated("a")
    drain(name)
    unbind("north", name, [REACTIVATED])

    with release(declares(name, fails, TenantSuspended)):
        found = gate(name)

        noted = _unbinding(name)
        call_command(
            "events", "discard", name, "--tenant", "north", "--position", "1", "--reason", "x", stdout=StringIO()
        )
        afterwards = gate(name)

    line = (
        f"north: {name} holds parked events of {REACTIVATED}, which this code does not declare for it "
        "(pending=0 parked=1): retry them with code that declares it, or "
        f"manage.py events discard {name} --tenant north --position 1 --reason …"
    )
    assert found == (3, [line])
    assert noted == [line]
    assert afterwards == (0, [])


def _unbinding(name: str) -> list[str]:
    out = StringIO()
    call_command("subscribe", "--unbind", stdout=out)
    return [line for line in out.getvalue().splitlines() if name in line and "parked" in line]


@pytest.fixture
def retired(
    shop: Tenant, subscribe: Subscribe, hearing: Hearing, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], None]:
    """Retire a type that was published: the code declares neither it nor a subscriber of it."""

    def retire() -> None:
        monkeypatch.delitem(event._types, REACTIVATED)
        call_command("subscribe", "--unbind", stdout=StringIO())

    return retire


def test_the_gate_lets_a_retired_type_pass_that_everybody_has_handled(
    subscribe: Subscribe, hearing: Hearing, retired: Callable[[], None]
) -> None:
    ended, quiet = subscribe(hearing.hear, TenantReactivated), subscribe(hearing.hear, TenantSuspended)
    with release(without=ended):
        call_command("unsubscribe", ended, "--reason", "gone", stdout=StringIO())
        name = subscribe(hearing.hear, TenantReactivated)
        reactivated("a", "b")
        settle()
        with release(declares(name, hearing.hear, TenantSuspended)):
            retired()
            assert gate(REACTIVATED) == (0, [])
            assert Subscription.objects.get(subscriber=quiet).cursor <= 2


@pytest.mark.parametrize("waits", ["pending", "parked"])
def test_the_gate_stops_at_a_retired_type_that_waits_for_somebody(
    subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch, shop: Tenant, waits: str
) -> None:
    def fails(_event: Any, _delivery: Any) -> None:
        raise ValueError("bad")

    name = subscribe(fails, TenantReactivated, permanent=(ValueError,))
    reactivated("a")
    if waits == "parked":
        drain(name)
    monkeypatch.delitem(event._types, REACTIVATED)

    assert gate(REACTIVATED) == (
        1,
        [f"north: 1 of {REACTIVATED} version 1 (position 1): no event type {REACTIVATED} is declared"],
    )


@pytest.mark.parametrize(("state", "code"), [("PENDING", 1), ("PARKED", 1), ("DELIVERED", 0), ("SKIPPED", 0)])
def test_the_gate_stops_at_a_webhook_of_a_retired_type_that_is_yet_to_be_delivered(
    endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch, state: str, code: int
) -> None:
    fail(A)
    settle()
    WebhookDelivery.objects.update(state=state)
    monkeypatch.delitem(event._types, FAILED)

    found, lines = gate(FAILED)

    assert found == code
    assert [line for line in lines if "no event type" in line] == [
        f"north: 1 of {FAILED} version 3 (position 1): no event type {FAILED} is declared"
    ] * code
    with in_public_schema():
        assert named_by_feeds() == [("north", FAILED)]


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
