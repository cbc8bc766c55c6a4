"""W1 and W6: whose rows an act of the admin is about, and who may act."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.http import Http404
from django.urls import URLPattern, URLResolver, get_resolver

from events.log.log import read_at
from events.models import AuditEntry, Event, Outgoing, ParkedEvent, Subscription
from events.operations.tenant_records import TENANT_TABLES, subscribe_tenant
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import Backoff
from events.subscriptions import cursors, parking
from events.testing.work import settle
from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.webhooks.endpoints import create_endpoint
from kernel.tenancy import in_public_schema, in_tenant
from pos.models import Device, Register
from staff.checks import actions_of, every_action_names_its_permission, every_page_is_ours
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support import make, people
from tests.support.recording import say
from tests.support.unchanged import SESSION, nothing_happened
from web.admin import ModelAdmin, acting_on

Subscribe = Callable[..., str]
GROUPS = "/admin/events/parkedevent/groups/"
ACTIONS = [
    pytest.param(page, name, action, id=f"{page.model._meta.label}-{name}")
    for page in admin.site._registry.values()
    for name, action in actions_of(page)
]


@pytest.fixture
def neighbour(shop: Tenant, south: Tenant, subscribe: Subscribe, settings: Any) -> Tenant:
    """The other shop has a row of every kind that an operator acts on; this shop has some as well."""
    settings.WEBHOOKS_MAY_BE_LOCAL = True

    def fail(event: TenantSuspended, delivery: Any) -> None:
        raise ValueError(event.tenant_name)

    name = subscribe(fail, TenantSuspended, backoff=Backoff(attempts=1))
    for tenant in (shop, south):
        with in_tenant(tenant):
            subscribe_tenant()
            create_endpoint(url="http://127.0.0.1:9/hook", now=make.NOW)
            make.variant()
            make.order(make.cash(1000), email="ada@example.test")
            make.device()
            say("bad")
            settle()
            with unit_of_work():
                position = Event.objects.filter(type="tenants.tenant_suspended").get().position
                event = read_at(tenant.schema_name, position).envelope
                if not ParkedEvent.objects.filter(subscriber=name).exists():
                    parking.park(name, event, parking.State.DEAD, error="ValueError: bad")
                    cursors.account(tenant.schema_name, name, [], reached=position)
    return south


def rows_of(tenant: Tenant) -> dict[str, str]:
    """Digest everything that is a tenant's: its schema, and its rows in the shared tables."""
    found = {}
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", [tenant.schema_name])
        tables = {f'"{tenant.schema_name}"."{table}"': "" for (table,) in cursor.fetchall()}
        shared = [f"events_{table}" for table in (*TENANT_TABLES, "operatoraction", "auditentry")]
        tables |= {table: f"WHERE tenant_id = '{tenant.schema_name}'" for table in shared}
        tables["tenants_tenant"] = f"WHERE schema_name = '{tenant.schema_name}'"
        for table, condition in tables.items():
            cursor.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t {condition}")
            found[table] = cursor.fetchone()[0]
    return found


def keys_of(tenant: Tenant) -> dict[Any, list[str]]:
    """Name the neighbour's rows of every page: of the shared tables its own, of the others those of its schema."""
    found = {}
    for model in admin.site._registry:
        shared = "tenant_id" in {field.name for field in model._meta.get_fields()}
        with in_public_schema() if shared else in_tenant(tenant):
            if shared:
                rows = model._default_manager.filter(tenant_id=tenant.schema_name)
            elif model._meta.app_label == "tenants":
                rows = model._default_manager.filter(schema_name=tenant.schema_name)
            elif model._meta.label == "events.Archive":
                continue
            else:
                rows = model._default_manager.all()
            found[model] = [str(pk) for pk in rows.values_list("pk", flat=True)[:3]]
    return found


def addresses(keys: dict[Any, list[str]]) -> Iterator[str]:
    """Every address of the admin, with the keys of the neighbour's rows where it takes one."""
    models = {f"{m._meta.app_label}/{m._meta.model_name}/": found for m, found in keys.items()}
    for prefix, pattern in patterns(get_resolver("config.urls").url_patterns):
        if prefix.startswith("admin/") and "logout" not in prefix:
            mine = next((found for name, found in models.items() if prefix.startswith(f"admin/{name}")), ["1"])
            for key in mine or ["1"]:
                yield "/" + filled(prefix, pattern, key)


