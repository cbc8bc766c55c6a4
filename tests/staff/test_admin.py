"""The admin: on the platform's host tenants and everyone's events, on a shop's host its own."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from events.models import OperatorAction, ParkedEvent, Subscription
from events.subscribing import Delivery
from events.testing.work import drain, names, settle
from kernel.tenancy import in_public_schema
from pos.models import Product, Variant
from staff.services import define_roles, hire_owner, issue_api_key
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support import make
from tests.support.recording import say
from tests.support.unchanged import SESSION, nothing_happened
from web.admin import OnPlatformHost

SHOP = {"Host": "north.localhost"}
PLATFORM = {"Host": "localhost"}
TENANT_ONLY = {"pos", "inventory", "payments", "notifications"}


@pytest.fixture
def owner(shop: Tenant) -> Client:
    client = Client(headers=SHOP)
    client.force_login(hire_owner(username="ada", password="a long secret"))
    return client


@pytest.fixture
def operator(shop: Tenant) -> Client:
    client = Client(headers=PLATFORM)
    with in_public_schema():
        client.force_login(hire_owner(username="ops", password="a long secret"))
    return client


OF_A_SHOP = [model for model, page in admin.site._registry.items() if not isinstance(page, OnPlatformHost)]


@pytest.mark.parametrize("model", OF_A_SHOP)
def test_every_page_of_a_shop_opens(owner: Client, model: Any) -> None:
    make.variant()
    order = make.order(make.card(400), make.cash(1000), email="ada@example.test")
    settle()
    order.refresh_from_db()
    make.return_(order, make.returning(order))
    settle()
    meta = model._meta

    listing = owner.get(f"/admin/{meta.app_label}/{meta.model_name}/")

    assert listing.status_code == 200
    row = model._default_manager.first()
    if row is not None:
        page = owner.get(f"/admin/{meta.app_label}/{meta.model_name}/{row.pk}/change/")
        assert page.status_code == 200


def test_a_shop_does_not_show_tenants_and_the_platform_shows_no_shop(owner: Client, operator: Client) -> None:
    assert owner.get("/admin/tenants/tenant/").status_code == 403
    assert operator.get("/admin/pos/product/").status_code == 403
    assert operator.get("/admin/tenants/tenant/").status_code == 200
    assert operator.get("/admin/events/archive/").status_code == 200
    assert b"north" in operator.get("/admin/tenants/tenant/").content
    assert b"Point of sale" not in operator.get("/admin/").content
    assert operator.get("/admin/events/subscription/").status_code == 200


def test_a_product_saved_in_the_admin_is_said_to_all(owner: Client) -> None:
    make.variant("OLD")
    tax_class = Product.objects.get().tax_class
    form = {
        "name": "Kettle",
        "kind": "STOCKED",
        "tax_class": str(tax_class.id),
        "variants-TOTAL_FORMS": "1",
        "variants-INITIAL_FORMS": "0",
        "variants-0-sku": "KETTLE",
        "variants-0-price": "25.00",
        "variants-0-active": "on",
    }
    before = names().count("pos.variant_changed")

    response = owner.post("/admin/pos/product/add/", form)

    assert response.status_code == 302
    assert Variant.objects.get(sku="KETTLE").price == 2500
    assert names().count("pos.variant_changed") == before + 1


def test_a_variant_and_a_pairing_in_the_admin(owner: Client) -> None:
    variant = make.variant()
    form = {
        "product": str(variant.product_id),
        "sku": "MUG",
        "price": "11",
        "active": "on",
        "barcodes-TOTAL_FORMS": "0",
        "barcodes-INITIAL_FORMS": "0",
    }
    owner.post(f"/admin/pos/variant/{variant.id}/change/", form)
    paired = owner.post(
        "/admin/pos/register/", {"action": "pair", "_selected_action": [str(make.register().id)]}, follow=True
    )

    variant.refresh_from_db()
    assert variant.price == 1100
    assert b"tf.north." in paired.content


def test_orders_are_read_only(owner: Client) -> None:
    make.variant()
    order = make.order(make.cash(1000))

    with nothing_happened(but=SESSION | {"events_auditentry"}):
        assert owner.get("/admin/pos/order/add/").status_code == 403
        assert owner.post(f"/admin/pos/order/{order.id}/delete/").status_code == 403
    assert b"events and reactions" in owner.get("/admin/pos/order/").content
    found = owner.get("/admin/events/event/", {"q": f"order:{order.id}"})
    assert b"pos.order_completed" in found.content


def test_an_operator_retries_discards_pauses_and_resumes(owner: Client, subscribe: Callable[..., str]) -> None:
    def fail(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        raise ValueError("never")

    name = subscribe(fail, TenantSuspended, permanent=(ValueError,))
    say("a", "b")
    drain(name)
    first, second = ParkedEvent.objects.filter(subscriber=name).order_by("position")
    subscription = Subscription.objects.get(subscriber=name)

    def act(page: str, action: str, row: Any) -> None:
        owner.post(f"/admin/events/{page}/", {"action": action, "_selected_action": [str(row.pk)]})

    act("parkedevent", "retry", first)
    for reason in ("", "a test", "a test"):
        owner.post(f"/admin/events/parkedevent/{second.pk}/dry-run/", {"action": "discard", "reason": reason})
    pausing = {"action": "pause", "_selected_action": [str(subscription.pk)]}
    asked = owner.post("/admin/events/subscription/", pausing)
    unexplained = owner.post("/admin/events/subscription/", {**pausing, "confirmed": "yes", "reason": " "})
    assert Subscription.objects.get(pk=subscription.pk).paused_at is None
    owner.post("/admin/events/subscription/", {**pausing, "confirmed": "yes", "reason": "stocktaking"})
    act("subscription", "resume", subscription)

    assert b"stop before their next event" in asked.content
    assert b"Say why" in unexplained.content
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("RETRYING", "DISCARDED")
    actions = OperatorAction.objects.order_by("id").values_list("action", "operator")
    assert list(actions) == [
        ("retry", "user:ada"), ("discard", "user:ada"), ("pause", "user:ada"), ("resume", "user:ada"),
    ]  # fmt: skip


def test_suspending_twice_in_the_admin_says_why_not(operator: Client, north: Tenant) -> None:
    def act(action: str, **more: str) -> bytes:
        form = {"action": action, "_selected_action": [str(north.pk)], **more}
        return operator.post("/admin/tenants/tenant/", form, follow=True).content

    assert b"their tills cannot sell" in act("suspend")
    north.refresh_from_db()
    assert north.status == "ACTIVE"
    assert b"is suspended" in act("suspend", confirmed="yes")
    assert b"is suspended" in act("suspend", confirmed="yes")
    assert b"is active" in act("reactivate")


def test_a_cashier_sees_orders_and_no_payments(shop: Tenant) -> None:
    from django.contrib.auth.models import Group

    from staff.models import User

    define_roles()
    cashier = User.objects.create_user("cash", password="a long secret", is_staff=True)
    cashier.groups.add(Group.objects.get(name="cashier"))
    client = Client(headers=SHOP)
    client.force_login(cashier)

    assert client.get("/admin/pos/order/").status_code == 200
    assert client.get("/admin/payments/payment/").status_code == 403


def test_the_admin_writes_only_what_was_changed(shop: Tenant) -> None:
    from types import SimpleNamespace

    from inventory.models import StockItem
    from pos.models import Register

    item = StockItem.objects.create(variant_id=make.new_id(), location_id=make.new_id())
    register = make.register()
    Register.objects.update(next_receipt_number=7)
    StockItem.objects.update(on_hand=5)

    register.name, item.reorder_point = "Till by the door", Decimal(3)
    admin.site._registry[Register].save_model(None, register, SimpleNamespace(changed_data=["name"]), True)
    admin.site._registry[StockItem].save_model(None, item, SimpleNamespace(changed_data=["reorder_point"]), True)
    admin.site._registry[Register].save_model(None, register, SimpleNamespace(changed_data=[]), True)

    register.refresh_from_db()
    item.refresh_from_db()
    assert (register.name, register.next_receipt_number) == ("Till by the door", 7)
    assert (item.reorder_point, item.on_hand) == (3, 5)


def test_f23_an_empty_list_offers_to_add_only_what_can_be_added(owner: Client) -> None:
    Product.objects.all().delete()

    offered = {
        address: 'href="' + address + 'add/"' in owner.get(address).content.decode()
        for address in ("/admin/pos/product/", "/admin/pos/order/", "/admin/events/parkedevent/")
    }
    orders = owner.get("/admin/pos/order/").content.decode()

    assert offered == {"/admin/pos/product/": True, "/admin/pos/order/": False, "/admin/events/parkedevent/": False}
    assert "Nothing to show" in orders
    assert "Create a new item" not in orders


def test_f23_scopes_are_words_and_pages_name_their_icon(owner: Client) -> None:
    issue_api_key(name="till-bot", scopes=["events:read", "webhooks:write"])

    assert "events:read, webhooks:write" in owner.get("/admin/staff/apikey/").content.decode()
    assert 'href="/static/config/favicon.svg"' in Client(headers=SHOP).get("/admin/login/").content.decode()
