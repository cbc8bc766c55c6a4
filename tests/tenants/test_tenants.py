"""Tenants: created whole, suspended without loss, closed for good; each behind its own host."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django_tenants.postgresql_backend import base

from events.models import AuditEntry, Event, Subscription
from events.operations import audit
from events.subscriptions.registry import all_subscribers
from events.testing.work import settle
from kernel.refusals import Refusal
from kernel.tenancy import in_public_schema, in_tenant
from pos.models import Register, TaxRate, TenderType
from staff.models import User
from tenants import hosts, services
from tenants.database.base import SearchPathNotSet
from tenants.hosts import HostCache, host_cache
from tenants.models import Domain, Tenant
from tenants.registering import TenantNameTaken
from tests.support import make
from tests.support.terminal import terminal
from tests.support.unchanged import nothing_happened

NAME = "passing_shop"


@pytest.fixture
def created(committed: Tenant) -> Iterator[Tenant]:
    with in_public_schema():
        tenant = services.create_tenant(name=NAME, title="Passing Shop", owner_email="p@shop.test")
        yield tenant
        tenant.refresh_from_db()
        if tenant.status != Tenant.Status.CLOSED:
            services.close_tenant(tenant=tenant)
        Tenant.objects.filter(pk=tenant.pk).delete()


def test_a_new_tenant_can_sell(created: Tenant) -> None:
    with in_tenant(created):
        settle()
        make.variant()

        order = make.order(make.cash(1000))

        assert order.receipt == "R1-000001"
        assert Register.objects.count() == 1
        assert set(TenderType.objects.values_list("code", flat=True)) == {"cash", "card", "gateway", "account"}
        assert TaxRate.objects.count() == 3
        assert Subscription.objects.count() == len([s for s in all_subscribers(platform=False) if not s.on_demand])
        assert {group.name for group in _roles()} == {"cashier", "stock clerk", "store manager", "accountant"}


def _roles() -> list[object]:
    from django.contrib.auth.models import Group

    return list(Group.objects.all())


def test_provisioning_may_be_repeated(created: Tenant) -> None:
    services.provision_tenant(tenant=created)

    with in_tenant(created):
        settle()
        assert Register.objects.count() == 1


def test_a_name_is_given_once(created: Tenant) -> None:
    with in_public_schema(), nothing_happened(), pytest.raises(TenantNameTaken):
        services.create_tenant(name=NAME)


def test_a_suspended_tenant_takes_no_requests_and_loses_nothing(committed: Tenant, client: Client) -> None:
    till = terminal("north")
    make.variant()
    with in_public_schema():
        services.suspend_tenant(tenant=committed)

    with in_public_schema(), nothing_happened():
        answer = till.get("/orders")
        with pytest.raises(services.TenantNotInState):
            services.suspend_tenant(tenant=committed)
    with in_public_schema():
        services.reactivate_tenant(tenant=committed)

    assert answer.status_code == 403
    assert answer.json()["code"] == "tenant-suspended"
    assert till.get("/orders").status_code == 200
    assert settle() > 0


def test_a_closed_tenant_is_gone_with_its_events(created: Tenant) -> None:
    services.close_tenant(tenant=created)

    assert not Event.objects.filter(tenant_id=NAME).exists()
    assert not Subscription.objects.filter(tenant_id=NAME).exists()
    assert not Domain.objects.filter(tenant=created).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM information_schema.schemata WHERE schema_name = %s", [NAME])
        assert cursor.fetchone()[0] == 0
    with in_public_schema(), nothing_happened(), pytest.raises(Refusal):
        services.close_tenant(tenant=created)


def test_the_audit_outlives_a_closed_tenant(created: Tenant) -> None:
    with in_tenant(created):
        audit.record(action="device paired", subject="device:1")

    services.close_tenant(tenant=created)

    assert AuditEntry.objects.filter(tenant_id=NAME, action="device paired").exists()


def test_a_host_is_looked_up_once_within_its_lifetime(db: None, django_assert_num_queries: object) -> None:
    cache = HostCache()
    first = [cache.tenant_at("north.localhost"), cache.tenant_at("nobody.localhost")]

    with django_assert_num_queries(0):  # type: ignore[operator]
        again = [cache.tenant_at("north.localhost"), cache.tenant_at("nobody.localhost")]

    assert again == first
    assert [tenant and tenant.schema_name for tenant in again] == ["north", None]


def test_w04_hosts_that_nobody_has_push_out_no_shops(
    db: None, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: object
) -> None:
    monkeypatch.setattr("tenants.hosts.CAPACITY", 2)
    cache = HostCache()
    assert cache.last_seen_at("north.localhost") is None
    for host in ("north.localhost", *(f"x{number}.localhost" for number in range(4))):
        cache.tenant_at(host)

    with django_assert_num_queries(0):  # type: ignore[operator]
        assert cache.tenant_at("north.localhost")
        assert cache.last_seen_at("north.localhost") == "north"
        assert cache.last_seen_at("x3.localhost") is None
    cache._remember("north.localhost", (0.0, None))
    assert cache.last_seen_at("north.localhost") is None


def test_w04_a_shop_is_known_after_its_hosts_lifetime(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.hosts.LIFETIME_SECONDS", -1)
    cache = HostCache()
    cache.tenant_at("north.localhost")

    assert cache.last_seen_at("north.localhost") == "north"


def test_what_is_forgotten_while_it_is_looked_up_is_not_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache, answers = HostCache(), ["of before", "of now"]

    def look_up(_host: str) -> Any:
        if len(answers) == 2:
            cache.forget()
        return answers.pop(0)

    monkeypatch.setattr(hosts, "_look_up", look_up)

    assert [cache.tenant_at("north.localhost") for _ in range(3)] == ["of before", "of now", "of now"]


def test_an_unknown_host_answers_404(db: None, client: Client) -> None:
    assert client.get("/api/v1/orders", headers={"Host": "nobody.localhost"}).status_code == 404


def test_a_token_of_another_shop_is_refused_and_its_ids_are_unknown(committed: Tenant, south: Tenant) -> None:
    make.variant()
    order = make.order(make.cash(1000))
    ours = terminal("north")
    with in_tenant(south):
        theirs = terminal("south")

    with nothing_happened():
        crossed = ours.client.get(f"/api/v1/orders/{order.id}", headers={**ours.headers, "Host": "south.localhost"})
        other = theirs.get(f"/orders/{order.id}")

    assert (crossed.status_code, crossed.json()["code"]) == (403, "tenant-mismatch")
    assert (other.status_code, other.json()["code"]) == (404, "not-found")
    assert ours.get(f"/orders/{order.id}").status_code == 200


def test_a_search_path_that_was_not_set_is_raised_and_nothing_runs_in_the_schema_before(
    shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(base.DatabaseWrapper, "_handle_search_path", lambda _self, _cursor=None: None)
        connection.search_path_set_schemas = None  # type: ignore[attr-defined]

        with pytest.raises(SearchPathNotSet, match="north"):
            Register.objects.count()


def test_commands_create_list_suspend_and_close(committed: Tenant) -> None:
    def run(*arguments: str) -> str:
        out = StringIO()
        with in_public_schema():
            call_command("tenant", *arguments, stdout=out)
        return out.getvalue()

    assert "is active at brief-shop.localhost" in run("create", "brief_shop", "--title", "Brief")
    assert "brief_shop" in run("list")
    assert "suspended" in run("suspend", "brief_shop")
    assert "active" in run("reactivate", "brief_shop")
    with in_public_schema(), nothing_happened(), pytest.raises(CommandError, match="--yes"):
        run("close", "brief_shop")
    assert "dropped" in run("close", "brief_shop", "--yes")
    with in_public_schema(), nothing_happened(), pytest.raises(CommandError, match="no tenant"):
        run("suspend", "nobody")
    with in_public_schema():
        Tenant.objects.filter(schema_name="brief_shop").delete()
    host_cache.forget()


def test_the_owner_command_sets_a_password(committed: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    with nothing_happened(), pytest.raises(CommandError, match="OWNER_PASSWORD"):
        call_command("owner", "ada", "--tenant", "north")
    monkeypatch.setenv("OWNER_PASSWORD", "a long secret")

    call_command("owner", "ada", "--tenant", "north", stdout=StringIO())

    owner = User.objects.get(username="ada")
    assert owner.check_password("a long secret")
    assert owner.is_superuser
    owner.delete()
