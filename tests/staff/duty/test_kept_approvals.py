"""What needed somebody else for it keeps the approval on its row: voids, closings and refunds, as orders do."""

import pytest

from pos.models import Order, Refund, Return, Shift
from tenants.models import Tenant
from tests.support import make, people
from tests.support.crew import Person, StaffedTerminal, person, set_rule
from tests.support.selling import shift_of_now
from tests.support.verifying import require_sound


@pytest.fixture
def ben(shop: Tenant) -> Person:
    make.variant("MUG", 1000)
    for permission in ("void", "close_shift", "return_linked"):
        set_rule("cashier", permission, "approval")
    return person("BEN", "manager")


@pytest.fixture
def till(ben: Person) -> StaffedTerminal:
    till = StaffedTerminal().sign_in(person("ANNA"))
    shift_of_now()
    return till


def test_a_void_keeps_its_approval_and_so_does_what_it_gave_back(till: StaffedTerminal, ben: Person) -> None:
    cash = [{"type": "cash", "amount": {"amount": 400}}]
    order = till.post("/orders", make.order_body(tenders=cash)).json()["id"]
    body = till.approved(ben, {"reason": "They left"}, "void", id=order)

    answer = till.post(f"/orders/{order}/void", body)

    assert answer.status_code == 200, answer.content
    assert [str(each) for each in (Order.objects.get().void_approval_id, Refund.objects.get().approval_id)] == [
        body["approval_id"]
    ] * 2
    assert Order.objects.get().approval_id is None
    assert body["approval_id"] in people.owner().get(f"/admin/pos/order/{order}/change/").content.decode()
    require_sound()


def test_a_closing_keeps_its_approval(till: StaffedTerminal, ben: Person) -> None:
    shift = Shift.objects.get().id
    counts = {"counts": [{"tender_type": "cash", "amount": {"amount": 0}}]}
    body = till.approved(ben, counts, "close_shift", id=shift)

    answer = till.post(f"/shifts/{shift}/close", body)

    assert answer.status_code == 200, answer.content
    assert str(Shift.objects.get().approval_id) == body["approval_id"]
    assert body["approval_id"] in people.owner().get(f"/admin/pos/shift/{shift}/change/").content.decode()
    require_sound()


def test_a_return_and_its_refunds_keep_their_approval(till: StaffedTerminal, ben: Person) -> None:
    order = till.post("/orders", make.order_body()).json()
    line = {"order_line_id": order["lines"][0]["id"], "quantity": "1"}
    asked = {"id": str(make.new_id()), "occurred_at": "2026-11-23T12:05:00Z", "order_id": order["id"], "lines": [line]}
    body = till.approved(ben, asked, "return_linked")

    answer = till.post("/returns", body)

    assert answer.status_code == 201, answer.content
    assert [str(each) for each in (Return.objects.get().approval_id, Refund.objects.get().approval_id)] == [
        body["approval_id"]
    ] * 2
    require_sound()
