"""A paid sale of a parked cart is never lost, whatever became of the cart; and it is never two without a sign."""

from typing import Any

import pytest
from django.utils import timezone

from kernel.ids import new_id
from kernel.tenancy import in_tenant
from pos.models import Device, ExceptionCase, HeldCommand, Order, ParkedOrder
from pos.quarantine.services import accept_command
from pos.registers.services import revoke_device
from tenants.models import Tenant
from tenants.services import suspend_tenant
from tests.support import make
from tests.support.selling import kinds, sale, send, shift_of_now
from tests.support.terminal import Terminal, terminal
from tests.support.unchanged import nothing_happened

CASH = [{"type": "cash", "amount": {"amount": 2000}}]
LINES = [{"sku": "MUG", "quantity": "2"}]
SOLD = {"lines": LINES, "tenders": CASH}


@pytest.fixture
def till(api: Terminal) -> Terminal:
    make.variant("MUG", 1000)
    shift_of_now()
    return api


@pytest.fixture
def other(till: Terminal) -> Terminal:
    return terminal("north")


def park(till: Terminal) -> str:
    body = {"id": str(new_id()), "label": "x", "lines": LINES}
    assert till.post("/parked-orders", body).status_code == 201
    return str(body["id"])


def resume(till: Terminal, order_id: str, **body: Any) -> Any:
    return till.post(f"/parked-orders/{order_id}/resume", {**SOLD, **body})


def test_a_reused_sequence_number_does_not_refuse_it(till: Terminal) -> None:
    order_id = park(till)
    assert send(till, sale(device_sequence=1)).status_code == 201

    answer = resume(till, order_id, device_sequence=1)

    assert (answer.status_code, answer.json()["id"]) == (201, order_id)
    assert kinds(answer) == ["sequence-reused"]


def test_it_is_sold_though_another_device_works_on_it(till: Terminal, other: Terminal) -> None:
    order_id = park(till)
    assert other.post(f"/parked-orders/{order_id}/claim", {}).status_code == 200

    lines = [{**LINES[0], "id": str(new_id())}]
    first = resume(till, order_id, lines=lines)
    second = resume(other, order_id, device_sequence=7, lines=lines)

    assert (first.status_code, first.json()["id"], kinds(first)) == (201, order_id, ["cart-forked"])
    assert (second.status_code, second.json()["status"], kinds(second)) == (201, "COMPLETED", ["cart-forked"])
    assert second.json()["id"] != order_id
    assert order_id in str(ExceptionCase.objects.get(command_id=second.json()["id"]).payload)
    assert not ParkedOrder.objects.exists()
    again = resume(other, order_id, device_sequence=7, lines=lines)
    assert (again.status_code, again.json()["id"]) == (201, second.json()["id"])
    assert Order.objects.count() == 2


def test_it_is_sold_though_the_cart_was_discarded(till: Terminal) -> None:
    order_id = park(till)
    till.post(f"/parked-orders/{order_id}/discard", {"reason": "x"})

    answer = resume(till, order_id)

    assert (answer.status_code, kinds(answer)) == (201, ["cart-forked"])


def test_an_unpaid_one_is_refused_as_before(till: Terminal, other: Terminal) -> None:
    order_id = park(till)
    other.post(f"/parked-orders/{order_id}/claim", {})

    with nothing_happened():
        leased = resume(till, order_id, tenders=[])
        gone = resume(till, str(new_id()), tenders=[])

    assert [(each.status_code, each.json()["code"]) for each in (leased, gone)] == [
        (409, "cart-leased"), (404, "not-found"),
    ]  # fmt: skip


def revoke(shop: Tenant) -> None:
    for device in Device.objects.filter(status="PAIRED").order_by("paired_at")[:1]:
        revoke_device(device_id=device.id)


def suspend(shop: Tenant) -> None:
    suspend_tenant(tenant=shop)


@pytest.mark.parametrize(("shut", "reason"), [(revoke, "device-revoked"), (suspend, "tenant-suspended")])
@pytest.mark.parametrize("more", [{}, {"lines": LINES}])
def test_it_is_held_and_becomes_an_order(committed: Tenant, shut: Any, reason: str, more: dict[str, Any]) -> None:
    make.variant("MUG", 1000)
    shift_of_now()
    till = terminal("north")
    order_id, unpaid = park(till), park(till)
    shut(committed)
    body = {"tenders": CASH, **more}

    held = till.post(f"/parked-orders/{order_id}/resume", body)
    again = till.post(f"/parked-orders/{order_id}/resume", body)
    refused = till.post(f"/parked-orders/{unpaid}/resume", {})

    assert (held.status_code, held.json()["reason"], held.json()["amount"]["amount"]) == (202, reason, 2000)
    assert again.content == held.content
    assert refused.json()["code"] == reason
    with in_tenant(committed):
        assert ParkedOrder.objects.count() == 2
        order = accept_command(command_id=HeldCommand.objects.get().id, by="user:ada", now=timezone.now())
        assert (order.status, order.total, order.exceptions) == ("COMPLETED", 2000, [])
        assert Order.objects.get(id=order_id).status == "VOIDED"
    answer = till.post(f"/parked-orders/{order_id}/resume", body)
    assert (answer.status_code, answer.json()["id"]) == (201, str(order.id))


def test_a_held_one_blocks_nobody_else(till: Terminal, other: Terminal) -> None:
    order_id = park(till)
    revoke_device(device_id=Device.objects.order_by("paired_at").first().id)  # type: ignore[union-attr]
    held = resume(till, order_id)
    sold = resume(other, order_id, device_sequence=1)

    order = accept_command(command_id=held.json()["id"], by="user:ada", now=timezone.now())

    assert (sold.status_code, sold.json()["id"], kinds(sold)) == (201, order_id, [])
    assert [each["kind"] for each in order.exceptions] == ["cart-forked"]