def patterns(found: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in found:
        route = prefix + str(each.pattern).lstrip("^")
        if isinstance(each, URLResolver):
            yield from patterns(each.url_patterns, route)
        else:
            yield route, each


def filled(route: str, pattern: URLPattern, key: str) -> str:
    for name, converter in pattern.pattern.converters.items():
        kind = next(
            part
            for part in (f"<int:{name}>", f"<path:{name}>", f"<{name}>", f"<str:{name}>", f"<uuid:{name}>")
            if part in route
        )
        route = route.replace(kind, key if kind != f"<int:{name}>" or key.isdigit() else "1")
        del converter
    return route.replace("(?P<url>.*)$", "nothing").split("(?P<app_label>")[0].rstrip("$")


def test_w01_no_address_of_the_admin_acts_on_the_tenant_that_a_form_names(neighbour: Tenant) -> None:
    client, keys = people.owner(), keys_of(neighbour)
    before, asked = rows_of(neighbour), 0

    for url in addresses(keys):
        for named in (neighbour.schema_name, "public"):
            form = {"tenant_id": named, "action": "discard", "reason": "r", "subscriber": "s", "fingerprint": "f"}
            assert client.post(url, {**form, "post": "yes"}).status_code in {404, 405}, url
            assert client.get(url, {"tenant_id": named}).status_code in {200, 302, 403, 404, 405}, url
            asked += 1

    assert asked > 150
    assert rows_of(neighbour) == before


def test_w01_no_address_and_no_action_of_a_shop_reaches_another_shops_rows(neighbour: Tenant) -> None:
    client, keys = people.owner(), keys_of(neighbour)
    before, acted = rows_of(neighbour), 0

    for url in addresses(keys):
        assert client.get(url).status_code in {200, 302, 403, 404, 405}, url
        client.post(url, {"action": "discard", "reason": "r", "post": "yes", "confirmed": "yes"})
    for model, chosen in keys.items():
        for name, _ in actions_of(admin.site._registry[model]):
            form = {"action": name, "_selected_action": chosen, "post": "yes", "confirmed": "yes", "reason": "r"}
            meta = model._meta
            client.post(f"/admin/{meta.app_label}/{meta.model_name}/", form)
            acted += 1

    assert acted > 20
    assert rows_of(neighbour) == before


def test_w01_a_group_of_another_shop_does_not_exist(neighbour: Tenant) -> None:
    with in_public_schema():
        theirs = ParkedEvent.objects.filter(tenant_id="south", state="DEAD").first()
    _, client = people.manager()

    for form in ({"parked": str(theirs.pk)}, {"tenant_id": "south", "parked": str(theirs.pk)}, {}):
        for action in ("retry", "discard"):
            with in_public_schema(), nothing_happened(but=SESSION | {"events_auditentry"}):
                assert client.post(GROUPS, {**form, "action": action, "reason": "mine"}).status_code == 404


def test_w01_the_platform_acts_on_a_shop_and_is_named_as_the_platform(neighbour: Tenant) -> None:
    with in_public_schema():
        theirs = ParkedEvent.objects.filter(tenant_id="south", state="DEAD").first()
    client = people.operator()

    answer = client.post(GROUPS, {"parked": str(theirs.pk), "action": "discard", "reason": "agreed"})

    assert answer.status_code == 302
    with in_tenant(neighbour):
        from events.models import OperatorAction

        assert ParkedEvent.objects.get(pk=theirs.pk).state == "DISCARDED"
        assert OperatorAction.objects.get(action="discard").operator == "platform:ops"


@pytest.mark.parametrize(("page", "name", "action"), ACTIONS)
def test_w06_every_action_names_its_permission(page: Any, name: str, action: Any) -> None:
    assert action.allowed_permissions, f"{page} {name}"
    for permission in action.allowed_permissions:
        assert callable(getattr(page, f"has_{permission}_permission")), permission
    assert list(action.allowed_permissions) != ["view"]


def test_w06_a_process_with_an_action_that_names_no_permission_does_not_start(monkeypatch: Any) -> None:
    class Careless(ModelAdmin):
        actions = ("open_the_drawer",)

        @admin.action(description="Open the drawer")
        def open_the_drawer(self, request: Any, queryset: Any) -> None: ...

    class Foreign(admin.ModelAdmin):
        pass

    assert every_action_names_its_permission() == []
    assert every_page_is_ours() == []
    monkeypatch.setitem(admin.site._registry, Register, Careless(Register, admin.site))
    (error,) = every_action_names_its_permission()
    monkeypatch.setitem(admin.site._registry, Register, Foreign(Register, admin.site))
    (foreign,) = every_page_is_ours()

    assert (error.id, foreign.id) == ("staff.E001", "staff.E002")
    assert "open_the_drawer" in error.msg


def test_w06_who_may_only_look_runs_no_action(neighbour: Tenant, north: Tenant) -> None:
    looks = [f"view_{model._meta.model_name}" for model in admin.site._registry]
    client, mine = people.viewer(*looks), keys_of(north)
    before, devices = rows_of(north), Device.objects.count()

    for model, chosen in mine.items():
        for name, _ in actions_of(admin.site._registry[model]):
            form = {"action": name, "_selected_action": chosen, "post": "yes", "confirmed": "yes", "reason": "r"}
            client.post(f"/admin/{model._meta.app_label}/{model._meta.model_name}/", form)

    ours = {"events_auditentry", '"north"."django_session"'}
    assert {name: digest for name, digest in rows_of(north).items() if name not in ours} == {
        name: digest for name, digest in before.items() if name not in ours
    }
    assert Device.objects.count() == devices


def test_w06_an_operator_who_may_only_look_suspends_no_shop(neighbour: Tenant) -> None:
    with in_public_schema():
        client = people.viewer("view_tenant")
    form = {"action": "suspend", "_selected_action": [str(neighbour.pk)], "confirmed": "yes"}

    client.post("/admin/tenants/tenant/", form, headers={"Host": people.PLATFORM})

    neighbour.refresh_from_db()
    assert neighbour.status == Tenant.Status.ACTIVE


def test_w06_the_test_looks_at_every_kind_of_row(neighbour: Tenant) -> None:
    found = keys_of(neighbour)

    for model in (ParkedEvent, Outgoing, WebhookDelivery, WebhookEndpoint, Subscription, AuditEntry, Device):
        assert found[model], model


@pytest.mark.parametrize("tenant_id", ["south", "public", "nowhere"])
def test_w01_a_row_of_another_shop_is_acted_on_by_nobody_of_this_one(shop: Tenant, tenant_id: str) -> None:
    with pytest.raises(Http404), acting_on(ParkedEvent(tenant_id=tenant_id)):
        raise AssertionError("it was entered")

    with acting_on(ParkedEvent(tenant_id="north")):
        assert connection.schema_name == "north"
