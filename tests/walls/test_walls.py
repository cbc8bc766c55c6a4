"""Two walls: what a tenant's session reads and writes is its own, even where row-level security is off (C18, F05)."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client

from events.contracts.pins import pins_of_tenant
from events.log.log import read_at
from events.models import Event, Outgoing, ParkedEvent, Subscription
from events.operations import dead_letters, undelivered
from events.operations.parked import discard_parked, retry_parked
from events.operations.pausing import pause_subscription, resume_subscription
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import Backoff
from events.subscriptions import cursors, leases, parking, queries
from events.testing.work import settle
from integrations.models import WebhookDelivery
from integrations.webhooks.endpoints import create_endpoint, list_endpoints
from integrations.webhooks.turns import take_turn
from kernel.tenancy import in_public_schema, in_tenant
from kernel.walls import WalledManager
from staff.models import ApiKey, User
from staff.services import hire_owner, issue_api_key
from tenants.database import base
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support import make
from tests.support.accounting import unaccounted
from tests.support.recording import say
from tests.support.terminal import Terminal
from tests.support.walls.watch import watch
from web.scopes import EVENTS_OPERATE

SHARED = [m for m in apps.get_app_config("events").get_models() if "tenant_id" in {f.attname for f in m._meta.fields}]


@pytest.fixture
def without_walls(
    committed: Tenant, south: Tenant, subscribe: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Both shops have rows of every kind; the connection is a superuser's, in the schema of `north`."""
    settings.WEBHOOKS_MAY_BE_LOCAL = True

    def fail(event: TenantSuspended, delivery: Any) -> None:
        raise ValueError(event.tenant_name)

    name = subscribe(fail, TenantSuspended, backoff=Backoff(attempts=1))
    for tenant in (committed, south):
        with in_tenant(tenant):
            fill(name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolsuper LIMIT 1")
        (superuser,) = cursor.fetchone()
    ordinary = connection.settings_dict["USER"]
    connection.close()
    with monkeypatch.context() as patch:
        patch.setattr(base, "_SESSION", "SELECT NULL, current_setting('default_transaction_isolation')")
        connection.settings_dict["USER"] = superuser
        try:
            yield name
        finally:
            connection.close()
            connection.settings_dict["USER"] = ordinary
    for tenant in (committed, south):
        with in_tenant(tenant):
            User.objects.filter(username="admin").delete()
            ApiKey.objects.filter(name="walls").delete()


def fill(name: str) -> None:
    create_endpoint(url="http://127.0.0.1:9/hook", now=make.NOW)
    make.variant()
    make.order(make.cash(1000), email="ada@example.test")
    say("bad")
    settle()
    with unit_of_work():
        event = read_at(connection.schema_name, Event.objects.filter(type="tenants.tenant_suspended").get().position)
        if not ParkedEvent.objects.filter(subscriber=name).exists():
            parking.park(name, event.envelope, parking.State.DEAD, error="ValueError: bad")
            cursors.account(connection.schema_name, name, [], reached=event.envelope.position)
    Outgoing.objects.update(state="UNKNOWN")


def test_c18_the_session_of_this_test_has_no_wall(without_walls: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT tenant_id) FROM events_event WHERE tenant_id IN ('north', 'south')")

        assert cursor.fetchone() == (2,)
    with in_public_schema():
        assert {"north", "south"} <= set(Event.objects.values_list("tenant_id", flat=True))


@pytest.mark.parametrize("model", SHARED, ids=lambda model: model.__name__)
def test_c18_every_shared_model_reads_its_own_tenants_rows(without_walls: str, model: Any) -> None:
    assert isinstance(model._default_manager, WalledManager)
    assert set(model._default_manager.values_list("tenant_id", flat=True)) <= {"north"}


def test_c18_every_query_reads_its_own_tenants_rows(without_walls: str) -> None:
    found: list[Any] = [
        *dead_letters.groups(),
        *dead_letters.letters(),
        *undelivered.groups(),
        *undelivered.list_calls(),
        *queries.lags(),
        *list_endpoints(),
    ]

    assert {row.tenant_id for row in found} == {"north"}
    assert unaccounted() == 0
    assert pins_of_tenant() == {}


def test_c18_every_page_of_the_admin_shows_its_own_tenants_rows(without_walls: str) -> None:
    client = Client(headers={"Host": "north.localhost"})
    client.force_login(hire_owner(username="admin", password="a long secret"))

    for model in [each for each in admin.site._registry if each in SHARED]:
        page = client.get(f"/admin/events/{model._meta.model_name}/")
        assert {row.tenant_id for row in page.context["cl"].queryset} <= {"north"}, model
        with in_public_schema():
            theirs = model.objects.filter(tenant_id="south").first()
        if theirs is not None:
            other = client.get(f"/admin/events/{model._meta.model_name}/{theirs.pk}/change/")
            assert other.status_code == 302, model


def test_c18_the_api_answers_with_its_own_tenants_rows(without_walls: str) -> None:
    operator = Terminal("north.localhost", issue_api_key(name="walls", scopes=[EVENTS_OPERATE]))

    for path in ("/dead-letters", "/dead-letters/groups", "/undelivered", "/undelivered/groups", "/events"):
        answer = operator.get(path)
        assert answer.status_code in {200, 403, 404}, path
        assert "south" not in answer.content.decode(), path


def test_c18_acts_change_their_own_tenants_rows_only(without_walls: str, south: Tenant) -> None:
    def theirs() -> list[Any]:
        with in_public_schema():
            return [
                list(model.objects.filter(tenant_id="south").order_by("pk").values())
                for model in (ParkedEvent, Subscription, Outgoing, WebhookDelivery)
            ]

    before = theirs()
    with in_public_schema():
        parked = ParkedEvent.objects.get(tenant_id="south", subscriber=without_walls)
        endpoint = next(iter(WebhookDelivery.objects.filter(tenant_id="south"))).endpoint_id
    meant = parking.Parked(id=parked.id, position=parked.position, stream=parked.stream, attempts=1, starts=0)

    retry_parked(subscriber=without_walls, operator="user:ada")
    discard_parked(subscriber=without_walls, operator="user:ada", reason="no", position=parked.position)
    pause_subscription(subscriber=without_walls, operator="user:ada", reason="a test")
    resume_subscription(subscriber=without_walls, operator="user:ada")
    undelivered.send_again(operator="user:ada")
    with unit_of_work():
        assert parking.count_start(meant) is None
        parking.settle(meant, parking.State.RETRYING)
        parking.forget_start(meant)
        parking.remove(parked.id)
    assert not take_turn(endpoint, make.NOW)

    assert theirs() == before


def test_c18_every_statement_of_a_shops_day_names_the_tenant(without_walls: str) -> None:
    order = make.order(make.card(400), make.cash(1000), email="ada@example.test")
    settle()
    order.refresh_from_db()
    make.return_(order, make.returning(order))
    settle()
    say("another")
    settle()
    lease = leases.take("north", without_walls)
    assert lease is not None
    leases.release(lease)

    assert watch.take() == []


def test_a_lease_of_another_tenant_is_not_ended(without_walls: str, south: Tenant) -> None:
    with in_tenant(south):
        lease = leases.take("south", "pos.note_shelf_levels")
    assert lease is not None

    assert not leases.release(lease)


def test_zz_needs_a_database(shop: Tenant) -> None: ...
