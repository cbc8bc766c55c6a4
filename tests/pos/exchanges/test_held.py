"""A paid exchange of a revoked device, or in a suspended shop, is held whole: accepted or rejected by a person, once (SH17)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from events.testing.work import settle
from inventory.models import StockMovement
from kernel.ids import new_id
from payments.models import Payment
from pos.exceptions.services import quarantine
from pos.models import Device, ExceptionCase, HeldCommand, Order, Return
from pos.quarantine.services import OrderPlacedBefore, accept_command, reject_command
from pos.registers.services import revoke_device
from pos.returns.lines import RefundExceedsQuantity
from tenants.models import Tenant
from tenants.services import reactivate_tenant, suspend_tenant
from tests.support import make, people
from tests.support.selling import exchange, sale, send, shift_of_now
from tests.support.terminal import Terminal, terminal
from tests.support.unchanged import nothing_happened
from tests.support.verifying import require_sound


@pytest.fixture
def shop_of_sales(committed: Tenant) -> Tenant:
    make.variant("MUG", 1000)
    shift_of_now()
    return committed


@pytest.fixture
def till(shop_of_sales: Tenant) -> Terminal:
    return terminal("north")


@pytest.fixture
def revoked(shop_of_sales: Tenant) -> Terminal:
    device, token = make.device()
    revoke_device(device_id=device.id)
    return Terminal("north.localhost", token)


def held_by(till: Terminal, **more: Any) -> dict[str, Any]:
    """Send an exchange that is held, and return it."""
    body = exchange(timezone.now(), **more)
    answer = till.post("/exchanges", body)
    assert (answer.status_code, answer.json()["status"]) == (202, "HELD"), answer.content
    return body


def nothing_was_made() -> bool:
    settle()
    rows = (Order, Return, Payment, StockMovement)
    return not any(each.objects.exists() for each in rows)


def test_sh17_a_paid_exchange_of_a_revoked_device_is_held_and_in_no_total(revoked: Terminal, till: Terminal) -> None:
    body = exchange(timezone.now(), tenders=[{"type": "cash", "amount": {"amount": 5000}}])
    answer = revoked.post("/exchanges", body)

    shown = answer.json()
    assert (answer.status_code, shown["id"], shown["result"], shown["reason"]) == (
        202, body["wanted"]["id"], "quarantined", "device-revoked",
    )  # fmt: skip
    assert shown["amount"] == {"amount": 1000, "currency": "EUR"}
    assert HeldCommand.objects.get().body == body
    assert [case.kind for case in ExceptionCase.objects.all()] == ["quarantined"]
    assert nothing_was_made()
    (listed,) = till.get("/held-commands", status="HELD").json()["results"]
    assert listed["request"] == body


def test_sh17_a_paid_exchange_in_a_suspended_shop_is_held_and_not_made_when_it_works_again(
    shop_of_sales: Tenant, till: Terminal
) -> None:
    suspend_tenant(tenant=shop_of_sales)
    body = held_by(till)
    reactivate_tenant(tenant=shop_of_sales)

    again, changed = (
        till.post("/exchanges", body),
        till.post("/exchanges", {**body, "occurred_at": make.NOW.isoformat()}),
    )

    assert (again.status_code, again.json()["status"]) == (202, "HELD")
    assert (changed.status_code, changed.json()["code"]) == (409, "command-held")
    assert nothing_was_made()


def test_an_exchange_that_nobody_paid_is_refused(revoked: Terminal) -> None:
    with nothing_happened():
        refused = [
            revoked.post("/exchanges", exchange(timezone.now(), tenders=[])),
            revoked.post("/exchanges", exchange(timezone.now(), tenders=[], refunds=[{"type": "cash"}])),
            revoked.post(
                "/returns", {**exchange(timezone.now())["brought"], "occurred_at": timezone.now().isoformat()}
            ),
        ]

    assert [(each.status_code, each.json()["code"]) for each in refused] == [(401, "device-revoked")] * 3


def test_accepted_it_is_the_exchange_that_was_made(revoked: Terminal, till: Terminal) -> None:
    order = make.order(make.cash(1000))
    sold_at = timezone.now() - timedelta(minutes=10)
    line = {"order_line_id": str(order.lines.get().id), "quantity": "1"}
    body = exchange(sold_at, brought={"id": str(new_id()), "order_id": str(order.id), "lines": [line]})
    body["wanted"]["customer_email"] = "ada@example.test"
    assert revoked.post("/exchanges", body).status_code == 202
    held = body["wanted"]["id"]

    accepted = till.post(f"/held-commands/{held}/accept", {"note": "It was sold before the theft"})
    settle()

    assert (accepted.status_code, accepted.json()["id"], accepted.json()["status"]) == (201, held, "COMPLETED")
    made, returned = Order.objects.get(id=held), Return.objects.get()
    assert (made.occurred_at, made.exchange_return_id) == (sold_at, returned.id)
    assert (str(returned.id), returned.order_id, returned.exchange_order_id) == (
        body["brought"]["id"],
        order.id,
        made.id,
    )
    assert sorted(made.tenders.values_list("kind", "amount")) == [("CASH", 1000), ("EXCHANGE", 1000)]
    assert "ada@example.test" not in str(HeldCommand.objects.get().body)
    again = revoked.post("/exchanges", body)
    assert (again.status_code, again.json()["order"]["id"]) == (201, held)
    assert Return.objects.count() == 1
    require_sound()


def test_rejected_it_is_never_made(revoked: Terminal, till: Terminal) -> None:
    body = held_by(revoked)

    rejected = till.post(f"/held-commands/{body['wanted']['id']}/reject", {"note": "No exchange of ours"})
    again = revoked.post("/exchanges", body)

    assert (rejected.status_code, rejected.json()["status"]) == (200, "REJECTED")
    assert (again.status_code, again.json()["status"]) == (202, "REJECTED")
    assert nothing_was_made()


def test_it_stays_held_while_its_goods_have_come_back_elsewhere(revoked: Terminal) -> None:
    order = make.order(make.cash(1000))
    line = {"order_line_id": str(order.lines.get().id), "quantity": "1"}
    body = held_by(revoked, brought={"id": str(new_id()), "order_id": str(order.id), "lines": [line]})
    make.return_(order, make.returning(order))

    with nothing_happened(), pytest.raises(RefundExceedsQuantity):
        accept_command(command_id=body["wanted"]["id"], by="user:ada", now=timezone.now())

    assert HeldCommand.objects.get().state == "HELD"


def test_an_exchange_of_before_the_revocation_is_answered_again(till: Terminal) -> None:
    body = exchange(timezone.now())
    made = till.post("/exchanges", body)
    revoke_device(device_id=Device.objects.get(status="PAIRED").id)

    again = till.post("/exchanges", body)

    assert (made.status_code, again.status_code) == (201, 201)
    assert made.content == again.content
    assert not HeldCommand.objects.exists()


def test_exchanges_and_orders_share_the_bound_of_a_device(revoked: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "MOST_HELD", 2)
    held_by(revoked)
    assert send(revoked, sale()).status_code == 202

    with nothing_happened():
        refused = revoked.post("/exchanges", exchange(timezone.now()))

    assert (refused.status_code, refused.json()["code"]) == (409, "quarantine-full")


def test_a_person_decides_in_the_admin(revoked: Terminal) -> None:
    command = held_by(revoked)["wanted"]["id"]
    client = people.owner()
    page = "/admin/pos/heldcommand/"

    client.post(page, {"action": "accept", "_selected_action": [command], "confirmed": "yes", "reason": "I know it"})

    assert (HeldCommand.objects.get().state, Order.objects.get().status) == ("ACCEPTED", "COMPLETED")
    assert client.get(f"{page}{command}/change/").status_code == 200


def test_an_exchange_that_was_made_all_the_same_is_not_rejected(revoked: Terminal) -> None:
    command = held_by(revoked)["wanted"]["id"]
    accept_command(command_id=command, by="user:ada", now=timezone.now())
    HeldCommand.objects.update(state="HELD", decided_at=None, decided_by="")

    with nothing_happened(), pytest.raises(OrderPlacedBefore):
        reject_command(command_id=command, by="user:ada", note="x", now=timezone.now())
