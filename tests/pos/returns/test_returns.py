"""Returns: to the unit, to the minor unit, to the tender."""

from decimal import Decimal

import pytest

from events.testing.work import names, published, settle
from inventory.models import StockItem
from kernel.bounds import NumberTooLarge
from kernel.ids import new_id
from kernel.limits import LARGEST_AMOUNT, LARGEST_QUANTITY, MOST_GOODS
from kernel.refusals import NotFound
from payments.models import Payment, PaymentRefund
from pos.catalogue.goods import LinesInvalid
from pos.models import Return
from pos.orders.refunds import RefundExceedsPaid
from pos.orders.tenders import TenderInput
from pos.returns.lines import RefundExceedsQuantity, ReturnLineInput
from pos.returns.services import OrderNotCompleted, ReturnExists, complete_return
from tenants.models import Tenant
from tests.support import make
from tests.support.unchanged import nothing_happened


@pytest.fixture(autouse=True)
def _catalogue(shop: Tenant) -> None:
    make.variant("MUG", 333)
    make.shift()


def free_return(*lines: ReturnLineInput, refund_to: str = "cash") -> Return:
    return complete_return(
        id=new_id(),
        register=make.register(),
        order_id=None,
        lines=lines,
        occurred_at=make.NOW,
        now=make.NOW,
        fingerprint="",
        refund_to=refund_to,
    )


def test_a_return_gives_goods_and_money_back_exactly() -> None:
    order = make.order(make.cash(999), lines=[make.asked("MUG", "3")])

    returns = [make.return_(order, make.returning(order)) for _ in range(3)]
    settle()

    assert [returned.total for returned in returns] == [333, 333, 333]
    assert [returned.receipt for returned in returns] == ["R1-R000001", "R1-R000002", "R1-R000003"]
    assert sum(returned.tax_total for returned in returns) == order.tax_total
    assert StockItem.objects.get().on_hand == 0
    assert Payment.objects.get().refunded == 999


def test_an_odd_price_is_split_without_losing_a_unit() -> None:
    order = make.order(make.cash(1000), lines=[make.asked("MUG", "3", unit_price=333)])
    line = order.lines.get()
    line.total, line.tax_total = 1000, 167
    line.__class__.objects.filter(id=line.id).update(total=1000, tax_total=167)
    order.tenders.update(amount=1000, change=0)

    totals = [make.return_(order, make.returning(order)).total for _ in range(3)]

    assert totals == [333, 334, 333]


def test_more_than_was_sold_cannot_come_back() -> None:
    order = make.order(make.cash(333))
    make.return_(order, make.returning(order))

    with nothing_happened(), pytest.raises(RefundExceedsQuantity) as refusal:
        make.return_(order, make.returning(order))

    assert refusal.value.details["left"] == "0.000"


def test_the_same_line_twice_in_one_return_counts_twice() -> None:
    order = make.order(make.cash(333))

    with nothing_happened(), pytest.raises(RefundExceedsQuantity):
        make.return_(order, make.returning(order), make.returning(order))


def test_money_goes_back_to_the_tenders_it_came_from_none_more_than_it_paid() -> None:
    order = make.order(
        TenderInput(id=new_id(), type="card", amount=300), make.cash(400), lines=[make.asked("MUG", "2")]
    )

    returned = make.return_(order, make.returning(order, "2"))

    refunds = {refund.type.code: refund.amount for refund in returned.refunds.all()}
    assert refunds == {"card": 300, "cash": 366}


def test_r5_damaged_goods_do_not_go_back_on_the_shelf() -> None:
    order = make.order(make.cash(333))
    make.return_(order, make.returning(order, restock=False))

    settle()

    assert StockItem.objects.get().on_hand == -1
    assert published("pos.return_completed")[0].data["lines"][0]["disposition"] == "NONE"


def test_a_card_that_was_charged_here_is_refunded_through_the_gateway() -> None:
    order = make.order(make.card(333))
    settle()
    order.refresh_from_db()

    make.return_(order, make.returning(order))
    settle()

    refund = PaymentRefund.objects.get()
    assert (refund.state, refund.amount) == ("COMPLETED", 333)
    assert refund.reference.startswith("re_")
    assert "payments.payment_refunded" in names()


def test_what_was_not_completed_cannot_be_returned() -> None:
    order = make.order()

    with nothing_happened(), pytest.raises(OrderNotCompleted):
        make.return_(order, make.returning(order))


def test_an_unknown_order_or_line_is_refused() -> None:
    order = make.order(make.cash(333))
    stranger = ReturnLineInput(id=new_id(), quantity=Decimal(1), restock=True, order_line_id=new_id())

    with nothing_happened(), pytest.raises(NotFound):
        make.return_(order, stranger)
    order.id = new_id()
    with nothing_happened(), pytest.raises(NotFound):
        make.return_(order, stranger)


def test_goods_without_a_receipt_come_back_at_their_price() -> None:
    returned = free_return(
        ReturnLineInput(id=new_id(), quantity=Decimal(2), restock=True, sku="MUG", unit_price=300),
        ReturnLineInput(
            id=new_id(), quantity=Decimal(1), restock=True, description="Postage", unit_price=50,
            tax_rate="Standard, included",
        ),
    )  # fmt: skip
    settle()

    assert returned.total == 650
    assert [line.restock for line in returned.lines.order_by("total")] == [False, True]
    assert StockItem.objects.get().on_hand == 2
    assert PaymentRefund.objects.get().state == "COMPLETED"


def test_no_more_is_refunded_than_the_tenders_of_the_order_hold() -> None:
    order = make.order(make.cash(333))
    order.tenders.update(refunded=1)

    with nothing_happened(), pytest.raises(RefundExceedsPaid, match="1 minor units"):
        make.return_(order, make.returning(order))


def test_in03_a_return_without_a_receipt_comes_to_no_more_goods_and_money_than_is_kept_of_it() -> None:
    def line(quantity: Decimal, unit_price: int) -> ReturnLineInput:
        return ReturnLineInput(id=new_id(), quantity=quantity, restock=True, sku="MUG", unit_price=unit_price)

    goods = [line(LARGEST_QUANTITY, 0)] * (int(MOST_GOODS / LARGEST_QUANTITY) + 1)
    money = [line(Decimal(1), LARGEST_AMOUNT), line(Decimal(1), 1)]

    for lines, reason in ((goods, "the quantities of all lines"), (money, "minor units")):
        with nothing_happened(), pytest.raises(NumberTooLarge, match=reason):
            free_return(*lines)


def test_unknown_goods_and_tenders_are_refused() -> None:
    with nothing_happened(), pytest.raises(LinesInvalid):
        free_return(ReturnLineInput(id=new_id(), quantity=Decimal(1), restock=True, sku="NOPE", unit_price=1))
    line = ReturnLineInput(id=new_id(), quantity=Decimal(1), restock=True, sku="MUG", unit_price=1)
    with nothing_happened(), pytest.raises(NotFound):
        free_return(line, refund_to="pebbles")


def test_a_return_id_is_used_once() -> None:
    line = ReturnLineInput(id=new_id(), quantity=Decimal(1), restock=True, sku="MUG", unit_price=1)
    returned = free_return(line)

    with nothing_happened(), pytest.raises(ReturnExists):
        complete_return(
            id=returned.id, register=make.register(), order_id=None, lines=[line], occurred_at=make.NOW,
            now=make.NOW, fingerprint="",
        )  # fmt: skip
