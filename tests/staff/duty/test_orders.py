"""SH18: what a cashier may do at a till, what somebody else must approve, and who did it is known."""

from typing import Any

import pytest

from events.models import Event
from events.testing.work import settle
from inventory.models import StockMovement
from kernel.ids import new_id
from payments.models import Payment
from pos.models import Order, Return, Variant
from staff.duty.models import Approval
from tenants.models import Tenant
from tests.support import make
from tests.support.crew import Person, StaffedTerminal, person, set_rule

DISCOUNT, OVERRIDE = "discount", "price_override"


@pytest.fixture
def variant(shop: Tenant) -> Variant:
    make.shift()
    return make.variant()


@pytest.fixture
def ben(variant: Variant) -> Person:
    return person("BEN", "shift supervisor")


@pytest.fixture
def till(ben: Person) -> StaffedTerminal:
    return StaffedTerminal().sign_in(person("ANNA"))


def cheaper(**line: Any) -> dict[str, Any]:
    paid = line.pop("paid")
    return make.order_body(
        lines=[{"sku": "MUG", "quantity": "1", **line}],
        tenders=[{"type": "cash", "amount": {"amount": paid}}] if paid else [],
    )


def five_off() -> dict[str, Any]:
    return cheaper(discounts=[{"percent": "5"}], paid=950)


def ten_off() -> dict[str, Any]:
    return cheaper(discounts=[{"percent": "10"}], paid=900)


def for_nothing() -> dict[str, Any]:
    return cheaper(unit_price={"amount": 0}, paid=0)


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_sh18_an_order_says_who_took_it_and_its_money_in_rows_and_events(till: StaffedTerminal, shop: Tenant) -> None:
    answer = till.post("/orders", make.order_body())

    assert answer.status_code == 201
    anna = Order.objects.get().staff_id
    assert anna is not None
    assert [tender.staff_id for tender in Order.objects.get().tenders.all()] == [anna]
    for event in Event.objects.filter(type__in=["pos.order_placed", "pos.order_completed"]):
        assert event.data["staff_id"] == str(anna)
    settle()
    assert StockMovement.objects.get().staff_id == anna
    assert Payment.objects.get().staff_id == anna
    assert Event.objects.get(type="payments.payment_completed").data["staff_id"] == str(anna)
    assert Event.objects.get(type="inventory.stock_changed").data["staff_id"] == str(anna)


def test_sh18_a_cashier_gives_five_per_cent_and_no_more_without_an_approval(till: StaffedTerminal) -> None:
    assert till.post("/orders", five_off()).status_code == 201

    refused = till.post("/orders", ten_off())

    assert code_of(refused) == (403, "approval-required")
    assert (refused.json()["action"], refused.json()["actions"]) == (DISCOUNT, [DISCOUNT])
    assert Order.objects.count() == 1


def test_sh18_with_an_approval_the_same_order_is_taken_and_names_it(till: StaffedTerminal, ben: Person) -> None:
    body = ten_off()

    answer = till.post("/orders", till.approved(ben, body, DISCOUNT))

    assert answer.status_code == 201, answer.content
    assert Order.objects.get().approval_id == Approval.objects.get(approved_by=ben.member).id


def test_sh18_a_discount_of_the_order_counts_like_one_of_its_lines(till: StaffedTerminal) -> None:
    body = {**five_off(), "discounts": [{"percent": "1"}]}

    assert code_of(till.post("/orders", body)) == (403, "approval-required")


def test_sh18_five_mugs_for_nothing_need_an_approval_and_the_list_price_is_kept(
    till: StaffedTerminal, ben: Person
) -> None:
    body = for_nothing()
    refused = till.post("/orders", body)
    assert (code_of(refused), refused.json()["action"]) == ((403, "approval-required"), OVERRIDE)

    answer = till.post("/orders", till.approved(ben, body, OVERRIDE))

    assert answer.status_code == 201
    assert answer.json()["lines"][0]["list_price"]["amount"] == 1000


