"""What shifts come to equals what SQL recomputes, however and in how many parts it was paid."""

from random import Random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.operations.rebuilding import rebuild
from events.testing import prove_idempotent
from events.testing.work import drain, settle
from kernel.ids import new_id
from pos.cash.services import open_shift
from pos.cash.services.closing import close_shift
from pos.cash.services.counts import CountInput
from pos.cash.services.totals import SUBSCRIBER
from pos.models import CashDrawer, Location, Register, Shift, ShiftTotal
from pos.orders.services.paying import add_tenders
from pos.orders.services.voiding import void_order
from pos.orders.tenders import TenderInput
from tenants.models import Tenant
from tests.support import make
from tests.support.day_books import printed, recomputed
from tests.support.older import stored
from tests.support.random_days import Day, goods, z_of

DAYS, MORE, RATIO = 50, 250, 1.5


def registers() -> list[Register]:
    """Return two registers that share a drawer."""
    first = make.register()
    second = Register.objects.create(code="R2", name="Two", location=first.location, drawer=first.drawer)
    return [first, second]


def close(shift: Shift) -> Shift:
    return close_shift(
        shift_id=shift.id, register=make.register(), counts=[CountInput(type="cash", amount=0)], now=timezone.now()
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_z_of_random_days_equals_a_recomputation(shop: Tenant, seed: int) -> None:
    goods()
    day, total = Day(Random(seed), registers()), 0
    for _ in range(DAYS // 5):
        shift = day.lived()
        z = z_of(shift)
        assert printed(z) == recomputed(shift.id, "north")
        total = z["grand_total"]
    settle()

    assert CashDrawer.objects.get().grand_total >= total
    assert_all_rows_are_summed()


def assert_all_rows_are_summed() -> None:
    """The Z reports and amendments together come to all orders, returns and tenders that there are."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT (SELECT coalesce(sum(total), 0) FROM pos_order WHERE status = 'COMPLETED')
                    - (SELECT coalesce(sum(total), 0) FROM pos_return),
                (SELECT coalesce(sum(t.amount - t.change), 0) FROM pos_tender t JOIN pos_order o ON o.id = t.order_id
                    WHERE t.state = 'SETTLED' AND (t.kind <> 'GATEWAY' OR o.status = 'COMPLETED')),
                (SELECT grand_total FROM pos_cashdrawer),
                (SELECT coalesce(sum(total), 0) FROM pos_shifttotal WHERE subject = 'TENDERS')
        """)
        turnover, taken, grand_total, summed = cursor.fetchone()
    assert (grand_total, summed) == (turnover, taken)


def test_t4_tenders_of_a_shift_are_counted_once_however_the_order_is_paid(shop: Tenant) -> None:
    make.variant("MUG", 1000)
    order = make.order(make.cash(300))
    add_tenders(order_id=order.id, register=make.register(), tenders=[make.card(400)], now=make.NOW)
    settle()
    card = TenderInput(id=new_id(), type="card", amount=300)
    add_tenders(order_id=order.id, register=make.register(), tenders=[card], now=make.NOW)
    make.order(make.cash(2000))
    settle()

    totals = {row.key: (row.count, row.total, row.change) for row in ShiftTotal.objects.filter(subject="TENDERS")}
    assert totals == {
        '["cash","CASH"]': (2, 1300, 1000),
        '["gateway","GATEWAY"]': (1, 400, 0),
        '["card","CARD"]': (1, 300, 0),
    }
    z = z_of(close(make.shift()))
    assert printed(z) == recomputed(z["shift_id"], "north")


def test_am13_cash_of_a_cancelled_order_is_not_expected_in_the_drawer(shop: Tenant) -> None:
    make.variant("MUG", 1000)
    order = make.order(make.cash(400))
    settle()
    void_order(order_id=order.id, reason="", register=make.register(), now=make.NOW)

    z = z_of(close(make.shift()))

    assert [count["expected"] for count in z["counts"]] == [0]
    assert [(t["count"], t["amount"], t["refunds"], t["refunded"]) for t in z["tenders"]] == [(1, 400, 1, 400)]
    assert printed(z) == recomputed(z["shift_id"], "north")


def test_an_order_that_is_paid_in_a_later_shift_is_sold_there(shop: Tenant) -> None:
    make.variant("MUG", 1000)
    order = make.order(make.cash(300))
    first = close(make.shift())
    second = open_shift(id=new_id(), register=make.register(), float_amount=0, now=timezone.now())
    add_tenders(order_id=order.id, register=make.register(), tenders=[make.cash(700)], now=timezone.now())
    close(second)

    assert [(z_of(s)["registers"] != [], printed(z_of(s))["cash"]) for s in (first, second)] == [
        (False, 300),
        (True, 700),
    ]
    order.refresh_from_db()
    assert order.shift_id == second.id


def test_a_return_of_older_code_that_nobody_has_summed_is_in_the_z_of_its_shift(shop: Tenant) -> None:
    make.variant("MUG", 1000)
    order = make.order(make.cash(2000), lines=[make.asked(quantity="2")])
    earlier = make.return_(order, make.returning(order))
    close(make.shift())
    second = open_shift(id=new_id(), register=make.register(), float_amount=0, now=timezone.now())
    later = make.return_(order, make.returning(order))
    settle()
    for came_back in (earlier, later):
        stored("pos.return_completed", 2, stream=f"return:{came_back.id}", return_id=str(came_back.id))

    z = z_of(close(second))

    assert sum(part["returns"]["count"] for part in z["registers"]) == 2


def test_the_totals_are_rebuilt_from_the_log_with_what_is_late(shop: Tenant) -> None:
    make.variant("MUG", 1000)
    make.order(make.cash(1000))
    close(make.shift())
    make.order(make.cash(1000), opens=False)
    settle()

    rebuilt = rebuild(subscriber=SUBSCRIBER, operator="test")

    assert rebuilt.same
    assert set(ShiftTotal.objects.values_list("late", flat=True)) == {True, False}


def test_whoever_sums_shifts_applies_each_event_once(committed: Tenant) -> None:
    make.variant("MUG", 1000)
    order = make.order(make.cash(1500))
    make.order(make.cash(300))
    make.return_(order, make.returning(order))
    settle(without="pos.sum_shifts")

    assert "pos_shifttotal" in prove_idempotent("pos.sum_shifts").tables


@pytest.mark.parametrize("drained", [True, False])
def test_closing_takes_as_many_statements_after_many_orders_as_after_few(shop: Tenant, drained: bool) -> None:  # noqa: FBT001
    make.variant("MUG", 1000)
    counts = []
    for orders in (10, MORE):
        shift = open_shift(id=new_id(), register=make.register(), float_amount=0, now=timezone.now())
        for _ in range(orders):
            make.order(make.cash(1000))
        if drained:
            drain(SUBSCRIBER)
        with CaptureQueriesContext(connection) as captured:
            close(shift)
        counts.append(len(captured))
        assert z_of(shift)["registers"][0]["sales"]["count"] == orders

    assert counts[1] <= counts[0] * RATIO
    assert counts[0] < 40


def test_what_a_shift_keeps_does_not_grow_with_its_orders(shop: Tenant) -> None:
    make.variant("MUG", 1000)
    rows = []
    for _ in range(2):
        for _ in range(5):
            make.order(make.cash(1000))
        drain(SUBSCRIBER)
        rows.append(ShiftTotal.objects.count())

    assert rows == [3, 3]
    assert Location.objects.count() == 1
