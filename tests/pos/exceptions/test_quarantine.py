"""A paid sale of a revoked device, or of a suspended shop, is held: accepted or rejected by a person, once (SH17)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from events.models import Event
from events.testing.work import settle
from inventory.models import StockMovement
from kernel.ids import new_id
from kernel.refusals import Refusal
from kernel.tenancy import in_tenant
from payments.models import Payment
from pos.exceptions.services import quarantine
from pos.exceptions.services.quarantine import CommandDecided
from pos.models import Device, ExceptionCase, HeldCommand, Order, Receipt
from pos.quarantine.services import OrderPlacedBefore, accept_command, reject_command
from pos.registers.services import revoke_device
from tenants.models import Tenant
from tenants.services import reactivate_tenant, suspend_tenant
from tests.support import make, people
from tests.support.pricing import set_currency
from tests.support.racing import Aside
from tests.support.selling import sale, send, shift_of_now, snapshot
from tests.support.terminal import Terminal, terminal
from tests.support.unchanged import SESSION, nothing_happened

LIST = "/admin/pos/heldcommand/"


@pytest.fixture
def shop_of_sales(committed: Tenant) -> Tenant:
    make.variant("MUG", 1000)
    shift_of_now()
    return committed


@pytest.fixture
def revoked(shop_of_sales: Tenant) -> Terminal:
    device, token = make.device()
    revoke_device(device_id=device.id)
    return Terminal("north.localhost", token)


@pytest.fixture
def till(shop_of_sales: Tenant) -> Terminal:
    """Another terminal of the shop, which works."""
    return terminal("north")


def held_by(till: Terminal, **more: Any) -> dict[str, Any]:
    """Send a sale that is held, and return it."""
    body = sale(**more)
    answer = send(till, body)
    assert (answer.status_code, answer.json()["status"]) == (202, "HELD")
    return body


def nothing_in_totals() -> bool:
    settle()
    return not (Order.objects.exists() or Receipt.objects.exists() or Payment.objects.exists() or
                StockMovement.objects.exists() or Event.objects.filter(type__startswith="pos.order").exists())  # fmt: skip


def test_sh17_a_paid_sale_of_a_revoked_device_is_held_and_in_no_total(revoked: Terminal, till: Terminal) -> None:
    body = sale(customer_email="ada@example.test")
    answer = send(revoked, body)

    assert answer.status_code == 202
    shown = answer.json()
    assert (shown["id"], shown["result"], shown["status"], shown["reason"]) == (
        body["id"], "quarantined", "HELD", "device-revoked",
    )  # fmt: skip
    assert shown["amount"] == {"amount": 1000, "currency": "EUR"}
    assert nothing_in_totals()
    held = HeldCommand.objects.get()
    assert held.body == body
    assert [case.kind for case in ExceptionCase.objects.all()] == ["quarantined"]
    assert Event.objects.filter(type="pos.exception_opened").count() == 1
    (listed,) = till.get("/held-commands", status="HELD").json()["results"]
    assert (listed["id"], listed["request"]) == (body["id"], body)


def test_sh17_a_paid_sale_in_a_suspended_shop_is_held_and_all_else_is_refused(
    shop_of_sales: Tenant, till: Terminal
) -> None:
    suspend_tenant(tenant=shop_of_sales)

    answer = send(till, sale())
    refused = [
        send(till, sale(tenders=[])),
        till.get("/orders"),
        till.post("/shifts", {"id": str(new_id()), "float_amount": {"amount": 0}}),
        Terminal("north.localhost", "").get("/nothing"),
    ]

    assert (answer.status_code, answer.json()["reason"]) == (202, "tenant-suspended")
    assert [(each.status_code, each.json()["code"]) for each in refused] == [(403, "tenant-suspended")] * 4
    assert nothing_in_totals()
    reactivate_tenant(tenant=shop_of_sales)
    accepted = till.post(f"/held-commands/{answer.json()['id']}/accept", {})
    assert accepted.json()["status"] == "COMPLETED"


def test_a_revoked_device_may_do_nothing_else(revoked: Terminal) -> None:
    with nothing_happened():
        refused = [
            send(revoked, sale(tenders=[])),
            send(revoked, {}),
            send(revoked, []),
            revoked.client.post("/api/v1/orders", b"{", content_type="application/json", headers=revoked.headers),
            send(revoked, sale(training=True)),
            send(revoked, sale(tenders=[{"type": "gateway", "amount": {"amount": 5}, "card_token": "tok"}])),
            revoked.get("/orders"),
            revoked.post("/price-quotes", {"lines": [{"sku": "MUG", "quantity": "1"}]}),
            revoked.get("/held-commands"),
            revoked.post(f"/held-commands/{new_id()}/accept", {}),
        ]

    assert [(each.status_code, each.json()["code"]) for each in refused] == [(401, "device-revoked")] * len(refused)


def test_a_stranger_is_held_nothing(shop_of_sales: Tenant) -> None:
    with nothing_happened():
        answer = send(Terminal("north.localhost", "tf.north.nobody"), sale())

    assert answer.status_code == 401


@pytest.mark.parametrize("key", ["the-same-key", "another-key"])
def test_what_is_held_is_held_once(revoked: Terminal, key: str) -> None:
    body = sale()
    first = send(revoked, body, key="the-same-key")
    again = send(revoked, body, key=key)

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.content == again.content
    assert HeldCommand.objects.count() == ExceptionCase.objects.count() == 1
    other = send(revoked, {**body, "note": "another"})
    assert (other.status_code, other.json()["code"]) == (409, "command-held")


def test_accepted_it_is_an_ordinary_order_with_its_id_once(revoked: Terminal, till: Terminal) -> None:
    sold_at = timezone.now() - timedelta(minutes=10)
    body = held_by(revoked, sold_at=sold_at, customer_email="ada@example.test", device_sequence=3)

    accepted = till.post(f"/held-commands/{body['id']}/accept", {"note": "It was sold before the theft"})
    settle()

    assert (accepted.status_code, accepted.json()["id"], accepted.json()["status"]) == (201, body["id"], "COMPLETED")
    order = Order.objects.get()
    assert (order.occurred_at, order.customer_email, order.device_sequence) == (sold_at, "ada@example.test", 3)
    assert Payment.objects.count() == StockMovement.objects.count() == 1
    held, case = HeldCommand.objects.get(), ExceptionCase.objects.get()
    assert (held.state, held.note) == ("ACCEPTED", "It was sold before the theft")
    assert "customer_email" not in held.body
    assert (case.resolved_by, case.note) == (held.decided_by, held.note)
    resolved = Event.objects.get(type="pos.exception_resolved").data
    assert (resolved["resolution"], resolved["command_id"]) == ("ACCEPTED", body["id"])
    with nothing_happened(), pytest.raises(CommandDecided, match="was accepted at"):
        accept_command(command_id=order.id, by="user:ada", now=timezone.now())
    answer = send(revoked, body)
    assert (answer.status_code, answer.json()["id"]) == (201, body["id"])
    assert Order.objects.count() == 1


def test_rejected_it_never_becomes_an_order(shop_of_sales: Tenant, till: Terminal) -> None:
    suspend_tenant(tenant=shop_of_sales)
    body = held_by(till)
    reactivate_tenant(tenant=shop_of_sales)

    rejected = till.post(f"/held-commands/{body['id']}/reject", {"note": "No sale of ours"})
    again = send(till, body, key="another-key")
    changed = send(till, {**body, "note": "x"})

    assert (rejected.status_code, rejected.json()["status"]) == (200, "REJECTED")
    assert (again.status_code, again.json()["status"]) == (202, "REJECTED")
    assert (changed.status_code, changed.json()["code"]) == (409, "command-held")
    assert nothing_in_totals()
    with nothing_happened(), pytest.raises(CommandDecided):
        accept_command(command_id=HeldCommand.objects.get().id, by="user:ada", now=timezone.now())


def test_what_is_held_is_not_placed_when_the_shop_works_again(shop_of_sales: Tenant, till: Terminal) -> None:
    suspend_tenant(tenant=shop_of_sales)
    body = held_by(till)
    reactivate_tenant(tenant=shop_of_sales)

    again = send(till, body)

    assert (again.status_code, again.json()["status"]) == (202, "HELD")
    assert nothing_in_totals()


def test_what_is_held_is_answered_as_held_whatever_it_would_be_refused_for(
    shop_of_sales: Tenant, till: Terminal
) -> None:
    suspend_tenant(tenant=shop_of_sales)
    body = held_by(till, lines=[{"sku": "GONE", "quantity": "1"}])
    reactivate_tenant(tenant=shop_of_sales)

    again = send(till, body)

    assert (again.status_code, again.json()["status"]) == (202, "HELD")


def test_an_order_of_before_the_revocation_is_answered_again(shop_of_sales: Tenant, till: Terminal) -> None:
    body = sale()
    placed = send(till, body, key="the-first-key")
    revoke_device(device_id=Device.objects.get(status="PAIRED").id)

    same_key, another = send(till, body, key="the-first-key"), send(till, body)

    assert [each.status_code for each in (placed, same_key, another)] == [201] * 3
    assert placed.content == same_key.content == another.content
    assert not HeldCommand.objects.exists()


def test_a_device_may_have_so_many_held(revoked: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "MOST_HELD", 2)
    first, _ = held_by(revoked), held_by(revoked)

    with nothing_happened():
        refused = send(revoked, sale())
    assert (refused.status_code, refused.json()["code"]) == (409, "quarantine-full")

    accept_command(command_id=first["id"], by="user:ada", now=timezone.now())
    held_by(revoked)


def test_a_device_may_have_so_much_held(revoked: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "MOST_HELD_AMOUNT", 25)
    held_by(revoked)
    held_by(revoked)

    with nothing_happened():
        refused = send(revoked, sale())

    assert refused.json()["code"] == "quarantine-full"


def test_a_single_sale_always_fits(revoked: Terminal) -> None:
    make.variant("WATCH", 10_000_01)
    watch = [{"sku": "WATCH", "quantity": "1"}]
    held_by(revoked, lines=watch, tenders=[{"type": "card", "amount": {"amount": 10_000_01}}])

    with nothing_happened():
        refused = send(revoked, sale())

    assert (refused.status_code, refused.json()["code"]) == (409, "quarantine-full")


def test_change_is_not_counted(revoked: Terminal) -> None:
    for _ in range(2):
        held_by(revoked, tenders=[{"type": "cash", "amount": {"amount": 20_000_00}}])

    assert [held.amount for held in HeldCommand.objects.all()] == [1000, 1000]


@pytest.mark.parametrize(
    ("currency", "most"), [("JPY", 1_000_000), ("IDR", 10_000_000_000), ("HUF", 1_000_000_000), ("KWD", 10_000_000)]
)
def test_the_bound_is_of_about_the_same_worth_in_each_currency(shop: Tenant, currency: str, most: int) -> None:
    set_currency(currency)
    device, token = make.device()
    revoke_device(device_id=device.id)
    revoked = Terminal("north.localhost", token)
    price = {"amount": most - 1, "currency": currency}
    lines = [{"description": "A watch", "unit_price": price, "tax_name": "Standard, included", "quantity": "1"}]
    held_by(revoked, lines=lines, tenders=[{"type": "card", "amount": {"amount": most - 1}}])
    held_by(revoked, lines=lines, tenders=[{"type": "card", "amount": {"amount": 1}}])

    refused = send(revoked, sale(lines=lines, tenders=[{"type": "card", "amount": {"amount": 1}}]))

    assert refused.json()["code"] == "quarantine-full"


def test_two_at_once_do_not_pass_the_bound(
    shop_of_sales: Tenant, revoked: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "MOST_HELD", 1)
    others = [Aside(shop_of_sales, lambda: send(revoked, sale()).status_code) for _ in range(4)]

    assert sorted(each.join() for each in others) == [202, 409, 409, 409]


def test_an_offline_sale_that_cannot_be_placed_is_held_with_the_reason(till: Terminal) -> None:
    body = held_by(till, origin="OFFLINE", lines=[{"sku": "GONE", "quantity": "1"}])

    held = HeldCommand.objects.get()
    assert (held.reason, held.detail) == ("validation-failed", "this shop sells no GONE")
    refused = till.post(f"/held-commands/{body['id']}/accept", {})
    assert (refused.status_code, HeldCommand.objects.get().state) == (422, "HELD")
    make.variant("GONE", 1000)
    assert till.post(f"/held-commands/{body['id']}/accept", {}).json()["status"] == "COMPLETED"


def test_what_was_wrong_besides_is_found_when_it_is_accepted(revoked: Terminal, till: Terminal) -> None:
    lines = [{"sku": "GONE", "quantity": "1", "snapshot": snapshot(1000)}]
    sold_at = timezone.now() + timedelta(hours=4) - timedelta(minutes=2)
    body = sale(sold_at, lines=lines)
    assert send(revoked, body, clock=timedelta(hours=4)).status_code == 202

    accepted = till.post(f"/held-commands/{body['id']}/accept", {}).json()

    assert [each["kind"] for each in accepted["exceptions"]] == ["clock-skew", "unknown-variant"]
    assert abs(Order.objects.get().occurred_at - (sold_at - timedelta(hours=4))) < timedelta(minutes=1)


def test_a_sale_that_was_placed_all_the_same_is_accepted_and_not_rejected(revoked: Terminal) -> None:
    body = held_by(revoked)
    HeldCommand.objects.update(state="ACCEPTED", decided_at=timezone.now(), decided_by="x")
    held = HeldCommand.objects.get()
    make.order(make.cash(1000), id=held.id)
    HeldCommand.objects.update(state="HELD", decided_at=None, decided_by="")

    with nothing_happened(), pytest.raises(OrderPlacedBefore):
        reject_command(command_id=held.id, by="user:ada", note="x", now=timezone.now())
    accepted = accept_command(command_id=held.id, by="user:ada", now=timezone.now())

    assert str(accepted.id) == body["id"]
    assert Order.objects.count() == 1


def test_a_command_is_accepted_once_by_two_at_once(shop_of_sales: Tenant, revoked: Terminal) -> None:
    command = held_by(revoked)["id"]

    def accept() -> str:
        try:
            return str(accept_command(command_id=command, by="user:ada", now=timezone.now()).id)
        except CommandDecided as refusal:
            return refusal.code

    others = [Aside(shop_of_sales, accept) for _ in range(6)]
    results = sorted(each.join() for each in others)

    assert results == sorted([command] + ["command-decided"] * 5)
    settle()
    assert Order.objects.count() == Payment.objects.count() == 1
    assert Event.objects.filter(type="pos.order_completed").count() == 1


def test_a_command_is_accepted_or_rejected_and_never_both(shop_of_sales: Tenant, revoked: Terminal) -> None:
    for _ in range(5):
        command = held_by(revoked)["id"]

        def decided(act: Any, command: str = command) -> str:
            try:
                act(command_id=command, by="user:ada", note="x", now=timezone.now())
            except Refusal as refusal:
                return refusal.code
            return "done"

        others = [Aside(shop_of_sales, lambda act=act: decided(act)) for act in (accept_command, reject_command)]
        results = [each.join() for each in others]

        state = HeldCommand.objects.get(id=command).state
        assert sorted(results) == ["command-decided", "done"]
        assert Order.objects.filter(id=command).exists() == (state == "ACCEPTED") == (results[0] == "done")


def act(client: Client, action: str, *rows: Any, **more: str) -> Any:
    return client.post(LIST, {"action": action, "_selected_action": [str(row) for row in rows], **more})


@pytest.mark.parametrize(("action", "state"), [("accept", "ACCEPTED"), ("reject", "REJECTED")])
def test_a_person_decides_in_the_admin_with_a_reason(revoked: Terminal, action: str, state: str) -> None:
    command = held_by(revoked)["id"]
    client = people.owner()

    with nothing_happened(but=SESSION):
        asked = act(client, action, command)

    act(client, action, command, confirmed="yes", reason="I know this sale")

    (told,) = client.get(LIST).context["messages"]
    assert str(told) == f"1 held sale {state.lower()}"
    assert asked.status_code == 200
    held = HeldCommand.objects.get()
    assert (held.state, held.note, held.decided_by) == (state, "I know this sale", "user:ada")
    assert Order.objects.exists() == (state == "ACCEPTED")
    assert client.get(f"{LIST}{command}/change/").status_code == 200
    assert client.get(LIST).status_code == 200


def test_what_can_no_longer_be_read_of_a_held_sale_is_said_in_a_sentence(revoked: Terminal) -> None:
    """A release may refuse what the one before has taken."""
    command = held_by(revoked)["id"]
    held = HeldCommand.objects.get()
    held.body["lines"][0]["quantity"] = "many"
    HeldCommand.objects.update(body=held.body)
    client = people.owner()

    act(client, "accept", command, confirmed="yes", reason="I know this sale")

    (told,) = client.get(LIST).context["messages"]
    assert str(told).startswith(f"{command}: /lines/0/quantity: ")
    assert "ErrorDetail" not in str(told)
    assert HeldCommand.objects.get().state == "HELD"


def test_who_may_only_look_decides_nothing(revoked: Terminal) -> None:
    command = held_by(revoked)["id"]
    client = people.viewer("view_heldcommand")

    with nothing_happened(but=SESSION):
        for action in ("accept", "reject"):
            act(client, action, command, confirmed="yes", reason="x")


def test_a_held_command_of_another_shop_is_not_found(revoked: Terminal, south: Tenant) -> None:
    command = held_by(revoked)["id"]
    with in_tenant(south):
        other = terminal("south")
        for act_ in ("accept", "reject"):
            assert other.post(f"/held-commands/{command}/{act_}", {"note": "x"}).status_code == 404