def test_sh18_an_order_that_needs_two_approvals_names_both(till: StaffedTerminal, ben: Person) -> None:
    body = cheaper(unit_price={"amount": 500}, discounts=[{"percent": "20"}], paid=400)

    assert till.post("/orders", body).json()["actions"] == [DISCOUNT, OVERRIDE]
    assert till.post("/orders", till.approved(ben, body, DISCOUNT, OVERRIDE)).status_code == 201


def test_sh18_an_approval_of_one_order_is_of_no_other(till: StaffedTerminal, ben: Person) -> None:
    approved = till.approved(ben, ten_off(), DISCOUNT)
    more = {**approved, "lines": [{**approved["lines"][0], "quantity": "1.000"}]}

    assert code_of(till.post("/orders", more)) == (403, "approval-unusable")
    assert code_of(till.post("/orders", {**approved, "id": str(new_id())})) == (403, "approval-unusable")
    assert till.post("/orders", approved).status_code == 201
    assert code_of(till.post("/orders", {**ten_off(), "approval_id": approved["approval_id"]})) == (
        409,
        "approval-consumed",
    )


def test_an_approval_is_used_at_the_device_at_which_it_was_given(till: StaffedTerminal, ben: Person) -> None:
    carl, body = person("CARL"), ten_off()
    till.sign_in(carl)
    other = StaffedTerminal("Two").sign_in(carl)
    approved = till.approved(ben, body, DISCOUNT)

    refused = other.post("/orders", approved)

    assert code_of(refused) == (403, "approval-unusable")
    assert "another device" in refused.json()["detail"]
    assert Approval.objects.get().consumed_at is None
    assert till.post("/orders", approved).status_code == 201


def test_an_approved_order_that_is_sent_a_second_time_is_answered_as_at_first(
    till: StaffedTerminal, ben: Person
) -> None:
    approved = till.approved(ben, ten_off(), DISCOUNT)
    first = till.post("/orders", approved)

    second = till.post("/orders", approved)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json()["id"] == first.json()["id"]
    assert second["Idempotency-Replayed"] == "true"


def test_an_order_that_is_refused_leaves_its_approval_unused(till: StaffedTerminal, ben: Person) -> None:
    body = {**ten_off(), "tenders": [{"type": "card", "amount": {"amount": 5000}}]}

    refused = till.post("/orders", till.approved(ben, body, DISCOUNT))

    assert code_of(refused) == (422, "tender-mismatch")
    assert Approval.objects.get().consumed_at is None


def test_a_higher_price_than_the_lists_is_an_override_as_well(till: StaffedTerminal) -> None:
    assert code_of(till.post("/orders", cheaper(unit_price={"amount": 1200}, paid=1200))) == (403, "approval-required")
    assert till.post("/orders", cheaper(unit_price={"amount": 1000}, paid=1000)).status_code == 201


def test_sh18_a_senior_cashier_goes_down_to_the_floor(till: StaffedTerminal) -> None:
    till.sign_in(person("CARL", "senior cashier"))

    assert till.post("/orders", cheaper(unit_price={"amount": 800}, paid=800)).status_code == 201
    assert code_of(till.post("/orders", cheaper(unit_price={"amount": 799}, paid=799))) == (403, "approval-required")


def test_sh18_a_tablet_changes_no_price_of_the_catalogue_without_an_approval(
    till: StaffedTerminal, ben: Person
) -> None:
    body = {"sku": "MUG", "name": "Mug", "price": {"amount": 1}, "tax_name": "Standard, included"}
    key = str(new_id())
    assert code_of(till.post("/products", body, key)) == (403, "approval-required")

    answer = till.post("/products", till.approved(ben, body, OVERRIDE, id=key), key)

    assert answer.status_code == 200
    assert Variant.objects.get(sku="MUG").price == 1


def test_sh18_stock_is_adjusted_with_an_approval_and_its_movement_says_by_whom(
    till: StaffedTerminal, ben: Person, variant: Variant
) -> None:
    settle()
    lines = [{"variant_id": str(variant.id), "quantity": "-1", "reason": "Broken"}]
    body = {"id": str(new_id()), "lines": lines}
    assert code_of(till.post("/stock-adjustments", body)) == (403, "approval-required")

    assert till.post("/stock-adjustments", till.approved(ben, body, "adjust_stock")).status_code == 201

    movement = StockMovement.objects.get()
    approval = Approval.objects.get()
    assert (movement.staff_id, movement.approval_id) == (approval.requested_by_id, approval.id)


