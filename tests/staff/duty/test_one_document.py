"""Commands on one document have its id: each has its approval, and uses it once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from kernel.ids import new_id
from kernel.tenancy import in_tenant
from pos.models import Order, Shift
from staff.duty.models import Approval
from tenants.models import Tenant
from tests.support import make
from tests.support.crew import Person, StaffedTerminal, person, set_rule

CASH = [{"type": "cash", "amount": {"amount": 500}}]


@pytest.fixture
def ben(shop: Tenant) -> Person:
    make.variant()
    return person("BEN", "shift supervisor")


@pytest.fixture
def till(ben: Person) -> StaffedTerminal:
    return StaffedTerminal().sign_in(person("ANNA"))


@pytest.fixture
def in_a_shift(till: StaffedTerminal) -> StaffedTerminal:
    make.shift()
    return till


def a_fifth_off(**more: Any) -> dict[str, Any]:
    line = {"sku": "MUG", "quantity": "1", "discounts": [{"percent": "20"}]}
    return make.order_body(lines=[line], **{"tenders": [], **more})


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def used() -> int:
    return Approval.objects.exclude(consumed_at=None).count()


def test_a_shift_that_was_opened_with_an_approval_is_closed_with_another(till: StaffedTerminal, ben: Person) -> None:
    body: dict[str, Any] = {"id": str(new_id()), "float_amount": {"amount": 0}}
    assert till.post("/shifts", till.approved(ben, body, "open_shift")).status_code == 201
    count = {"counts": [{"tender_type": "cash", "amount": {"amount": 0}}]}

    answer = till.post(f"/shifts/{body['id']}/close", till.approved(ben, count, "close_shift", id=body["id"]))

    assert answer.status_code == 200, answer.content
    assert Shift.objects.get().state == Shift.State.CLOSED


def test_an_order_that_was_placed_with_an_approval_is_voided_with_another(
    in_a_shift: StaffedTerminal, ben: Person
) -> None:
    order, void = a_fifth_off(), {"reason": "The customer left"}
    assert in_a_shift.post("/orders", in_a_shift.approved(ben, order, "discount")).status_code == 201

    answer = in_a_shift.post(f"/orders/{order['id']}/void", in_a_shift.approved(ben, void, "void", id=order["id"]))

    assert answer.status_code == 200, answer.content


def test_a_parked_order_that_was_resumed_with_an_approval_is_voided_with_another(
    in_a_shift: StaffedTerminal, ben: Person
) -> None:
    parked, void = a_fifth_off(), {"reason": "The customer left"}
    resumed: dict[str, Any] = {"tenders": []}
    cart = {"id": parked["id"], "label": "x", "lines": parked["lines"]}
    assert in_a_shift.post("/parked-orders", cart).status_code == 201
    path = f"/parked-orders/{parked['id']}/resume"
    assert in_a_shift.post(path, in_a_shift.approved(ben, resumed, "discount", id=parked["id"])).status_code == 201

    answer = in_a_shift.post(f"/orders/{parked['id']}/void", in_a_shift.approved(ben, void, "void", id=parked["id"]))

    assert answer.status_code == 200, answer.content


def test_equal_tenders_of_an_order_have_an_approval_each(in_a_shift: StaffedTerminal, ben: Person) -> None:
    set_rule("cashier", "sell", "approval")
    till = in_a_shift.sign_in(person("CARL"))
    order, tender = make.order_body(tenders=[]), {"tenders": CASH}
    assert till.post("/orders", till.approved(ben, order, "sell")).status_code == 201

    path = f"/orders/{order['id']}/tenders"
    answers = [till.post(path, till.approved(ben, tender, "sell", id=order["id"])) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1].json()["status"] == "COMPLETED"
    assert used() == 3


def test_an_approval_of_a_document_is_of_none_of_its_other_commands(in_a_shift: StaffedTerminal, ben: Person) -> None:
    order, void = a_fifth_off(), {"reason": "The customer left"}
    placed = in_a_shift.approved(ben, order, "discount")
    assert in_a_shift.post("/orders", placed).status_code == 201
    path = f"/orders/{order['id']}/void"
    other = in_a_shift.approved(ben, {"reason": "No money"}, "void", id=order["id"])
    of_discount = in_a_shift.approved(ben, void, "discount", id=order["id"])

    assert code_of(in_a_shift.post(path, {**void, "approval_id": placed["approval_id"]})) == (409, "approval-consumed")
    assert code_of(in_a_shift.post(path, {**void, "approval_id": other["approval_id"]})) == (403, "approval-unusable")
    assert code_of(in_a_shift.post(path, of_discount)) == (403, "approval-required")
    assert used() == 1


def test_a_command_that_is_sent_again_with_another_approval_uses_none(in_a_shift: StaffedTerminal, ben: Person) -> None:
    body, key = a_fifth_off(tenders=[{"type": "cash", "amount": {"amount": 800}}]), str(new_id())
    first, second, third = (in_a_shift.approved(ben, body, "discount") for _ in range(3))
    assert in_a_shift.post("/orders", first, key).status_code == 201

    same_key = in_a_shift.post("/orders", second, key)
    other_key = in_a_shift.post("/orders", third)

    assert code_of(same_key) == (422, "idempotency-key-reused")
    assert code_of(other_key) == (409, "order-exists")
    assert used() == 1


def test_of_approved_commands_that_come_at_once_one_is_done_and_its_approval_alone_is_used(committed: Tenant) -> None:
    make.variant()
    make.shift()
    ben, till = person("BEN", "shift supervisor"), StaffedTerminal().sign_in(person("ANNA"))
    order, void = make.order_body(tenders=[]), {"reason": "The customer left"}
    assert till.post("/orders", order).status_code == 201
    bodies = [till.approved(ben, void, "void", id=order["id"]) for _ in range(4)]
    together = Barrier(len(bodies))

    def send(body: dict[str, Any]) -> tuple[int, str]:
        with in_tenant(committed):
            together.wait(timeout=20)
            try:
                return code_of(till.post(f"/orders/{order['id']}/void", body))
            finally:
                connection.close()

    with ThreadPoolExecutor(max_workers=len(bodies)) as pool:
        answers = list(pool.map(send, bodies))

    assert sorted(answers) == [(200, ""), *[(409, "order-not-editable")] * 3]
    assert Order.objects.get().status == Order.Status.VOIDED
    assert used() == 1
