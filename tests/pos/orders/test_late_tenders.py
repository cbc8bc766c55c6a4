"""Money that was taken for an order is accepted without an open shift, with an exception."""

from typing import Any

import pytest
from django.utils import timezone

from events.testing.work import settle
from kernel.tenancy import in_tenant
from pos.models import Device, ExceptionCase, HeldCommand, Order, Tender
from pos.quarantine.services import accept_command
from pos.registers.services import revoke_device
from tenants.models import Tenant
from tenants.services import reactivate_tenant, suspend_tenant
from tests.support import make
from tests.support.day import closed, opened
from tests.support.terminal import Terminal, terminal
from tests.support.unchanged import nothing_happened
from tests.support.verifying import require_sound

CASH = [{"type": "cash", "amount": {"amount": 500}}]


@pytest.fixture
def till(api: Terminal) -> Terminal:
    make.variant("MUG", 1000)
    return api


def pay(till: Terminal, order: dict[str, Any], **more: Any) -> Any:
    return till.post(f"/orders/{order['id']}/tenders", {"tenders": CASH, **more})


def test_they_are_of_the_shift_that_was_closed(till: Terminal) -> None:
    shift = opened(till)
    order = till.post("/orders", make.order_body(tenders=[])).json()
    closed(till, shift, 10000)

    first, second = pay(till, order), pay(till, order)
    settle()

    assert [first.status_code, second.status_code] == [201, 201], second.content
    assert second.json()["status"] == "COMPLETED"
    assert {str(tender.shift_id) for tender in Tender.objects.all()} == {str(Order.objects.get().shift_id)}
    assert ExceptionCase.objects.filter(kind="late-order", command_id=order["id"]).count() == 1


def test_cards_that_are_not_charged_need_an_open_shift(till: Terminal) -> None:
    shift = opened(till)
    order = till.post("/orders", make.order_body(tenders=[])).json()
    closed(till, shift, 10000)
    card = [{"type": "gateway", "amount": {"amount": 1000}, "card_token": "tok"}]

    with nothing_happened():
        refused = pay(till, order, tenders=card)

    assert (refused.status_code, refused.json()["code"]) == (409, "shift-not-open")


def revoke(shop: Tenant) -> None:
    revoke_device(device_id=Device.objects.get().id)


def suspend(shop: Tenant) -> None:
    suspend_tenant(tenant=shop)


@pytest.mark.parametrize(("shut", "reason"), [(revoke, "device-revoked"), (suspend, "tenant-suspended")])
def test_they_are_held_once_and_accepted_once(committed: Tenant, shut: Any, reason: str) -> None:
    make.variant("MUG", 1000)
    make.shift()
    till = terminal("north")
    order = till.post("/orders", make.order_body(tenders=[])).json()
    shut(committed)

    held, again = pay(till, order), pay(till, order)
    card = pay(till, order, tenders=[{"type": "gateway", "amount": {"amount": 1000}, "card_token": "tok"}])

    assert (held.status_code, held.json()["reason"], held.json()["amount"]["amount"]) == (202, reason, 500)
    assert (again.content, card.json()["code"]) == (held.content, reason)
    with in_tenant(committed):
        assert not Tender.objects.exists()
        require_sound()
        accept_command(command_id=HeldCommand.objects.get().id, by="user:ada", now=timezone.now())
        assert [tender.amount for tender in Tender.objects.all()] == [500]
        require_sound()
    if shut is suspend:
        reactivate_tenant(tenant=committed)
    decided = pay(till, order)
    assert (decided.status_code, decided.json()["status"]) == (202, "ACCEPTED")
    with in_tenant(committed):
        assert Tender.objects.count() == 1
