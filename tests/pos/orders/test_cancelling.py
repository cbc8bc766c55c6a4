"""A part-paid order is cancelled, and what was paid for it goes back (SH4, AM13, T5)."""

from typing import Any

import pytest
from django.db.models import Sum

from events.testing.work import names, published, settle
from kernel.ids import new_id
from payments.gateways.gateway import Answer
from payments.gateways.simulator import SimulatedGateway
from payments.models import Payment, PaymentRefund, SimulatedCharge
from pos.cash.services import ShiftNotOpen, open_shift
from pos.cash.services.totals import completed_totals
from pos.models import Location, Order, Receipt, Refund, Register, Shift, Tender
from pos.orders.refunds import NotRefundable, RefundInput, RefundMismatch
from pos.orders.services.paying import add_tenders
from pos.orders.services.refusals import CurrencyMismatch, OrderNotEditable
from pos.orders.services.voiding import void_order
from pos.orders.tenders import TenderInput
from pos.refunds.services import replace_refund
from tenants.models import Tenant
from tests.support import make
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened
from tests.support.verifying import require_sound


@pytest.fixture(autouse=True)
def _catalogue(shop: Tenant) -> None:
    make.variant("MUG", 1000)
    make.shift()


def by_card(amount: int) -> TenderInput:
    return TenderInput(id=new_id(), type="card", amount=amount, reference="AUTH123")


def in_drawer() -> int:
    """What sales left in the drawer: cash that was taken, without the change, and what was given back."""
    taken = Tender.objects.filter(kind="CASH", state="SETTLED").aggregate(
        amount=Sum("amount", default=0), change=Sum("change", default=0)
    )
    back = Refund.objects.filter(kind="CASH", state="COMPLETED").aggregate(amount=Sum("amount", default=0))
    return int(taken["amount"] - taken["change"] - back["amount"])


def test_am13_cash_goes_back_and_the_drawer_and_the_books_are_as_before(api: Terminal) -> None:
    order = make.order(make.cash(400))
    assert in_drawer() == 400

    answer = api.post(f"/orders/{order.id}/void", {"reason": "the customer left"})
    settle()

    assert (answer.status_code, answer.json()["status"]) == (200, "VOIDED"), answer.content
    assert answer.json()["tenders"][0]["refunded"]["amount"] == 400
    assert in_drawer() == 0
    payment, refund = Payment.objects.get(), PaymentRefund.objects.get()
    assert (payment.amount, payment.refunded, refund.amount, refund.kind) == (400, 400, 400, "CASH")
    assert (refund.order_id, refund.shift_id) == (order.id, make.shift().id)
    assert names().count("payments.payment_refunded") == 1
    require_sound()


def test_am13_the_shift_expects_what_is_in_the_drawer(api: Terminal) -> None:
    make.void(make.order(make.cash(400)))
    make.order(make.cash(1000))
    make.replaced(make.refused_refund(), amount=700)
    settle()

    shift = Shift.objects.get()
    (expected,) = completed_cash(shift)
    assert expected == 1000 - 700 == in_drawer()
    require_sound()


def completed_cash(shift: Shift) -> list[int]:
    """Return what the totals of a shift leave in its drawer: cash that was taken, without what was given back."""
    totals = completed_totals(shift).totals
    signs = {"TENDERS": 1, "REFUNDS": -1}
    return [sum(signs.get(key.subject, 0) * sums.total for key, sums in totals.items() if "CASH" in key.of)]


def test_sh4_gateway_card_and_cash_go_back_each_in_its_way() -> None:
    order = make.order(make.card(300), by_card(200), make.cash(100))
    settle()

    make.void(order)
    settle()

    assert dict(Tender.objects.values_list("type__code", "refunded")) == {"gateway": 300, "card": 200, "cash": 100}
    assert {row.tender_type: (row.amount, row.refunded) for row in Payment.objects.all()} == {
        "gateway": (300, 300),
        "card": (200, 200),
        "cash": (100, 100),
    }
    assert SimulatedCharge.objects.get().refunds != {}
    (event,) = published("pos.order_voided")
    assert [(each["kind"], each["amount"]) for each in event.data["refunds"]] == [("CARD", 200), ("CASH", 100)]
    assert sorted(Refund.objects.values_list("kind", "state")) == [
        ("CARD", "COMPLETED"),
        ("CASH", "COMPLETED"),
        ("GATEWAY", "COMPLETED"),
    ]
    require_sound()


def test_sh4_no_receipt_is_issued_and_no_number_is_missing(api: Terminal) -> None:
    make.void(make.order(make.cash(400)))
    sold = make.order(make.cash(1000))
    settle()

    assert sold.receipt == "R1-000001"
    assert Receipt.objects.count() == 1
    voided = Order.objects.get(status="VOIDED")
    refused = api.get(f"/orders/{voided.id}/receipt")
    assert (refused.status_code, refused.json()["code"]) == (409, "order-not-editable")
    require_sound()


