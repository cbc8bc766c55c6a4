"""A refund goes to the tender that is chosen, within what it paid (SH16, AM12, R1-R4)."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.testing.work import published, settle
from kernel.ids import new_id
from payments.models import Payment
from pos.models import Order, Refund, Tender
from pos.orders.refunds import NotRefundable, RefundExceedsPaid, RefundInput, RefundMismatch
from pos.orders.tenders import TenderInput
from tenants.models import Tenant
from tests.support import make
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened


@pytest.fixture(autouse=True)
def _catalogue(shop: Tenant) -> None:
    make.variant("MUG", 500)
    make.shift()


def by_card(amount: int) -> TenderInput:
    return TenderInput(id=new_id(), type="card", amount=amount, reference="AUTH123")


def two_mugs() -> Order:
    """Card 6.00 and cash 4.00."""
    return make.order(by_card(600), make.cash(400), lines=[make.asked("MUG", "2")])


def given_back() -> dict[str, int]:
    return dict(Tender.objects.values_list("type__code", "refunded"))


def test_am12_half_goes_to_the_card_then_at_most_the_rest_of_it() -> None:
    order = two_mugs()
    make.return_(order, make.returning(order), refunds=[RefundInput(type="card")])
    assert given_back() == {"card": 500, "cash": 0}

    with nothing_happened(), pytest.raises(RefundExceedsPaid) as refusal:
        make.return_(order, make.returning(order), refunds=[RefundInput(type="card")])
    assert refusal.value.details["left"] == 100
    rest = [RefundInput(type="card", amount=100), RefundInput(type="cash")]
    returned = make.return_(order, make.returning(order), refunds=rest)

    assert sorted(returned.refunds.values_list("type__code", "amount")) == [("card", 100), ("cash", 400)]
    assert given_back() == {"card": 600, "cash": 400}
    settle()
    assert dict(Payment.objects.values_list("tender_type", "refunded")) == {"card": 600, "cash": 400}


def test_sh16_a_tender_is_chosen_by_its_id_over_the_api(api: Terminal) -> None:
    order = two_mugs()
    cash = order.tenders.get(type__code="cash")
    body = {
        "id": str(new_id()), "order_id": str(order.id), "occurred_at": "2026-11-23T12:00:00Z",
        "lines": [{"order_line_id": str(order.lines.get().id), "quantity": "1"}],
        "refunds": [
            {"tender_id": str(cash.id), "amount": {"amount": 350}}, {"type": "card", "reference": "BACK7"},
        ],
    }  # fmt: skip

    answer = api.post("/returns", body)

    assert answer.status_code == 201, answer.content
    shown = {each["type"]: (each["amount"]["amount"], each["reference"]) for each in answer.json()["refunds"]}
    assert shown == {"cash": (350, ""), "card": (150, "BACK7")}
    receipt = api.get(f"/receipts/{answer.json()['receipt_id']}").json()
    assert "BACK7" in str(receipt)
    (announced,) = published("pos.return_completed")
    assert [each["reference"] for each in announced.data["refunds"]] == ["", "BACK7"]


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ([RefundInput(type="card", amount=400)], RefundMismatch),
        ([RefundInput(type="card", amount=400), RefundInput(type="cash", amount=200)], RefundMismatch),
        ([RefundInput(type="card"), RefundInput(type="cash")], RefundMismatch),
        ([RefundInput(type="cash")], RefundExceedsPaid),
        ([RefundInput(type="account")], RefundExceedsPaid),
        ([RefundInput(tender_id=new_id())], NotRefundable),
    ],
)
def test_sh16_what_does_not_fit_is_refused(asked: list[RefundInput], refusal: type[Exception]) -> None:
    order = two_mugs()

    with nothing_happened(), pytest.raises(refusal):
        make.return_(order, make.returning(order), refunds=asked)


def test_sh16_what_a_card_paid_does_not_go_back_in_cash() -> None:
    order = two_mugs()
    card = order.tenders.get(type__code="card")

    with nothing_happened(), pytest.raises(NotRefundable, match="goes back to it, not to cash"):
        make.return_(order, make.returning(order), refunds=[RefundInput(tender_id=card.id, type="cash")])


def test_a_kind_that_was_edited_since_does_not_change_how_a_card_gets_its_money_back() -> None:
    order = make.order(make.card(1000), lines=[make.asked("MUG", "2")])
    settle()
    Tender.objects.get().type.__class__.objects.filter(code="gateway").update(kind="CARD")

    make.return_(order, make.returning(order))
    settle()

    assert Refund.objects.get().kind == "GATEWAY"
    (event,) = published("payments.payment_refunded")
    assert event.data["reference"].startswith("re_")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_r1_r2_r3_r4_any_parts_to_any_tenders_give_back_exactly_what_was_paid(shop: Tenant, data: Any) -> None:
    price = data.draw(st.integers(1, 10_000), label="price")
    quantity = data.draw(st.integers(1, 5), label="quantity")
    total = price * quantity
    card = data.draw(st.integers(0, total), label="card")
    tenders = [*([by_card(card)] if card else []), *([make.cash(total - card)] if total > card else [])]
    order = make.order(*tenders, lines=[make.asked("MUG", str(quantity), unit_price=price)])
    returned_tax = 0
    while quantity:
        part = data.draw(st.integers(1, quantity), label="part")
        quantity -= part
        left = {tender.type.code: tender.paid - tender.refunded for tender in order.tenders.select_related("type")}
        to_card = min(left.get("card", 0), data.draw(st.integers(0, price * part), label="to the card"))
        to_card = max(to_card, price * part - left.get("cash", 0))
        asked = [RefundInput(type="card", amount=to_card)] if to_card else []
        asked += [RefundInput(type="cash")] if to_card < price * part else []
        returned = make.return_(order, make.returning(order, str(part)), refunds=asked)
        assert sum(returned.refunds.values_list("amount", flat=True)) == returned.total == price * part
        returned_tax += returned.tax_total

    assert returned_tax == order.tax_total
    assert all(tender.refunded == tender.paid for tender in order.tenders.all())
