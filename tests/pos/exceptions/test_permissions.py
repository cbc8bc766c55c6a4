"""Who may resolve exceptions and decide about what is held; and what a sale that was paid asks of nobody."""

from typing import Any

import pytest

from kernel.ids import new_id
from pos.models import ExceptionCase, HeldCommand, Order
from pos.registers.services import revoke_device
from tenants.models import Tenant
from tests.support import make
from tests.support.crew import StaffedTerminal, person, set_rule
from tests.support.selling import kinds, sale, send, shift_of_now, snapshot
from tests.support.unchanged import nothing_happened

REFUSED = frozenset({"events_auditentry"})
CARD = [{"type": "card", "amount": {"amount": 900}}]


@pytest.fixture
def till(shop: Tenant) -> StaffedTerminal:
    make.variant("MUG", 1000)
    till = StaffedTerminal()
    shift_of_now()
    return till


def held(till: StaffedTerminal) -> Any:
    lines = [{"sku": "GONE", "quantity": "1"}]
    answer = send(till, sale(origin="OFFLINE", lines=lines))
    assert answer.status_code == 202, answer.content
    return answer.json()


def test_exceptions_are_resolved_by_whose_role_lets_them(till: StaffedTerminal) -> None:
    set_rule("cashier", "resolve_exceptions", "deny")
    anna = person()
    till.sign_in(anna)
    command = held(till)["id"]
    send(till, sale(shift_id=str(new_id())))
    case = ExceptionCase.objects.get(kind="no-shift")
    paths = [f"/exceptions/{case.id}/resolve", f"/held-commands/{command}/accept", f"/held-commands/{command}/reject"]

    with nothing_happened(but=REFUSED):
        refused = [till.post(path, {"note": "x"}) for path in paths]
    set_rule("cashier", "resolve_exceptions", "allow")
    till.sign_in(anna)
    resolved, _, rejected = [till.post(path, {"note": "x"}) for path in paths]

    assert [(each.status_code, each.json()["code"]) for each in refused] == [(403, "permission-denied")] * 3
    assert (resolved.status_code, resolved.json()["staff_id"]) == (200, str(anna.id))
    assert (rejected.status_code, rejected.json()["staff_id"]) == (200, str(anna.id))


def test_a_price_that_the_shop_has_changed_since_is_no_override(till: StaffedTerminal) -> None:
    set_rule("cashier", "price_override", "deny")
    till.sign_in(person())
    for price in (900, 1000):
        make.variant(price=price)

    drifted = send(till, sale(lines=[{"sku": "MUG", "quantity": "1", "snapshot": snapshot(900)}], tenders=CARD))
    with nothing_happened(but=REFUSED):
        chosen = send(till, sale(lines=[{"sku": "MUG", "quantity": "1", "unit_price": {"amount": 900}}], tenders=CARD))

    assert (drifted.status_code, kinds(drifted)) == (201, ["price-drift"])
    assert (chosen.status_code, chosen.json()["code"]) == (403, "permission-denied")


def test_an_offline_sale_that_nobody_was_allowed_is_held(till: StaffedTerminal) -> None:
    set_rule("cashier", "discount", "deny")
    anna = person()
    till.sign_in(anna)
    lines = [{"sku": "MUG", "quantity": "1", "discounts": [{"percent": "10"}]}]

    answer = send(till, sale(origin="OFFLINE", lines=lines, tenders=CARD))

    assert (answer.status_code, answer.json()["reason"]) == (202, "permission-denied")
    assert HeldCommand.objects.get().sold_by == anna.id
    assert not Order.objects.exists()


def test_what_a_revoked_device_sends_is_held_although_nobody_can_sign_in(till: StaffedTerminal) -> None:
    till.sign_in(person())
    revoke_device(device_id=till.device.id)

    assert send(till, sale()).status_code == 202
