"""T1, T2, T3, T5 of domain.md: whatever tenders are offered, what is taken of them comes to what is due, and no more."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.testing.work import settle
from kernel.ids import new_id
from payments.models import Payment
from pos.models import Order, TenderType
from pos.orders.services.paying import add_tenders
from pos.orders.tenders import TenderInput, TenderMismatch
from tenants.models import Tenant
from tests.support import make
from tests.support.unchanged import nothing_happened

OFFERED = st.lists(st.tuples(st.sampled_from(["cash", "card", "gateway"]), st.integers(1, 2500)), max_size=4)


def offer(offered: Sequence[tuple[str, int]]) -> list[TenderInput]:
    token = {"gateway": "tok_approve"}
    return [
        TenderInput(id=new_id(), type=code, amount=amount, card_token=token.get(code, "")) for code, amount in offered
    ]


def taken(offered: Sequence[tuple[str, int]], more: Sequence[tuple[str, int]], step: int) -> Order | None:
    """Place an order of 10.00 with what is offered, add more where it is not paid; None where that is refused."""
    TenderType.objects.filter(code="cash").update(rounding_step=step)
    make.variant("MUG", 1001)
    try:
        order = make.order(*offer(offered))
        if more and order.status == Order.Status.PLACED:
            order = add_tenders(order_id=order.id, register=make.register(), tenders=offer(more), now=make.NOW)
    except TenderMismatch:
        return None
    settle()
    order.refresh_from_db()
    return order


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(offered=OFFERED, more=OFFERED, step=st.sampled_from([1, 5, 10]))
def test_t1_t2_t3_t5_what_is_taken_pays_exactly_what_is_due(
    shop: Tenant, offered: list[tuple[str, int]], more: list[tuple[str, int]], step: int
) -> None:
    order = taken(offered, more, step)
    if order is None:
        return
    tenders = list(order.tenders.select_related("type"))
    settled = sum(tender.amount - tender.change for tender in tenders if tender.state == "SETTLED")

    assert all(tender.change == 0 or tender.type.gives_change for tender in tenders)
    assert 0 <= sum(tender.change for tender in tenders) <= sum(t.amount for t in tenders if t.type.gives_change)
    assert sum(tender.amount for tender in tenders if not tender.type.gives_change) <= order.total
    assert settled <= order.total == 1001 + order.rounding_adjustment
    assert (order.status == Order.Status.COMPLETED) == (settled == order.total)
    payments = Payment.objects.filter(order_id=order.id)
    assert sum(payment.amount for payment in payments) == settled


@pytest.mark.parametrize("code", ["card", "gateway"])
def test_t2_t3_what_gives_no_change_is_not_taken_beyond_what_is_due(shop: Tenant, code: str) -> None:
    make.variant("MUG", 1001)
    make.shift()

    with nothing_happened(), pytest.raises(TenderMismatch):
        make.order(*offer([(code, 1002)]))
    with nothing_happened(), pytest.raises(TenderMismatch):
        make.order(*offer([("cash", 600), (code, 1002)]))


def test_t5_each_payment_is_of_an_order_and_no_order_is_completed_that_is_not_paid(shop: Tenant) -> None:
    make.variant("MUG", 1001)
    unpaid, paid = make.order(make.cash(1000)), make.order(make.cash(1001))
    settle()

    unpaid.refresh_from_db()
    assert (unpaid.status, paid.status) == (Order.Status.PLACED, Order.Status.COMPLETED)
    assert set(Payment.objects.values_list("order_id", flat=True)) == {unpaid.id, paid.id}
