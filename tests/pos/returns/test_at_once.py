"""Returns, outcomes and replacements of one order at once: no tender gives back more than it paid, nothing is lost."""

import threading

import pytest

from events.testing.work import settle
from payments.models import Payment
from pos.models import Order, Refund, Tender
from pos.orders.refunds import RefundExceedsPaid
from pos.refunds.services import NothingOwed, Outcome, note_outcome
from pos.returns import services as returns
from pos.returns.lines import RefundExceedsQuantity
from tenants.models import Tenant
from tests.support import make
from tests.support.racing import Aside, Gate
from tests.support.verifying import require_sound

TILLS = 6


@pytest.fixture
def order(committed: Tenant) -> Order:  # noqa: ARG001
    make.variant("MUG", 500)
    make.shift()
    order = make.order(make.card(2000), lines=[make.asked("MUG", "4")])
    settle()
    order.refresh_from_db()
    return order


def test_r1_r2_tills_that_take_the_same_goods_back_at_once_give_each_piece_back_once(
    committed: Tenant, order: Order
) -> None:
    together = threading.Barrier(TILLS)

    def take_back() -> bool:
        together.wait(30)
        try:
            make.return_(order, make.returning(order))
        except RefundExceedsQuantity:
            return False
        return True

    tills = [Aside(committed, take_back) for _ in range(TILLS)]
    taken = [till.join() for till in tills]
    settle()

    assert taken.count(True) == 4
    assert Tender.objects.get().refunded == Payment.objects.get().refunded == 2000
    require_sound()


def test_sh10_a_refusal_that_comes_while_a_return_is_made_is_not_lost(
    committed: Tenant, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.return_(order, make.returning(order))
    refund = Refund.objects.get()
    gate, adjustment = Gate(), returns.adjustment_of

    def stop(*given: object) -> int:
        gate.stop()
        return adjustment(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(returns, "adjustment_of", stop)
    refused = Outcome(
        refund_id=refund.id, return_id=refund.parent_id, order_id=order.id, tender_id=refund.tender_id, amount=500,
        failure="card expired",
    )  # fmt: skip
    returning = Aside(committed, lambda: make.return_(order, make.returning(order)))
    gate.wait()
    hearing = Aside(committed, lambda: note_outcome(refused, now=make.NOW))
    hearing.thread.join(0.5)
    gate.open.set()
    returning.join()
    hearing.join()

    refund.refresh_from_db()
    assert refund.state == "FAILED"
    assert Tender.objects.get().refunded == 500


def test_sh10_a_debt_that_two_tills_pay_at_once_is_paid_once(committed: Tenant, order: Order) -> None:  # noqa: ARG001
    refund = make.refused_refund()
    together = threading.Barrier(TILLS)

    def pay() -> bool:
        together.wait(30)
        try:
            make.replaced(refund)
        except (NothingOwed, RefundExceedsPaid):
            return False
        return True

    tills = [Aside(committed, pay) for _ in range(TILLS)]

    assert [till.join() for till in tills].count(True) == 1
    settle()
    assert sum(refund.replacements.values_list("amount", flat=True)) == refund.amount
    require_sound()
