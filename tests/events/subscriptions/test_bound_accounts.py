"""What is pending and accounted for follows the bindings, not what the running code declares."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from events.models import Binding, Subscription
from events.operations import accounts
from events.operations.canary import arrivals, release_canary
from events.operations.tenant_records import subscribe_tenant
from events.operations.tracing import trace
from events.subscriptions import queries
from events.subscriptions.bindings import Wanted, bind, unbind
from events.testing.work import drain, published
from kernel.tenancy import in_public_schema
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.support.accounting import unaccounted
from tests.support.recording import Subscribe
from tests.support.releases import REACTIVATED, SUSPENDED, Hearing, declares, reactivated, release, suspended

hearing = Hearing()


@pytest.fixture
def name(shop: Tenant, subscribe: Subscribe) -> Iterator[str]:
    yield subscribe(hearing.hear, TenantSuspended)
    accounts.forget_accounts()


def _behind(name: str) -> bool:
    return ("north", name) in queries.behind(moment_seconds=-5)


def _lag(name: str) -> int:
    (found,) = (lag for lag in queries.lags() if lag.subscriber == name)
    return found.behind


def _on_the_books() -> int:
    while accounts.check_accounts():
        pass
    return accounts.unaccounted_on_the_books()


def _broken() -> list[str]:
    out = StringIO()
    try:
        call_command("verify", "--tenant", "north", stdout=out)
    except SystemExit:
        return [line for line in out.getvalue().splitlines() if "BROKEN" in line]
    return []


def _lose(name: str, position: int) -> None:
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_processedevent WHERE subscriber = %s AND position = %s", [name, position])


def test_c02_a_type_with_history_is_accounted_for_from_its_binding_on(name: str) -> None:
    reactivated("a", "b", "c")
    suspended("d")
    drain(name)

    bind("north", [Wanted(subscriber=name, type=REACTIVATED)])
    before = (unaccounted(), _on_the_books(), _broken(), _behind(name))
    reactivated("e")
    after = (_behind(name), _lag(name))
    Subscription.objects.filter(subscriber=name).update(cursor=5)

    assert before == (0, 0, [], False)
    assert after == (True, 1)
    assert (unaccounted(), _on_the_books()) == (1, 1)
    assert len(_broken()) == 1


def test_c02_a_type_that_is_only_declared_is_neither_pending_nor_accounted_for(name: str) -> None:
    suspended("a")
    reactivated("b")
    drain(name)

    with release(declares(name, hearing.hear, TenantSuspended, TenantReactivated)):
        found = (unaccounted(), _on_the_books(), _broken(), _lag(name), _behind(name))

    assert found == (0, 0, [], 0, False)


def test_what_older_code_does_not_declare_is_pending_all_the_same(name: str) -> None:
    bind("north", [Wanted(subscriber=name, type=REACTIVATED)])

    reactivated("a", "b")

    assert (_lag(name), _behind(name)) == (2, True)


def test_a_subscriber_that_this_code_lacks_is_seen(name: str) -> None:
    suspended("a")

    with release(without=name):
        found = (_lag(name), _behind(name))

    assert found == (1, True)


def test_after_unbinding_events_up_to_the_cursor_are_still_accounted_for_and_later_ones_not(name: str) -> None:
    suspended("a", "b")
    drain(name)
    suspended("c")

    unbind("north", name, [SUSPENDED])
    _lose(name, 1)
    Subscription.objects.filter(subscriber=name).update(cursor=3)

    assert (unaccounted(), _on_the_books()) == (1, 1)
    assert (_lag(name), _behind(name)) == (0, False)


def test_the_accounts_of_a_subscription_of_older_code_wait_for_its_bindings(name: str) -> None:
    suspended("a", "b")
    drain(name)
    Binding.objects.filter(subscriber=name).delete()
    _lose(name, 1)
    assert _on_the_books() == 0

    subscribe_tenant()

    assert _on_the_books() == 1


def test_a_subscription_without_bindings_is_not_rung_for(name: str) -> None:
    suspended("a")
    Binding.objects.filter(subscriber=name).delete()

    assert (_lag(name), _behind(name)) == (0, False)


def test_a_canary_is_asked_of_those_that_are_bound_to_it(name: str) -> None:
    unbind("north", name, ["events.canary_released"])
    event_id = release_canary()

    assert name not in {arrival.subscriber for arrival in arrivals(event_id)}


def test_a_trace_shows_those_that_are_bound(name: str) -> None:
    bind("north", [Wanted(subscriber=name, type=REACTIVATED)])
    suspended("a")
    unbind("north", name, [SUSPENDED])
    suspended("b")
    reactivated("c")

    shown = [
        [applied.subscriber for applied in trace("north", event.correlation_id)[0].applied] for event in published()
    ]

    assert [name in subscribers for subscribers in shown] == [False, False, True]


def test_the_whole_database_is_looked_at_from_public(name: str) -> None:
    suspended("a")

    with in_public_schema():
        assert (_lag(name), _behind(name)) == (1, True)