def test_sh18_goods_are_received_with_an_approval_and_say_who_received_them(
    till: StaffedTerminal, ben: Person, variant: Variant
) -> None:
    settle()
    body = {"id": str(new_id()), "lines": [{"variant_id": str(variant.id), "quantity": "3"}]}
    refused = till.post("/goods-receipts", body)
    assert (code_of(refused), refused.json()["action"]) == ((403, "approval-required"), "adjust_stock")
    assert not StockMovement.objects.exists()

    assert till.post("/goods-receipts", till.approved(ben, body, "adjust_stock")).status_code == 201

    approval = Approval.objects.get()
    movement = StockMovement.objects.get()
    assert (movement.staff_id, movement.approval_id) == (approval.requested_by_id, approval.id)


def test_sh18_an_order_is_voided_with_an_approval(till: StaffedTerminal, ben: Person) -> None:
    placed = make.order_body(tenders=[])
    assert till.post("/orders", placed).status_code == 201
    path, body = f"/orders/{placed['id']}/void", {"reason": "The customer left"}
    assert code_of(till.post(path, body)) == (403, "approval-required")
    assert Order.objects.get().status == Order.Status.PLACED

    assert till.post(path, till.approved(ben, body, "void", id=placed["id"])).status_code == 200


def test_sh18_goods_without_a_receipt_are_taken_back_with_an_approval(till: StaffedTerminal, ben: Person) -> None:
    lines = [{"sku": "MUG", "quantity": "1", "unit_price": {"amount": 1000}}]
    body = {"id": str(new_id()), "occurred_at": "2026-11-23T12:00:00Z", "lines": lines}
    assert code_of(till.post("/returns", body)) == (403, "approval-required")
    assert Return.objects.count() == 0

    assert till.post("/returns", till.approved(ben, body, "return_unlinked")).status_code == 201


def test_sh3_a_return_above_the_roles_limit_needs_an_approval(till: StaffedTerminal, ben: Person) -> None:
    make.variant("SOFA", 10_001)
    sold = make.order_body(
        lines=[{"sku": "SOFA", "quantity": "1"}], tenders=[{"type": "cash", "amount": {"amount": 10_001}}]
    )
    line_id = till.post("/orders", sold).json()["lines"][0]["id"]
    body = {
        "id": str(new_id()),
        "occurred_at": "2026-11-23T12:00:00Z",
        "order_id": sold["id"],
        "lines": [{"order_line_id": line_id, "quantity": "1"}],
    }
    assert code_of(till.post("/returns", body)) == (403, "approval-required")

    assert till.post("/returns", till.approved(ben, body, "return_linked")).status_code == 201


def test_a_receipt_is_printed_by_everybody_and_a_copy_by_whose_role_reprints(till: StaffedTerminal) -> None:
    set_rule("cashier", "reprint", "deny")
    till.sign_in(person("CARL"))
    receipt_id = till.post("/orders", make.order_body()).json()["receipt_id"]

    prints = [till.post(f"/receipts/{receipt_id}/prints", {}) for _ in range(2)]

    assert [answer.status_code for answer in prints] == [201, 403]
    assert prints[1].json()["action"] == "reprint"


def test_each_copy_of_a_receipt_has_its_approval(till: StaffedTerminal) -> None:
    set_rule("cashier", "reprint", "approval")
    ben = person("MAX", "manager")
    till.sign_in(person("CARL"))
    receipt_id = till.post("/orders", make.order_body()).json()["receipt_id"]
    till.post(f"/receipts/{receipt_id}/prints", {})

    body = {"columns": 48}
    prints = [
        till.post(f"/receipts/{receipt_id}/prints", till.approved(ben, body, "reprint", id=receipt_id))
        for _ in range(2)
    ]

    assert [answer.status_code for answer in prints] == [201, 201]
    assert prints[1].json()["copy"] == 2
