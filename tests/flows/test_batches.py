"""The subscribers of an order take lists: a fixed number of statements for any number of orders, and one bad order is parked alone."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.delivery.pace import Pace
from events.testing.work import drain, names, published, settle
from inventory.models import StockItem, StockMovement
from inventory.services import Posting, StockMove, post_movements
from payments.models import Payment, PaymentIntent, PaymentRefund
from tenants.models import Tenant
from tests.support import make
from tests.support.make import source
from tests.support.recording import parked

STOCK, BACK = "inventory.take_sold_goods_from_stock", "inventory.put_returned_goods_back"
PAYMENTS, ABANDONED = "payments.record_payments", "payments.abandon_charges"


def at_once(name: str) -> int:
    return drain(name, pace=Pace(seconds=0.0, largest=100))


def sell() -> None:
    make.order(make.cash(3333), lines=[make.asked(quantity="2"), make.asked("TEA"), make.asked()])


def take_back() -> None:
    order = make.order(make.cash(1333), lines=[make.asked(), make.asked("TEA")])
    make.return_(order, make.returning(order), make.returning(order, line=2))


def give_up() -> None:
    order = make.order(make.card(1000))
    drain("payments.charge_cards")
    make.void(order, reason="no money")


@pytest.mark.parametrize(
    ("name", "happen", "most"), [(STOCK, sell, 9), (BACK, take_back, 9), (PAYMENTS, sell, 8), (ABANDONED, give_up, 9)]
)
def test_the_statements_of_a_batch_do_not_grow_with_it(
    committed: Tenant, name: str, happen: Callable[[], None], most: int
) -> None:
    make.variant()
    make.variant("TEA", 333)
    happen()
    settle()
    taken = []
    for orders in (1, 7):
        for _ in range(orders):
            happen()
        with CaptureQueriesContext(connection) as captured:
            assert at_once(name) >= orders
        taken.append([query["sql"] for query in captured])

    few, many = taken
    assert len(few) == len(many), "\n\n".join(many)
    assert len(many) <= most, "\n\n".join(many)


def test_an_order_that_cannot_be_posted_is_parked_alone(committed: Tenant) -> None:
    mug = make.variant()
    orders = [make.order(make.cash(1000)) for _ in range(5)]
    bad = orders[2]
    line = StockMove(variant_id=mug.id, quantity=Decimal(1), line=bad.lines.get().id)
    earlier = source("order", bad.id)
    post_movements(postings=[Posting(source=earlier, kind=StockMovement.Kind.ORDER, moved=[line])])
    Payment.objects.create(
        order_id=bad.id, tender_id=bad.tenders.get().id, tender_type="cash", amount=1, currency="EUR", occurred_at=make.NOW
    )  # fmt: skip

    for name in (STOCK, PAYMENTS):
        while at_once(name):
            pass

    completed = [event.position for event in published("pos.order_completed")]
    assert [position for position, _ in parked(STOCK)] == [completed[2]]
    assert [position for position, _ in parked(PAYMENTS)] == [completed[2]]
    assert StockItem.objects.get().on_hand == 1 - 4
    assert Payment.objects.count() == 5
    assert names().count("payments.payment_completed") == 4


def test_what_each_order_caused_names_that_order(committed: Tenant) -> None:
    make.variant()
    orders = [make.order(make.cash(1000)) for _ in range(3)]

    for name in (STOCK, PAYMENTS):
        assert at_once(name) >= 3

    causes = [(event.event_id, event.correlation_id) for event in published("pos.order_completed")]
    for kind in ("inventory.stock_changed", "payments.payment_completed"):
        assert [(event.causation_id, event.correlation_id) for event in published(kind)] == causes
    assert [event.data["order_id"] for event in published("payments.payment_completed")] == [
        str(order.id) for order in orders
    ]


def test_cards_that_were_charged_in_vain_go_back_each_for_its_own_order(committed: Tenant) -> None:
    make.variant()
    orders = [make.order(make.card(1000)) for _ in range(2)]
    settle(without="pos.settle_card_tenders")
    for order in orders:
        make.void(order, reason="changed their mind")

    assert at_once(ABANDONED) >= 2

    assert set(PaymentIntent.objects.values_list("abandoned", flat=True)) == {True}
    assert PaymentRefund.objects.count() == 2
    assert sorted(Payment.objects.values_list("refunded", flat=True)) == [1000, 1000]
    voided = {event.event_id for event in published("pos.order_voided")}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT causation_id FROM events_outgoing WHERE tenant_id = 'north' AND kind = 'payments.refund'"
        )
        assert {cause for (cause,) in cursor.fetchall()} == voided


def test_a_card_whose_charge_is_not_written_yet_holds_up_no_other(committed: Tenant) -> None:
    make.variant()
    first, second = (make.order(make.card(1000)) for _ in range(2))
    drain("payments.charge_cards")
    PaymentIntent.objects.filter(order_id=first.id).delete()
    for order in (first, second):
        make.void(order, reason="no money")

    while at_once(ABANDONED):
        pass

    waiting = [event.position for event in published("pos.order_voided") if event.data["order_id"] == str(first.id)]
    assert [position for position, _ in parked(ABANDONED)] == waiting
    assert PaymentIntent.objects.get(order_id=second.id).abandoned
