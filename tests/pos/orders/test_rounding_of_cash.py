"""What coins cannot pay is recorded with the tender or the refund, and every amount of cash is payable (AM10, R3)."""

import pytest

from events.models import Event
from events.testing.work import settle
from kernel.ids import new_id
from payments.models import PaymentIntent, SimulatedCharge
from pos.cash.models import ShiftTotal
from pos.exchanges.services import Brought, Wanted, exchange_goods
from pos.models import Order, Refund, Return, TenderType
from pos.orders.refunds import NotRefundable, RefundInput
from pos.orders.tenders import TenderInput
from pos.refunds.queries import owed_of
from pos.reports.models import ReportFigure
from tenants.models import Tenant
from tests.support import make
from tests.support.pricing import set_currency
from tests.support.terminal import Terminal
from tests.support.verifying import require_sound

STEP = 5


@pytest.fixture(autouse=True)
def coins(shop: Tenant) -> None:
    set_currency("CHF")
    TenderType.objects.filter(code="cash").update(rounding_step=STEP)
    make.variant("MUG", 1237)


def by_card(amount: int) -> TenderInput:
    return TenderInput(id=new_id(), type="card", amount=amount)


def sold(*tenders: TenderInput) -> Order:
    order = make.order(*tenders, lines=[make.asked()])
    settle()
    order.refresh_from_db()
    assert order.status == Order.Status.COMPLETED
    return order


def paid(returned: Return) -> list[tuple[str, int, int]]:
    refunds = returned.refunds.order_by("amount").select_related("type")
    assert sum(each.amount for each in refunds) == returned.total
    return [(each.type.code, each.amount, each.rounding) for each in refunds]


def test_am10_the_tender_and_the_refund_have_the_rounding_and_totals_and_reports_as_well() -> None:
    order = sold(make.cash(1235))
    assert order.tenders.get().rounding == order.rounding_adjustment == -2

    returned = make.return_(order, make.returning(order))
    settle()

    assert paid(returned) == [("cash", 1235, -2)]
    taken, given_back = (Event.objects.get(type=f"pos.{name}").data for name in ("order_completed", "return_completed"))
    assert [taken["tenders"][0]["rounding"], given_back["refunds"][0]["rounding"]] == [-2, -2]
    totals = dict(ShiftTotal.objects.filter(subject__in=["TENDERS", "REFUNDS"]).values_list("subject", "rounding"))
    assert totals == {"TENDERS": -2, "REFUNDS": -2}
    figures = ReportFigure.objects.filter(kind="TENDERS").order_by("direction").values_list("direction", "rounding")
    assert list(figures) == [("RETURN", -2), ("SALE", -2)]
    require_sound()


def test_am10_the_roundings_of_tenders_come_to_that_of_the_order() -> None:
    order = make.order(make.card(502, "tok_decline"), make.cash(735), lines=[make.asked()])
    settle()
    order.refresh_from_db()
    assert order.rounding_adjustment == 0
    make.void(order)
    settle()
    order = make.order(make.card(503, "tok_decline"), make.cash(735), lines=[make.asked()])
    settle()
    assert order.rounding_adjustment == 1

    make.void(order)
    settle()

    assert list(Refund.objects.filter(order=order).values_list("amount", "rounding")) == [(735, 1)]
    require_sound()


def test_r3_cash_in_the_place_of_a_refused_refund_is_paid_in_coins_and_nothing_is_owed_then() -> None:
    order = sold(make.card(1237))
    SimulatedCharge.objects.filter(key=PaymentIntent.objects.get(order_id=order.id).id).update(refunds={"x": 1237})
    refused = make.return_(order, make.returning(order)).refunds.get()
    settle()

    with pytest.raises(NotRefundable, match="no coins for 2 minor units"):
        make.replaced(refused, amount=2)
    make.replaced(refused)
    settle()

    assert list(Refund.objects.filter(instead_of=refused).values_list("amount", "rounding")) == [(1235, -2)]
    refused.refresh_from_db()
    assert owed_of(refused) == 0
    require_sound()


def test_r3_a_part_that_goes_back_in_cash_is_payable_and_the_rest_follows() -> None:
    order = sold(by_card(1200), make.cash(35))

    part = make.return_(order, make.returning(order, "0.013"), refunds=[RefundInput(type="cash")])
    rest = make.return_(order, make.returning(order, "0.987"))
    settle()

    assert paid(part) == [("cash", 15, -1)]
    assert (part.total, part.rounding_adjustment) == (15, -1)
    assert paid(rest) == [("cash", 20, -1), ("card", 1200, 0)]
    assert part.total + rest.total == order.total
    require_sound()


def test_r3_without_a_receipt_cash_is_payable_beside_a_card(api: Terminal) -> None:
    make.shift()
    body = {
        "id": str(new_id()),
        "occurred_at": "2026-11-23T12:00:00Z",
        "lines": [{"sku": "MUG", "quantity": "1", "unit_price": {"amount": 1237}}],
        "refunds": [{"type": "cash"}, {"type": "card", "amount": {"amount": 3}}],
    }
    asked = {name: body[name] for name in ("lines", "refunds")}

    quoted = api.post("/return-quotes", asked).json()
    answer = api.post("/returns", body).json()
    settle()

    assert [each["total"]["amount"] for each in (quoted, answer)] == [1238, 1238]
    assert paid(Return.objects.get()) == [("card", 3, 0), ("cash", 1235, 1)]
    require_sound()


def test_r3_what_an_exchange_leaves_in_cash_has_the_rounding_of_its_order() -> None:
    make.variant("BAG", 1001)
    order = sold(make.cash(1235))

    exchange = exchange_goods(
        brought=Brought(id=new_id(), order_id=order.id, lines=[make.returning(order)]),
        wanted=Wanted(id=new_id(), lines=[make.asked("BAG")]),
        register=make.register(), device=None, tenders=[], refunds=[], occurred_at=make.NOW, now=make.NOW,
        fingerprint="",
    )  # fmt: skip
    settle()

    cash = exchange.returned.refunds.get(kind="CASH")
    assert cash.amount % STEP == 0
    assert cash.rounding == exchange.returned.rounding_adjustment - exchange.order.rounding_adjustment
    require_sound()


def test_a_cancelled_order_that_had_less_than_half_a_coin_gives_nothing_back_and_is_sound() -> None:
    order = make.order(make.cash(2), lines=[make.asked()])

    make.void(order)
    settle()

    assert not Refund.objects.exists()
    require_sound()
