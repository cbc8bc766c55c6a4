"""A paid sale of somebody whose session has ended is theirs up to its end, and held after it where they are gone; nothing else is."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from events.publishing.unit_of_work import unit_of_work
from kernel.ids import new_id
from pos.models import Device, HeldCommand, Order
from pos.quarantine.services import accept_command
from pos.registers.services import revoke_device
from staff.duty.models import StaffSession
from staff.duty.services.members import change_member
from staff.duty.services.signing import end_sessions
from tenants.models import Tenant
from tests.support import make
from tests.support.crew import Person, StaffedTerminal, person
from tests.support.selling import exchange, sale, send, shift_of_now
from tests.support.unchanged import nothing_happened

GATEWAY = [{"type": "gateway", "amount": {"amount": 1000}, "card_token": "tok"}]


@pytest.fixture
def anna(shop: Tenant) -> Person:
    make.variant("MUG", 1000)
    person("BEN")
    return person("ANNA")


@pytest.fixture
def till(anna: Person) -> StaffedTerminal:
    till = StaffedTerminal().sign_in(anna)
    shift_of_now()
    return till


def go_idle(anna: Person) -> None:
    StaffSession.objects.update(last_used_at=timezone.now() - timedelta(hours=8))


def sign_out(anna: Person) -> None:
    with unit_of_work():
        end_sessions(StaffSession.End.SIGNED_OUT, timezone.now(), staff_id=anna.id)


def deactivate(anna: Person) -> None:
    change_member(staff_id=anna.id, changed={"is_active": False})


ENDS = pytest.mark.parametrize("end", [go_idle, sign_out, deactivate])


@ENDS
@pytest.mark.parametrize("origin", ["ONLINE", "OFFLINE"])
def test_a_paid_sale_of_before_the_end_is_theirs(till: StaffedTerminal, anna: Person, end: Any, origin: str) -> None:
    end(anna)
    sold = timezone.now() - timedelta(hours=9 if end is go_idle else 0, minutes=1)

    answer = send(till, sale(sold, origin=origin))

    assert answer.status_code == 201, answer.content
    order = Order.objects.get()
    assert (order.staff_id, [each.staff_id for each in order.tenders.all()]) == (anna.id, [anna.id])


@pytest.mark.parametrize("end", [go_idle, sign_out])
def test_whoever_may_sign_in_again_does_so_for_a_sale_of_after_the_end(
    till: StaffedTerminal, anna: Person, end: Any
) -> None:
    end(anna)
    moment = timezone.now() + timedelta(minutes=1)
    sold, exchanged = sale(moment), exchange(moment)

    with nothing_happened():
        refused = [send(till, sold), till.post("/exchanges", exchanged)]
    assert [(each.status_code, each.json()["code"]) for each in refused] == [(401, "staff-session-ended")] * 2
    assert send(till.sign_in(anna), sold).status_code == 201


def test_a_paid_sale_of_nobody_waits_until_somebody_signs_in(till: StaffedTerminal, anna: Person) -> None:
    del till.headers["X-Staff-Session"]
    sold, exchanged = sale(), exchange(timezone.now())

    with nothing_happened():
        refused = [send(till, sold), till.post("/exchanges", exchanged)]

    assert [(each.status_code, each.json()["code"]) for each in refused] == [(401, "staff-session-required")] * 2
    assert send(till.sign_in(anna), sold).status_code == 201


def test_a_paid_sale_of_after_the_end_is_held_where_nobody_can_sign_in_for_it(
    till: StaffedTerminal, anna: Person
) -> None:
    deactivate(anna)

    answer = send(till, sale(timezone.now() + timedelta(minutes=1)))

    assert (answer.status_code, answer.json()["reason"]) == (202, "staff-session-ended")
    assert HeldCommand.objects.get().sold_by == anna.id
    assert not Order.objects.exists()


@ENDS
def test_an_ended_session_reads_nothing_and_does_nothing_else(till: StaffedTerminal, anna: Person, end: Any) -> None:
    order = till.post("/orders", make.order_body(tenders=[])).json()
    end(anna)
    before = timezone.now() - timedelta(hours=10)

    with nothing_happened():
        refused = [
            send(till, sale(before, tenders=[])),
            send(till, sale(before, tenders=GATEWAY)),
            send(till, sale(before, training=True)),
            till.post(f"/orders/{order['id']}/tenders", {"tenders": GATEWAY}),
            till.post(f"/orders/{order['id']}/void", {"reason": "x"}),
            till.post("/returns", {}),
            till.post("/exchanges", exchange(before, tenders=[])),
        ]

    assert [(each.status_code, each.json()["code"]) for each in refused] == [(401, "staff-session-ended")] * len(
        refused
    )


def test_a_paid_exchange_of_after_the_end_is_held_where_nobody_can_sign_in_for_it(
    till: StaffedTerminal, anna: Person
) -> None:
    deactivate(anna)

    answer = till.post("/exchanges", exchange(timezone.now() + timedelta(minutes=1)))

    assert (answer.status_code, answer.json()["reason"]) == (202, "staff-session-ended")
    assert HeldCommand.objects.get().sold_by == anna.id
    assert not Order.objects.exists()


def test_money_for_an_order_is_held_after_the_end(till: StaffedTerminal, anna: Person) -> None:
    order = till.post("/orders", make.order_body(tenders=[])).json()
    deactivate(anna)

    answer = till.post(f"/orders/{order['id']}/tenders", {"tenders": [{"type": "cash", "amount": {"amount": 1000}}]})

    assert (answer.status_code, answer.json()["reason"]) == (202, "staff-session-ended")
    assert HeldCommand.objects.get().sold_by == anna.id


def test_a_parked_cart_that_was_sold_before_the_end_is_theirs(till: StaffedTerminal, anna: Person) -> None:
    parked = {"id": str(new_id()), "label": "x", "lines": [{"sku": "MUG", "quantity": "1"}]}
    till.post("/parked-orders", parked)
    sign_out(anna)
    cash = [{"type": "cash", "amount": {"amount": 1000}}]
    body = {"tenders": cash, "occurred_at": (timezone.now() - timedelta(minutes=1)).isoformat()}

    answer = till.post(f"/parked-orders/{parked['id']}/resume", body)

    assert answer.status_code == 201, answer.content
    assert Order.objects.get().staff_id == anna.id


def test_what_needs_an_approval_still_needs_one(till: StaffedTerminal, anna: Person) -> None:
    sign_out(anna)
    lines = [{"sku": "MUG", "quantity": "1", "discounts": [{"percent": "90"}]}]
    cash = [{"type": "cash", "amount": {"amount": 100}}]

    answer = send(till, sale(timezone.now() - timedelta(minutes=1), lines=lines, tenders=cash))

    assert (answer.status_code, answer.json()["code"]) == (403, "approval-required")
    assert not Order.objects.exists()


def test_another_devices_session_names_nobody(till: StaffedTerminal, anna: Person) -> None:
    other = StaffedTerminal("Other")
    other.headers["X-Staff-Session"] = till.headers["X-Staff-Session"]
    sign_out(anna)

    with nothing_happened():
        answer = send(other, sale(timezone.now() - timedelta(minutes=1)))

    assert (answer.status_code, answer.json()["code"]) == (401, "staff-session-ended")


def test_a_held_sale_keeps_who_sold_it(till: StaffedTerminal, anna: Person) -> None:
    revoke_device(device_id=till.device.id)
    answer = send(till, sale())
    assert (answer.status_code, answer.json()["reason"]) == (202, "device-revoked")

    order = accept_command(command_id=answer.json()["id"], by="user:ada", now=timezone.now())

    assert HeldCommand.objects.get().sold_by == anna.id
    assert (order.staff_id, [each.staff_id for each in order.tenders.all()]) == (anna.id, [anna.id])


def test_a_paid_sale_of_a_device_that_has_expired_is_held(till: StaffedTerminal) -> None:
    Device.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

    paid, unpaid = send(till, sale()), send(till, sale(tenders=[]))

    assert (paid.status_code, paid.json()["reason"]) == (202, "device-token-expired")
    assert (unpaid.status_code, unpaid.json()["code"]) == (401, "device-token-expired")
