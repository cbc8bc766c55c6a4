"""Two shops for the whole session, walled off; each test leaves them as it found them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

from events.operations.tenant_records import subscribe_tenant
from events.subscribing import Options, subscriber
from events.subscriptions import demand
from events.subscriptions.doorbells import doorbells
from events.subscriptions.registry import forget_subscriber
from kernel.ids import new_id
from kernel.tenancy import in_tenant
from pos.memory.memory import process_memory
from tenants.hosts import host_cache
from tenants.models import Tenant
from tests.support import database, isolation
from tests.support.isolation import flush_broker
from tests.support.shops import bring_back, create_shops
from tests.support.terminal import Terminal, terminal
from tests.support.walls.watch import watch

LONG = ("tests/till/", "tests/matrix/", "tests/upgrade/", "tests/flows/", "tests/faults/")
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


@pytest.fixture(scope="session", autouse=True)
def _passwords_and_pins_are_hashed_in_no_time() -> None:
    """By the same algorithm, at the least cost that it takes; other processes work at the full cost."""
    Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 8, 1


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
        create_shops()
        watch.begin()


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
            bring_back()
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
