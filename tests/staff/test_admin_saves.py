"""Every save, deletion and action of every page of the admin, with real commits: case B08.

The cases come from the admin's own registry. A page that can add and has no data below fails, so a new one gets some.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.checks import run_checks
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone

from events.log.log import read_at
from events.models import Event, Outgoing, ParkedEvent
from events.operations.tenant_records import TENANT_TABLES
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import Backoff
from events.subscriptions import cursors, parking
from events.testing.work import names, settle
from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.webhooks.endpoints import create_endpoint
from kernel.tenancy import in_public_schema, in_tenant
from pos.models import Location, Product, TaxClass, TaxRate, Variant
from pos.registers.services import make_pairing_code
from staff.models import Role, SignInRules, User
from staff.services import hire_owner, issue_api_key
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support import make
from tests.support.crew import approved_order
from tests.support.forms import filled_form
from tests.support.recording import say

SHOP, PLATFORM = "north.localhost", "localhost"
ONLY_OF_SHOPS = {"staff.ApiKey", "staff.Role", "staff.StaffMember", "staff.Approval"}
HOSTS = {SHOP: "north", PLATFORM: "public"}


def models(host: str) -> list[Any]:
    """List what the registry has for a host; the shared tables are on both."""
    ours = {"pos", "inventory", "payments", "notifications"}
    return [
        model
        for model in admin.site._registry
        if model._meta.app_label not in ({"tenants"} if host == SHOP else ours)
        and model._meta.label not in (set() if host == SHOP else ONLY_OF_SHOPS)
    ]


PAGES = [pytest.param(host, model, id=f"{host}-{model._meta.label}") for host in HOSTS for model in models(host)]


def new(model: Any) -> dict[str, Any] | None:
    """Give what a person would type to add a row."""
    location = Location.objects.first
    made = {
        "pos.Product": lambda: {
            "name": "Mug", "kind": "STOCKED", "tax_class": TaxClass.objects.first().pk, "variants-0-sku": "NEW", "variants-0-price": "100",
            "variants-0-active": "on",
        },
        "pos.Variant": lambda: {"product": Product.objects.first().pk, "sku": "NEW", "price": "100", "active": "on"},
        "pos.TaxClass": lambda: {
            "name": "Odd", "rules-0-rate": TaxRate.objects.first().pk, "rules-0-sequence": "1", "rules-TOTAL_FORMS": "1",
        },
        "pos.TaxRate": lambda: {"name": "Odd", "rate": "0.03"},
        "pos.Category": lambda: {"name": "New"},
        "pos.PriceList": lambda: {"name": "New", "currency": "EUR", "tax_included": "true", "priority": "0"},
        "pos.Location": lambda: {"code": "NEW", "name": "New", "currency": "EUR", "timezone": "UTC", "rounding_level": "LINE", "unlinked_return_limit": "100"},
        "pos.CashDrawer": lambda: {"name": "New", "location": location().pk},
        "pos.Register": lambda: {"code": "R9", "name": "New", "location": location().pk},
        "pos.ShopProfile": lambda: {"legal_name": "New", "cut_over_hour": "0"},
        "pos.TenderType": lambda: {"code": "new", "name": "New", "kind": "CASH"},
        "notifications.AlertRecipient": lambda: {"email": "new@example.test"},
        "staff.User": lambda: {"username": "new", "password1": "a long secret", "password2": "a long secret"},
        "auth.Group": lambda: {"name": "new"},
        "staff.SignInRules": lambda: {"idle_minutes": "20"},
        "staff.Role": lambda: {"name": "new", "sell_mode": "allow"},
        "staff.StaffMember": lambda: {"code": "NEW", "name": "New", "role": Role.objects.first().pk},
        "staff.ApiKey": lambda: {"name": "new", "scopes": ["events:read"]},
        "integrations.WebhookEndpoint": lambda: {"url": "http://127.0.0.1:9/new", "description": "new", "types": ""},
        "tenants.Tenant": lambda: {"schema_name": "from_admin", "name": "New", "currency": "EUR", "timezone": "UTC", "owner_email": "new@example.test"},
    }  # fmt: skip
    maker = made.get(model._meta.label)
    return maker() if maker else None


@pytest.fixture
def traded(committed: Tenant, settings: Any, subscribe: Any) -> Iterator[Tenant]:
    """A shop in which there is a row for every page."""
    settings.WEBHOOKS_MAY_BE_LOCAL = True

    def ignore(event: TenantSuspended, delivery: Any) -> None: ...

    name = subscribe(ignore, TenantSuspended, backoff=Backoff(attempts=1))
    create_endpoint(url="http://127.0.0.1:9/hook", now=make.NOW)
    make.variant()
    order = make.order(make.card(400), make.cash(1000), email="ada@example.test")
    settle()
    order.refresh_from_db()
    make.return_(order, make.returning(order))
    settle()
    issue_api_key(name="key", scopes=["events:operate"])
    approved_order()
    make_pairing_code(register_id=make.register().id, now=timezone.now())
    say("parked")
    with unit_of_work():
        event = read_at("north", Event.objects.filter(type="tenants.tenant_suspended").get().position).envelope
        parking.park(name, event, parking.State.DEAD, error="ValueError: no")
        cursors.account("north", name, [], reached=event.position)
    yield committed
    for schema in (in_tenant(committed), in_public_schema()):
        with schema:
            LogEntry.objects.all().delete()
            User.objects.filter(username__in=["admin", "new"]).delete()
            User.groups.field.related_model.objects.filter(name="new").delete()
            SignInRules.objects.all().delete()
    with in_tenant(committed), connection.cursor() as cursor:
        cursor.execute("DELETE FROM staff_apikey WHERE name IN ('key', 'new')")


def client_for(host: str) -> Client:
    client = Client(headers={"Host": host})
    if host == PLATFORM:
        with in_public_schema():
            client.force_login(hire_owner(username="admin", password="a long secret"))
    else:
        client.force_login(hire_owner(username="admin", password="a long secret"))
    return client


def in_host(host: str) -> Any:
    return in_public_schema() if host == PLATFORM else in_tenant(Tenant.objects.get(schema_name="north"))


def url(model: Any, *parts: object) -> str:
    return "/".join(["/admin", model._meta.app_label, model._meta.model_name, *map(str, parts), ""])


def form_of(client: Client, address: str, model: Any) -> dict[str, Any] | None:
    page = client.get(address)
    return filled_form(page.content, f"{model._meta.model_name}_form") if page.status_code == 200 else None


def rows(host: str, model: Any) -> list[Any]:
    with in_host(host):
        found = list(model._default_manager.all())
        return [row for row in found if getattr(row, "state", "") != WebhookEndpoint.State.DELETED]


@pytest.mark.parametrize(("host", "model"), PAGES)
def test_b08_every_page_adds_changes_acts_and_deletes_as_far_as_it_can(traded: Tenant, host: str, model: Any) -> None:
    client = client_for(host)
    with removed_again(model):
        added = add(client, host, model)
        change(client, host, model)
        delete(client, host, model, added)
        act(client, host, model)


def add(client: Client, host: str, model: Any) -> Any:
    """Add a row, and return it; None where the page does not let people add."""
    form = form_of(client, url(model, "add"), model)
    if form is None:
        return None
    typed = new(model)
    assert typed is not None, f"say in new() what a person types to add a {model._meta.label}"
    before = {row.pk for row in rows(host, model)}

    answer = client.post(url(model, "add"), {**form, **typed})

    shows_a_secret = answer.status_code == 200 and "secrets" in answer.context
    assert answer.status_code == 302 or shows_a_secret, answer.context["errors"]
    (added,) = [row for row in rows(host, model) if row.pk not in before]
    return added


def change(client: Client, host: str, model: Any) -> None:
    for row in rows(host, model)[:1]:
        if may(host, model, "has_change_permission", row):
            form = form_of(client, url(model, row.pk, "change"), model)
            assert form is not None

            typed = {"email": f"{row.pk}@example.test"} if "email" in form else {}
            answer = client.post(url(model, row.pk, "change"), {**form, **typed})

            assert answer.status_code == 302, answer.context["errors"]


def act(client: Client, host: str, model: Any) -> None:
    """Choose every row, for each action in turn; of the tenants only the one whose schema the test is in."""
    chosen = [str(row.pk) for row in rows(host, model)]
    with in_host(host):
        actions = [name for name in admin.site._registry[model].get_actions(request_of(host)) if chosen]
    for action in sorted(actions, key=lambda name: name == "delete_selected"):
        form = {"action": action, "_selected_action": chosen[:1] if model is Tenant else chosen}
        form |= {"confirmed": "yes", "reason": "a test"}
        if action != "delete_selected":
            assert client.post(url(model), form).status_code in {200, 302}, action


def delete(client: Client, host: str, model: Any, added: Any) -> None:
    """Delete the row that was added, and another one together with what is chosen in the list."""
    if added is None or not may(host, model, "has_delete_permission", added):
        return

    answer = client.post(url(model, added.pk, "delete"), {"post": "yes"})

    assert answer.status_code == 302
    assert added.pk not in [row.pk for row in rows(host, model)]
    other = add(client, host, model)
    form = {"action": "delete_selected", "_selected_action": [str(other.pk)], "post": "yes"}
    assert client.post(url(model), form).status_code == 302
    assert other.pk not in [row.pk for row in rows(host, model)]


@contextmanager
def removed_again(model: Any) -> Iterator[None]:
    try:
        yield
    finally:
        if model is Tenant:
            with in_public_schema(), connection.cursor() as cursor:
                cursor.execute("DROP SCHEMA IF EXISTS from_admin CASCADE")
                for table in TENANT_TABLES:
                    cursor.execute(f"DELETE FROM events_{table} WHERE tenant_id = 'from_admin'")
                for tenant in Tenant.objects.filter(schema_name="from_admin"):
                    tenant.domains.all().delete()
                    Tenant.objects.filter(pk=tenant.pk).delete()


def test_b08_a_tenant_made_in_the_admin_is_active_with_its_schema(traded: Tenant) -> None:
    with removed_again(Tenant):
        made = add(client_for(PLATFORM), PLATFORM, Tenant)

        with in_tenant(made):
            assert made.status == Tenant.Status.ACTIVE
            assert [event.type for event in Event.objects.all()] == ["tenants.tenant_provisioned"]


def request_of(host: str) -> Any:
    request = RequestFactory(headers={"Host": host}).get("/")
    request.user = User.objects.get(username="admin")
    return request


def may(host: str, model: Any, permission: str, row: Any) -> bool:
    with in_host(host):
        return bool(getattr(admin.site._registry[model], permission)(request_of(host), row))


def test_b08_inlines_and_their_event_are_one_unit(traded: Tenant) -> None:
    client = client_for(SHOP)
    product = Product.objects.get(variants__sku="MUG")
    form = form_of(client, url(Product, product.pk, "change"), Product)
    assert form is not None
    total = int(str(form["variants-TOTAL_FORMS"]))
    added = {
        "variants-TOTAL_FORMS": str(total + 1),
        f"variants-{total}-sku": "CUP",
        f"variants-{total}-price": "500",
        f"variants-{total}-active": "on",
        f"variants-{total}-product": str(product.pk),
    }
    before = names().count("pos.variant_changed")

    answer = client.post(url(Product, product.pk, "change"), {**form, **added})

    assert answer.status_code == 302
    assert Variant.objects.filter(sku="CUP").exists()
    assert names().count("pos.variant_changed") == before + 2


def test_b08_a_deletion_on_the_platforms_host_is_a_unit_of_the_endpoints_tenant(traded: Tenant) -> None:
    endpoint = WebhookEndpoint.objects.get()

    answer = client_for(PLATFORM).post(url(WebhookEndpoint, endpoint.pk, "delete"), {"post": "yes"})

    assert answer.status_code == 302
    assert rows(SHOP, WebhookEndpoint) == []


def test_every_page_has_a_row_to_act_on(traded: Tenant) -> None:
    for model in (ParkedEvent, Outgoing, WebhookDelivery, WebhookEndpoint):
        assert model.objects.exists(), model


def test_b08_a_database_that_wraps_requests_in_transactions_is_refused(settings: Any) -> None:
    settings.DATABASES = {"default": {**django_settings.DATABASES["default"], "ATOMIC_REQUESTS": True}}

    found = [check.id for check in run_checks()]

    assert "tenants.E002" in found
