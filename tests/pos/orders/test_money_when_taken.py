"""Money is in the books when it is taken, with where, when and under which reference (SH4, SH9)."""

from datetime import date

import pytest

from events.testing.work import drain, names, published, settle
from kernel.ids import new_id
from payments.models import Payment
from pos.cash.services import ShiftNotOpen, open_shift
from pos.models import Location, Refund, Register, Shift, Tender
from pos.orders.services.paying import add_tenders
from pos.orders.tenders import TenderInput
from tenants.models import Tenant
from tests.support import make
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened


@pytest.fixture(autouse=True)
def _catalogue(shop: Tenant) -> None:
    make.variant("MUG", 1000)
    make.shift()


def at_terminal(amount: int, reference: str = "AUTH123") -> TenderInput:
    return TenderInput(id=new_id(), type="card", amount=amount, reference=reference)


def test_sh4_cash_of_an_order_that_is_not_paid_in_full_is_a_payment_at_once() -> None:
    order = make.order(make.cash(300))
    settle()

    payment = Payment.objects.get()
    assert (order.status, payment.amount, payment.kind) == ("PLACED", 300, "CASH")
    assert (payment.register_id, payment.shift_id) == (make.register().id, make.shift().id)
    assert payment.business_date == date(2026, 11, 23)
    assert names().count("pos.tenders_added") == 0


def test_sh4_each_payment_is_recorded_once_however_the_order_is_completed() -> None:
    order = make.order(make.cash(300))
    add_tenders(order_id=order.id, register=make.register(), tenders=[at_terminal(200)], now=make.NOW)
    settle()
    add_tenders(order_id=order.id, register=make.register(), tenders=[make.cash(600)], now=make.NOW)
    settle()

    assert sorted(Payment.objects.values_list("amount", flat=True)) == [200, 300, 500]
    assert [each.data["amount"] for each in published("payments.payment_completed")] == [300, 200, 500]
    assert [each.data["due"] for each in published("pos.tenders_added")] == [500, 0]


def test_sh4_a_pending_card_is_not_taken_and_a_paid_order_says_so_once() -> None:
    make.order(make.card(400))
    make.order(make.cash(1000))
    drain("payments.record_payments")

    assert [payment.amount for payment in Payment.objects.all()] == [1000]


@pytest.mark.parametrize("paid", [1000, 400])
def test_sh9_the_reference_of_a_tender_is_carried_into_payment_and_events(paid: int) -> None:
    make.order(at_terminal(paid))
    settle()

    assert Payment.objects.get().reference == "AUTH123"
    (completed,) = published("payments.payment_completed")
    assert completed.data["reference"] == "AUTH123"
    (taken,) = published("pos.order_completed" if paid == 1000 else "pos.order_placed")
    assert [each["reference"] for each in taken.data["tenders"]] == ["AUTH123"]


def test_sh9_money_is_of_the_register_and_shift_that_took_it() -> None:
    order = make.order(make.cash(300))
    second = Register.objects.create(location=Location.objects.get(), code="R2", name="Second")
    with nothing_happened(), pytest.raises(ShiftNotOpen):
        card = TenderInput(id=new_id(), type="gateway", amount=700, card_token="tok")  # noqa: S106 - not a secret
        add_tenders(order_id=order.id, register=second, tenders=[card], now=make.NOW)
    shift = open_shift(id=new_id(), register=second, float_amount=0, now=make.NOW)
    add_tenders(order_id=order.id, register=second, tenders=[make.cash(700)], now=make.NOW)
    settle()

    first = Shift.objects.exclude(id=shift.id).get()
    for model in (Tender, Payment):
        rows = {row.amount: (row.register_id, row.shift_id) for row in model.objects.all()}
        assert rows == {300: (make.register().id, first.id), 700: (second.id, shift.id)}


def test_sh9_the_books_keep_the_kind_and_the_local_day() -> None:
    Location.objects.update(timezone="Pacific/Auckland")
    order = make.order(make.cash(1000))
    make.return_(order, make.returning(order))
    Tender.objects.get().type.__class__.objects.filter(code="cash").update(kind="OTHER")
    settle()

    for row in (Tender.objects.get(), Refund.objects.get(), Payment.objects.get()):
        assert (row.kind, row.business_date) == ("CASH", date(2026, 11, 24))


def test_sh9_a_terminal_s_reference_is_shown_with_its_payment(api: Terminal) -> None:
    paid = {"type": "card", "amount": {"amount": 400}, "reference": "AUTH123"}
    order = api.post("/orders", make.order_body(tenders=[paid])).json()
    settle()

    (payment,) = api.get(f"/payments?order_id={order['id']}").json()["results"]
    assert (payment["reference"], payment["amount"]["amount"]) == ("AUTH123", 400)
    assert order["tenders"][0]["reference"] == "AUTH123"
