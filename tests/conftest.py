"""Two shops for the whole session, walled off; each test leaves them as it found them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from events.operations.tenant_records import TENANT_TABLES, subscribe_tenant
from events.subscribing import Options, subscriber
from events.subscriptions import demand
from events.subscriptions.doorbells import doorbells
from events.subscriptions.registry import forget_subscriber
from kernel.ids import new_id
from kernel.tenancy import in_public_schema, in_tenant
from notifications.services import receive_alerts
from pos.furnishing import furnish_shop
from pos.memory.memory import process_memory
from staff.duty.services.members import define_roles_at_the_till
from tenants.hosts import host_cache
from tenants.models import Tenant
from tenants.services import create_tenant
from tests.support import database, isolation
from tests.support.isolation import flush_broker
from tests.support.terminal import Terminal, terminal
from tests.support.walls.watch import watch

SHOPS = ("north", "south")
LONG = ("tests/till/", "tests/matrix/", "tests/upgrade/", "tests/flows/")
"""Rooms of few tests that take long."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let these rooms begin first: where two processes share the tests, both end at about the same time."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(scope="session", autouse=True)
def _own_stack() -> None:
    isolation.require_own_stack()


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_found_when_they_are_asked_for() -> None:
    """A web process looks through them once, when it starts; each of a test's clients would again."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(scope="session")
def django_db_setup(
    _own_stack: None,
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: Any,
    django_db_createdb: bool,
) -> None:
    """Bring the tests' database and both shops.

    pytest-django's fixture of this name sets up what tests that use its `db` fixture need; a run that selects only tests
    of `committed` would get nothing from it, and would work in the database that the settings name.
    """
    with django_db_blocker.unblock():
        database.create(anew=django_db_createdb)
        for name in SHOPS:
            if not Tenant.objects.filter(schema_name=name).exists():
                create_tenant(name=name, currency="EUR", owner_email=f"owner@{name}.test")
        _reset_platform()
        for name in SHOPS:
            _reset(name)
        watch.begin()


def _reset_platform() -> None:
    with in_public_schema(), connection.cursor() as cursor:
        for table in ("event", "processedevent", "binding", "subscription", "operatoraction", "auditentry"):
            cursor.execute(f"DELETE FROM events_{table} WHERE tenant_id = 'public'")
        cursor.execute("DELETE FROM events_release; DELETE FROM events_renamed")
        cursor.execute("DELETE FROM events_epochstart; DELETE FROM events_epoch WHERE number > 1")
        subscribe_tenant()


def _reset(name: str) -> None:
    """Bring a shop back to the moment after it was furnished."""
    with in_public_schema(), connection.cursor() as cursor:
        for table in (*(t for t in TENANT_TABLES if t != "subscription"), "operatoraction", "auditentry"):
            cursor.execute(f"DELETE FROM events_{table} WHERE tenant_id = %s", [name])
        cursor.execute("DELETE FROM events_subscription WHERE tenant_id = %s", [name])
        Tenant.objects.filter(schema_name=name).update(status=Tenant.Status.ACTIVE)
        tenant = Tenant.objects.get(schema_name=name)
    with in_tenant(tenant), connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
            " AND split_part(table_name, '_', 1) IN ('pos', 'inventory', 'payments', 'notifications')",
            [name],
        )
        cursor.execute(f"TRUNCATE {', '.join(table for (table,) in cursor.fetchall())} CASCADE")
        cursor.execute("TRUNCATE staff_user, staff_apikey, staff_role, staff_pintries CASCADE")
        define_roles_at_the_till()
        subscribe_tenant()
        furnish_shop(name=name, currency="EUR", timezone="UTC")
        receive_alerts(email=f"owner@{name}.test", kept_as="")


@pytest.fixture
def north() -> Tenant:
    return Tenant.objects.get(schema_name="north")


@pytest.fixture
def south() -> Tenant:
    return Tenant.objects.get(schema_name="south")


@pytest.fixture
def shop(db: None) -> Iterator[Tenant]:  # noqa: ARG001
    """Work inside the shop `north`; everything is rolled back."""
    tenant = Tenant.objects.get(schema_name="north")
    with in_tenant(tenant):
        yield tenant


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[Tenant]:  # noqa: ARG001
    """Work inside the shop `north` with real commits; afterwards both shops and the broker are brought back."""
    with django_db_blocker.unblock():
        flush_broker()
        doorbells.breaker.worked()
        try:
            with in_tenant(Tenant.objects.get(schema_name="north")) as tenant:
                yield tenant
        finally:
            _reset_platform()
            for name in SHOPS:
                _reset(name)
            flush_broker()
            doorbells.breaker.worked()


@pytest.fixture
def subscribe() -> Iterator[Callable[..., str]]:
    """Bring a subscriber of the test's own; it is taken out again afterwards."""
    names = []

    def bring(handler: Any, *events: type, **options: Any) -> str:
        name = f"tests.{handler.__name__}_{new_id().hex[-6:]}"
        chosen: Options = options  # type: ignore[assignment]
        subscriber(name, *events, **chosen)(handler)
        names.append(name)
        subscribe_tenant()
        return name

    yield bring
    for name in names:
        forget_subscriber(name)


@pytest.fixture
def api(shop: Tenant) -> Terminal:  # noqa: ARG001
    """A terminal of the shop, whose requests run in the test's transaction."""
    return terminal("north")


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """Whatever a process remembers of another test's database is gone."""
    host_cache.forget()
    process_memory.forget()
    demand.forget()


@pytest.fixture(autouse=True)
def _every_statement_names_its_tenant() -> Iterator[None]:
    """The second wall: what our code sends to a shared table from a tenant's session has a condition on the tenant."""
    yield
    assert watch.take() == []
