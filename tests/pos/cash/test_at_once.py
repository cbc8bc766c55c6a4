"""Selling, summing and closing at once: each order is in exactly one Z or amendment, and nobody waits for the drawer."""

import json
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from events.testing.work import drain, published, settle
from kernel.ids import new_id
from kernel.tenancy import in_tenant
from pos.cash.services import ShiftNotOpen, closing, open_shift
from pos.cash.services.closing import close_shift
from pos.cash.services.counts import CountInput
from pos.cash.services.totals import SUBSCRIBER
from pos.models import CashDrawer, Order, Receipt, Register, Shift, ShiftAmendment
from pos.orders.services.placing import place_order
from tenants.models import Tenant
from tests.support import make
from tests.support.day_books import printed, recomputed
from tests.support.racing import Aside, Gate
from tests.support.random_days import z_of

CASHIERS, EACH, CLOSINGS = 16, 4, 5


def sell(register: Register) -> Order:
    now = timezone.now()
    return place_order(
        id=new_id(),
        register=register,
        device=None,
        lines=[make.asked("MUG")],
        tenders=[make.cash(1000)],
        occurred_at=now,
        now=now,
        fingerprint="",
    )


def close(shift: Shift, cash: int = 0) -> Shift:
    return close_shift(
        shift_id=shift.id, register=make.register(), counts=[CountInput(type="cash", amount=cash)], now=timezone.now()
    )


def opened() -> Shift:
    return open_shift(id=new_id(), register=make.register(), float_amount=100, now=timezone.now())


def registers(number: int) -> list[Register]:
    first = make.register()
    more = [
        Register.objects.create(code=f"R{n}", name=f"Till {n}", location=first.location, drawer=first.drawer)
        for n in range(2, number + 1)
    ]
    return [first, *more]


def assert_each_order_is_in_one_report() -> None:
    positions = {event.stream.removeprefix("order:"): event.position for event in published("pos.order_completed")}
    amended = [
        document
        for receipt in Receipt.objects.filter(kind="CORRECTION")
        for document in json.loads(receipt.snapshot)["documents"]
    ]
    for shift in Shift.objects.filter(state="CLOSED"):
        z = z_of(shift)
        orders = {str(order.id) for order in Order.objects.filter(shift=shift)}
        late = {order for order in orders if positions[order] > (shift.closed_position or 0)}
        assert printed(z) == recomputed(shift.id, "north")
        assert printed(z)["sales"][0] == len(orders - late)
        assert {order for order in amended if order in orders} == late
    assert len(amended) == len(set(amended))


def test_sixteen_cashiers_on_one_drawer_while_it_is_closed_and_summed(committed: Tenant) -> None:
    make.variant("MUG", 1000)
    tills, shift = registers(4), opened()

    def work(cashier: int) -> None:
        try:
            with in_tenant(committed):
                random = Random(cashier)
                for _ in range(EACH):
                    sell(tills[random.randrange(len(tills))])
        finally:
            connections.close_all()

    def sum_up() -> None:
        for _ in range(10):
            drain(SUBSCRIBER)

    with ThreadPoolExecutor(CASHIERS) as pool:
        cashiers = [pool.submit(work, number) for number in range(CASHIERS)]
        summing = Aside(committed, sum_up)
        for _ in range(CLOSINGS):
            close(shift, cash=1)
            shift = opened()
        for cashier in cashiers:
            cashier.result()
        summing.join()
    close(shift)
    settle()

    assert Order.objects.filter(status="COMPLETED").count() == CASHIERS * EACH
    assert CashDrawer.objects.get(registers=tills[0]).grand_total == CASHIERS * EACH * 1000
    assert_each_order_is_in_one_report()


def test_an_order_that_is_placed_while_its_shift_is_closed_amends_it_and_does_not_wait(
    committed: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.variant("MUG", 1000)
    shift, gate, add = opened(), Gate(), closing.add_to_grand_total
    sell(make.register())

    def stopped(*arguments: Any) -> Any:
        gate.stop()
        return add(*arguments)

    monkeypatch.setattr(closing, "add_to_grand_total", stopped)
    closer = Aside(committed, lambda: close(shift))
    gate.wait()
    late = sell(make.register())
    summing = Aside(committed, lambda: drain(SUBSCRIBER))
    summing.thread.join(0.5)
    gate.open.set()
    closer.join()
    summing.join()
    settle()

    (amended,) = published("pos.shift_amended")
    assert amended.data["order_ids"] == [str(late.id)]
    assert_each_order_is_in_one_report()
    assert ShiftAmendment.objects.get().grand_total == 2000


def test_an_order_waits_neither_for_the_drawer_nor_for_the_shift(committed: Tenant) -> None:
    make.variant("MUG", 1000)
    opened()

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pos_cashdrawer FOR UPDATE")
        cursor.execute("SELECT 1 FROM pos_shift FOR NO KEY UPDATE")
        order = Aside(committed, lambda: sell(make.register())).join()

    assert order.status == "COMPLETED"


def test_c6_of_two_that_close_at_once_one_does(committed: Tenant) -> None:
    make.variant("MUG", 1000)
    shift = opened()

    def attempt() -> str:
        try:
            close(shift)
        except ShiftNotOpen:
            return "refused"
        return "closed"

    answers = [Aside(committed, attempt) for _ in range(4)]

    assert sorted(each.join() for each in answers) == ["closed", "refused", "refused", "refused"]
    assert Receipt.objects.filter(kind="Z").count() == 1