def test_sh4_cancelling_while_a_charge_is_pending_gives_it_back_when_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    order = make.order(make.card(600, "tok_late"), make.cash(400))
    settle()
    make.void(order)
    assert in_drawer() == 0
    assert dict(Tender.objects.values_list("type__code", "state")) == {"gateway": "PENDING", "cash": "SETTLED"}

    from events.testing.work import try_again

    try_again()
    settle()

    assert dict(Tender.objects.values_list("type__code", "refunded")) == {"gateway": 600, "cash": 400}
    assert {row.tender_type: row.refunded for row in Payment.objects.all()} == {"gateway": 600, "cash": 400}
    require_sound()


def test_sh4_a_charge_that_cannot_be_given_back_is_owed_and_paid_in_cash(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_gateway: SimulatedGateway, **_asked: Any) -> Answer:
        return Answer(approved=False, reference="")

    order = make.order(make.card(400))
    settle()
    monkeypatch.setattr(SimulatedGateway, "refund", refuse)
    make.void(order)
    settle()
    owed = Refund.objects.get()
    assert (owed.state, owed.order_id, owed.amount) == ("FAILED", order.id, 400)
    assert owed.failure == "the gateway refused it and gave no reason"
    assert Tender.objects.get().refunded == 0

    replace_refund(refund_id=owed.id, register=make.register(), type="cash", now=make.NOW)
    settle()

    assert Tender.objects.get().refunded == Payment.objects.get().refunded == 400
    require_sound()


def test_sh4_what_was_taken_at_one_register_is_given_back_at_another() -> None:
    order = make.order(make.cash(300))
    second = Register.objects.create(location=Location.objects.get(), code="R2", name="Second")
    shift = open_shift(id=new_id(), register=second, float_amount=0, now=make.NOW)

    void_order(order_id=order.id, reason="x", register=second, now=make.NOW)
    settle()

    (event,) = published("pos.order_voided")
    assert (event.data["register_id"], event.data["voided_at_register_id"]) == (str(order.register_id), str(second.id))
    for row in (Refund.objects.get(), PaymentRefund.objects.get()):
        assert (row.register_id, row.shift_id) == (second.id, shift.id)
    require_sound()


def test_sh4_refunds_of_a_cancelled_order_can_be_chosen_but_must_fit() -> None:
    order = make.order(by_card(200), make.cash(100))

    with nothing_happened(), pytest.raises(RefundMismatch):
        make.void(order, RefundInput(type="cash", amount=100))
    with nothing_happened(), pytest.raises(NotRefundable):
        make.void(order, RefundInput(tender_id=new_id()))
    make.void(order, RefundInput(type="card", reference="BACK9"), RefundInput(type="cash", amount=100))

    assert dict(Refund.objects.values_list("kind", "reference")) == {"CARD": "BACK9", "CASH": ""}


def test_sh4_money_goes_back_only_where_a_shift_is_open_and_the_currency_is_that_of_the_order() -> None:
    order, unpaid = make.order(make.cash(300)), make.order()
    abroad = Location.objects.create(code="US", name="Abroad", currency="USD")
    register = Register.objects.create(location=abroad, code="U1", name="Till")

    with nothing_happened(), pytest.raises(CurrencyMismatch):
        void_order(order_id=order.id, reason="x", register=register, now=make.NOW)
    Shift.objects.update(state=Shift.State.CLOSED)
    with nothing_happened(), pytest.raises(ShiftNotOpen):
        make.void(order)
    make.void(unpaid)
    unpaid.refresh_from_db()
    assert unpaid.status == "VOIDED"


def test_t5_a_cancelled_order_takes_no_more_money_and_gives_none_twice() -> None:
    order = make.order(make.cash(300))
    make.void(order)
    settle()

    with nothing_happened(), pytest.raises(OrderNotEditable):
        make.void(order)
    with nothing_happened(), pytest.raises(OrderNotEditable):
        add_tenders(order_id=order.id, register=make.register(), tenders=[make.cash(700)], now=make.NOW)
    assert in_drawer() == 0
    require_sound()


def test_n4_an_order_of_training_gives_nothing_back(api: Terminal) -> None:
    body = make.order_body(training=True, tenders=[{"type": "cash", "amount": {"amount": 300}}])
    order = api.post("/orders", body).json()
    before = names()

    answer = api.post(f"/orders/{order['id']}/void", {"reason": "x"})
    settle()

    assert answer.json()["status"] == "VOIDED"
    assert not Refund.objects.exists()
    assert not Payment.objects.exists()
    assert names() == before
    require_sound()


def test_sh4_what_older_code_took_and_did_not_tell_of_is_in_the_books_when_it_goes_back() -> None:
    order = make.order()
    tender = Tender.objects.create(
        id=new_id(), order=order, number=1, amount=300, state="SETTLED", type_id=_type("cash")
    )

    make.void(order)
    settle()

    payment = Payment.objects.get()
    assert (payment.tender_id, payment.amount, payment.refunded) == (tender.id, 300, 300)
    require_sound()


def _type(code: str) -> Any:
    from pos.models import TenderType

    return TenderType.objects.get(code=code).id
