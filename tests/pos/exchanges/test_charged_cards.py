"""What a card paid that the backend charged goes back to it, also through the goods of exchanges."""

import pytest

from events.testing.work import published, settle
from kernel.ids import new_id
from payments.models import Payment, PaymentIntent, PaymentRefund, SimulatedCharge
from pos.exchanges.services import Brought, Exchange, Wanted, exchange_goods
from pos.models import Order, Refund, Tender
from pos.orders.refunds import NotRefundable, RefundExceedsPaid, RefundInput
from pos.orders.tenders import TenderInput
from tenants.models import Tenant
from tests.support import make
from tests.support.unchanged import nothing_happened
from tests.support.verifying import require_sound


@pytest.fixture(autouse=True)
def _catalogue(shop: Tenant) -> None:
    make.variant("MUG", 2000)
    make.variant("JUG", 2500)
    make.shift()


def exchanged(order: Order, price: int, *tenders: TenderInput, line: int = 1) -> Exchange:
    made = exchange_goods(
        brought=Brought(id=new_id(), order_id=order.id, lines=[make.returning(order, line=line)]),
        wanted=Wanted(id=new_id(), lines=[make.asked("MUG", unit_price=price)]),
        register=make.register(),
        device=None,
        tenders=tenders,
        refunds=(),
        occurred_at=make.NOW,
        now=make.NOW,
        fingerprint="",
    )
    settle()
    return made


def paid_by_card(amount: int = 2000) -> tuple[Order, Tender]:
    order = make.order(make.card(amount), lines=[make.asked("MUG", unit_price=amount)])
    settle()
    order.refresh_from_db()
    return order, order.tenders.get()


def gateway_refuses(order: Order) -> None:
    charged = PaymentIntent.objects.get(order_id=order.id)
    SimulatedCharge.objects.filter(key=charged.id).update(refunds={"x": charged.amount})


def gateway_accepts() -> None:
    SimulatedCharge.objects.update(refunds={})


def given_back(order: Order) -> int:
    return Payment.objects.get(order_id=order.id).refunded


def test_the_rest_of_an_exchange_goes_back_to_the_first_card() -> None:
    first, card = paid_by_card()
    second = exchanged(first, 2000).order

    third = exchanged(second, 1200)

    back = Refund.objects.get(parent=third.returned, kind="GATEWAY")
    assert (back.tender, back.amount, back.state, back.counts_against) == (card, 800, "COMPLETED", second.tenders.get())
    event = published("pos.return_completed")[-1]
    (told,) = [each for each in event.data["refunds"] if each["kind"] == "GATEWAY"]
    assert (told["tender_id"], told["charged_here"]) == (str(card.id), True)
    assert PaymentRefund.objects.get(id=back.id).payment == Payment.objects.get(tender_id=card.id)
    assert given_back(first) == 800
    require_sound()

    make.return_(third.order, make.returning(third.order))
    settle()
    assert given_back(first) == 2000
    require_sound()


def test_two_cards_and_cash_get_back_what_each_had_paid() -> None:
    order = make.order(make.card(700), make.card(800), make.cash(500))
    settle()
    order.refresh_from_db()
    second = exchanged(order, 2000).order

    for price in (1000, 300):
        second = exchanged(second, price).order
    make.return_(second, make.returning(second))
    settle()

    assert sorted(Payment.objects.values_list("amount", "refunded")) == [(500, 0), (700, 700), (800, 800)]
    assert sum(Refund.objects.filter(kind="CASH").values_list("amount", flat=True)) == 500
    require_sound()


def test_a_refund_that_the_card_refuses_is_owed_and_tried_again() -> None:
    first, card = paid_by_card()
    gateway_refuses(first)
    second = exchanged(first, 2000).order

    third = exchanged(second, 1200)

    refused = Refund.objects.get(parent=third.returned, kind="GATEWAY")
    tender = second.tenders.get()
    assert (refused.state, refused.is_owed, tender.refunded, given_back(first)) == ("FAILED", True, 1200, 0)
    (event,) = published("pos.refund_refused")
    assert event.data["refund"]["tender_id"] == str(card.id)
    require_sound()

    gateway_accepts()
    make.replaced(refused, type="gateway")
    settle()
    tender.refresh_from_db()
    again = refused.replacements.get()
    assert (again.state, again.tender, tender.refunded, given_back(first)) == ("COMPLETED", card, 2000, 800)
    require_sound()


def test_a_refused_refund_is_paid_in_cash_and_the_card_is_not_asked_for_it_again() -> None:
    first, _ = paid_by_card()
    gateway_refuses(first)
    second = exchanged(first, 2000).order
    third = exchanged(second, 1200)
    gateway_accepts()

    make.replaced(Refund.objects.get(parent=third.returned, kind="GATEWAY"))
    make.return_(third.order, make.returning(third.order))
    settle()

    assert given_back(first) == 1200
    assert Refund.objects.get(kind="CASH").amount == 800
    require_sound()


def test_the_card_is_named_and_gets_no_more_than_it_had_paid() -> None:
    order = make.order(make.card(1500), make.cash(500))
    settle()
    order.refresh_from_db()
    second = exchanged(order, 2000).order

    with nothing_happened(), pytest.raises(NotRefundable, match="gateway had paid 1500 of the exchanged goods, cash"):
        make.return_(second, make.returning(second), refunds=[RefundInput(type="gateway")])
    make.return_(second, make.returning(second), refunds=[RefundInput(type="gateway", amount=1500), RefundInput()])
    settle()

    assert Payment.objects.get(kind="GATEWAY").refunded == 1500
    require_sound()


def test_a_card_is_not_tried_again_for_more_than_exchanges_spent_of_it() -> None:
    """Two returns of one order: the first is refused, and the second one has the card's money meanwhile."""
    first, _ = paid_by_card()
    gateway_refuses(first)
    lines = [make.asked("MUG", unit_price=2000), make.asked("JUG", unit_price=500)]
    made = exchange_goods(
        brought=Brought(id=new_id(), order_id=first.id, lines=[make.returning(first)]),
        wanted=Wanted(id=new_id(), lines=lines),
        register=make.register(),
        device=None,
        tenders=[make.cash(500)],
        refunds=(),
        occurred_at=make.NOW,
        now=make.NOW,
        fingerprint="",
    ).order
    settle()
    refused = make.return_(made, make.returning(made)).refunds.get()
    settle()
    gateway_accepts()
    make.return_(made, make.returning(made, line=2))
    settle()

    with nothing_happened(), pytest.raises(RefundExceedsPaid):
        make.replaced(refused, type="gateway")
    make.replaced(refused, type="gateway", amount=1500)
    make.replaced(refused)
    settle()

    assert given_back(first) == 2000
    assert [each.amount for each in Refund.objects.filter(kind="CASH")] == [500]
    require_sound()
