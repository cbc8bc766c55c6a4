"""Exchanges: goods for goods, one payment of the difference, receipts that name each other (AM14, R6)."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.testing.work import names, published, settle
from inventory.models import StockItem
from kernel.ids import new_id
from payments.models import Payment, PaymentRefund
from pos.exchanges.services import Brought, Exchange, Wanted, exchange_goods
from pos.models import Location, Order, Refund, Return, Tender, TenderType
from pos.orders.arriving import till_of_order
from pos.orders.refunds import NotRefundable, RefundInput, RefundMismatch
from pos.orders.tenders import TenderInput, TenderMismatch
from pos.returns.services import OrderNotCompleted, ReturnAboveLimit
from tenants.models import Tenant
from tests.support import make
from tests.support.crew import StaffedTerminal, person, set_rule
from tests.support.people import owner
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened
from tests.support.verifying import require_sound


@pytest.fixture(autouse=True)
def _catalogue(shop: Tenant) -> None:
    make.variant("MUG", 2000)
    make.variant("JUG", 2500)
    make.variant("CUP", 1500)
    make.shift()


def exchanged(
    order: Order,
    sku: str,
    *tenders: TenderInput,
    refunds: tuple[RefundInput, ...] = (),
    price: int | None = None,
) -> Exchange:
    priced = {} if price is None else {"unit_price": price}
    return exchange_goods(
        brought=Brought(id=new_id(), order_id=order.id, lines=[make.returning(order)]),
        wanted=Wanted(id=new_id(), lines=[make.asked(sku, **priced)]),
        register=make.register(),
        device=None,
        tenders=tenders,
        refunds=refunds,
        occurred_at=make.NOW,
        now=make.NOW,
        fingerprint="",
    )


def by_card(amount: int) -> TenderInput:
    return TenderInput(id=new_id(), type="card", amount=amount)


def body(order: Order, sku: str, **more: Any) -> dict[str, Any]:
    line = {"order_line_id": str(order.lines.get().id), "quantity": "1"}
    return {
        "occurred_at": "2026-11-23T12:10:00Z",
        "brought": {"id": str(new_id()), "order_id": str(order.id), "lines": [line]},
        "wanted": {"id": str(new_id()), "lines": [{"sku": sku, "quantity": "1"}]},
        **more,
    }


def test_goods_of_an_exchange_may_be_sent_as_the_till_knew_them(api: Terminal) -> None:
    order = make.order(make.cash(2000))
    settle()
    known = {"description": "The JUG", "unit_price": {"amount": 2500}}
    wanted = {"id": str(new_id()), "lines": [{"sku": "JUG", "quantity": "1", "snapshot": known}]}

    tenders = [{"type": "cash", "amount": {"amount": 500}}]
    answer = api.post("/exchanges", body(order, "JUG", wanted=wanted, tenders=tenders))

    assert answer.status_code == 201, answer.content
    assert answer.json()["net"]["amount"] == 500


def test_am14_one_payment_of_the_difference_and_receipts_that_name_each_other(api: Terminal) -> None:
    order = make.order(make.cash(2000))
    settle()

    answer = api.post("/exchanges", body(order, "JUG", tenders=[{"type": "cash", "amount": {"amount": 500}}]))
    settle()

    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert made["net"]["amount"] == 500
    assert (made["order"]["status"], made["returned"]["total"]["amount"]) == ("COMPLETED", 2000)
    assert made["returned"]["exchange_order_id"] == made["order"]["id"]
    assert made["order"]["exchange_return_id"] == made["returned"]["id"]
    assert [(each["type"], each["amount"]["amount"], each["reference"]) for each in made["order"]["tenders"]] == [
        ("exchange", 2000, "R1-R000001"),
        ("cash", 500, ""),
    ]
    assert [(each["type"], each["amount"]["amount"], each["reference"]) for each in made["returned"]["refunds"]] == [
        ("exchange", 2000, "R1-000002")
    ]
    assert "R1-R000001" in api.get(f"/receipts/{made['order']['receipt_id']}").content.decode()
    assert "R1-000002" in api.get(f"/receipts/{made['returned']['receipt_id']}").content.decode()
    assert sorted(Payment.objects.values_list("amount", flat=True)) == [500, 2000]
    assert not PaymentRefund.objects.exists()
    assert names().count("payments.payment_completed") == 2
    (returned,) = published("pos.return_completed")
    assert returned.data["exchange_order_id"] == made["order"]["id"]
    assert published("pos.order_completed")[1].data["exchange_return_id"] == made["returned"]["id"]
    assert sorted(StockItem.objects.values_list("on_hand", flat=True)) == [-1, 0]
    require_sound()


def test_r6_the_rest_goes_back_to_the_tender_that_is_chosen() -> None:
    order = make.order(by_card(1000), make.cash(1000))
    settle()

    made = exchanged(order, "CUP", refunds=(RefundInput(type="cash"),))
    settle()

    assert made.net == -500
    assert sorted(made.returned.refunds.values_list("type__code", "tender__type__code", "amount")) == [
        ("cash", "cash", 500),
        ("exchange", "card", 1000),
        ("exchange", "cash", 500),
    ]
    assert [tender.amount for tender in made.order.tenders.all()] == [1500]
    assert [row.amount for row in PaymentRefund.objects.all()] == [500]
    require_sound()


def test_r6_equal_amounts_move_no_money() -> None:
    order = make.order(make.cash(2000))
    settle()

    made = exchanged(order, "MUG")
    settle()

    assert (made.net, made.order.status) == (0, "COMPLETED")
    assert Payment.objects.count() == 1
    assert not PaymentRefund.objects.exists()
    assert Tender.objects.get(order=order).refunded == 2000
    require_sound()


def test_r6_money_goes_in_one_direction() -> None:
    order = make.order(make.cash(2000))

    with nothing_happened(), pytest.raises(TenderMismatch):
        exchanged(order, "CUP", make.cash(500))
    with nothing_happened(), pytest.raises(RefundMismatch):
        exchanged(order, "JUG", make.cash(500), refunds=(RefundInput(type="cash", amount=500),))
    with nothing_happened(), pytest.raises(RefundMismatch):
        exchanged(order, "MUG", refunds=(RefundInput(type="cash", amount=1),))


def test_what_was_exchanged_is_exchanged_and_returned_again() -> None:
    order = make.order(make.cash(2000))
    settle()
    first = exchanged(order, "JUG", make.cash(500))
    settle()
    second = exchanged(first.order, "JUG")
    settle()

    returned = make.return_(second.order, make.returning(second.order), refunds=[RefundInput(type="card")])
    settle()

    assert [(each.type.code, each.amount) for each in returned.refunds.all()] == [("card", 2500)]
    assert sum(row.amount - row.refunded for row in Payment.objects.all()) - 2500 == 0
    assert PaymentRefund.objects.get().payment is None
    require_sound()


def test_exchanged_goods_go_back_in_cash_where_nothing_is_chosen() -> None:
    order = make.order(make.cash(2000))
    settle()
    made = exchanged(order, "JUG", by_card(500))

    returned = make.return_(made.order, make.returning(made.order))
    settle()

    assert sorted((each.type.code, each.amount) for each in returned.refunds.all()) == [("card", 500), ("cash", 2000)]
    require_sound()


def test_an_order_that_waits_for_its_card_is_named_by_its_id_and_can_be_cancelled() -> None:
    order = make.order(make.cash(2000))
    settle()
    made = exchanged(order, "JUG", make.card(500, "tok_decline"))
    settle()

    assert Order.objects.get(id=made.order.id).status == "PLACED"
    assert [each.reference for each in made.returned.refunds.all()] == [str(made.order.id)]
    make.void(made.order)
    settle()
    assert list(Refund.objects.filter(order=made.order).values_list("type__code", "amount")) == [("cash", 2000)]
    require_sound()


def test_goods_without_a_receipt_are_exchanged_below_the_limit(api: Terminal) -> None:
    line = {"sku": "MUG", "quantity": "1", "unit_price": {"amount": 2000}}
    asked = {
        "occurred_at": "2026-11-23T12:10:00Z",
        "brought": {"id": str(new_id()), "lines": [line]},
        "wanted": {"id": str(new_id()), "lines": [{"sku": "CUP", "quantity": "1"}]},
    }
    answer = api.post("/exchanges", asked)
    settle()

    assert answer.status_code == 201, answer.content
    assert sorted((r["type"], r["amount"]["amount"]) for r in answer.json()["returned"]["refunds"]) == [
        ("cash", 500),
        ("exchange", 1500),
    ]
    Location.objects.update(unlinked_return_limit=1999)
    asked["brought"]["id"], asked["wanted"]["id"] = str(new_id()), str(new_id())
    assert api.post("/exchanges", asked).json()["code"] == ReturnAboveLimit.code
    require_sound()


def test_an_exchange_that_is_sent_again_is_answered_again(api: Terminal) -> None:
    order = make.order(make.cash(2000))
    asked = body(order, "CUP")
    first = api.post("/exchanges", asked, key="exchange-1")

    with nothing_happened():
        assert api.post("/exchanges", asked, key="exchange-1").content == first.content
    again = api.post("/exchanges", asked, key="exchange-2")
    assert (again.status_code, again.json()) == (201, first.json())
    other = api.post("/exchanges", {**asked, "refunds": [{"type": "cash"}]}, key="exchange-3")
    assert (other.status_code, other.json()["code"]) == (409, "order-exists")
    assert Return.objects.count() == 1


def test_an_order_of_training_is_not_exchanged(api: Terminal) -> None:
    placed = api.post("/orders", make.order_body(training=True, tenders=[{"type": "cash", "amount": {"amount": 2000}}]))
    order = Order.objects.get(id=placed.json()["id"])

    with nothing_happened(), pytest.raises(OrderNotCompleted):
        exchanged(order, "MUG")


def test_the_type_of_exchanges_is_made_once_and_no_terminal_pays_with_it(api: Terminal) -> None:
    TenderType.objects.filter(code="account").update(code="exchange")
    for _ in range(2):
        exchanged(make.order(make.cash(2000)), "MUG")
    type_ = TenderType.objects.get(kind="EXCHANGE")

    assert (type_.code, type_.name) == ("exchange1", "Exchange")
    refused = api.post("/orders", make.order_body(tenders=[{"type": "exchange1", "amount": {"amount": 2000}}]))
    assert (refused.status_code, refused.json()["code"]) == (422, "tender-mismatch")
    page = owner().get(f"/admin/pos/tendertype/{type_.id}/change/").content.decode()
    assert 'name="name"' in page
    assert 'name="kind"' not in page
    assert "EXCHANGE" not in owner().get("/admin/pos/tendertype/add/").content.decode()


def test_the_rest_of_an_exchange_can_be_paid_by_coins() -> None:
    TenderType.objects.filter(code="cash").update(rounding_step=5)
    order = make.order(make.cash(2000))
    settle()

    less = exchanged(order, "MUG", price=1502)
    assert (less.order.total, less.order.rounding_adjustment, less.net) == (1500, -2, -500)
    more = exchanged(make.order(make.cash(2000)), "MUG", make.cash(505), price=2503)
    assert (more.order.total, more.net) == (2505, 505)
    nothing = exchanged(make.order(make.cash(2000)), "MUG", price=1)
    assert (nothing.order.total, nothing.order.status, nothing.net) == (0, "COMPLETED", -2000)
    settle()
    require_sound()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=st.integers(1, 5000), new=st.integers(0, 5000), card=st.integers(0, 5000))
def test_r6_the_net_payment_is_the_difference(shop: Tenant, old: int, new: int, card: int) -> None:
    card = min(card, old)
    tenders = [*([by_card(card)] if card else []), *([make.cash(old - card)] if old > card else [])]
    order = make.order(*tenders, lines=[make.asked("MUG", unit_price=old)])

    made = exchanged(order, "JUG", *([by_card(new - old)] if new > old else []), price=new)

    money = [t.paid for t in made.order.tenders.all() if t.is_money]
    back = [r.amount for r in made.returned.refunds.all() if r.kind != "EXCHANGE"]
    assert not (money and back)
    assert sum(money) - sum(back) == new - old == made.net
    assert sum(tender.refunded for tender in order.tenders.all()) == old


def test_exchanged_goods_that_a_card_paid_for_do_not_go_back_in_cash() -> None:
    order = make.order(make.card(2000))
    settle()
    order.refresh_from_db()
    first = exchanged(order, "MUG")
    second = exchanged(first.order, "JUG", make.cash(500)).order

    for refunds in ((RefundInput(type="cash"),), (RefundInput(type="cash", amount=501), RefundInput())):
        with nothing_happened(), pytest.raises(NotRefundable, match="gateway"):
            make.return_(second, make.returning(second), refunds=refunds)
    returned = make.return_(
        second, make.returning(second), refunds=[RefundInput(type="cash", amount=500), RefundInput(type="card")]
    )
    settle()

    assert sorted((each.type.code, each.amount) for each in returned.refunds.all()) == [("card", 2000), ("cash", 500)]
    require_sound()


def test_exchanged_goods_go_back_to_the_card_and_the_cash_that_paid_for_them() -> None:
    order = make.order(by_card(1500), make.cash(500))
    settle()
    made = exchanged(order, "MUG").order

    with nothing_happened(), pytest.raises(NotRefundable, match="cash had paid 500"):
        make.return_(made, make.returning(made), refunds=[RefundInput(type="cash")])
    returned = make.return_(made, make.returning(made))
    settle()

    assert sorted((each.type.code, each.amount) for each in returned.refunds.all()) == [("card", 1500), ("cash", 500)]
    require_sound()


def test_an_exchange_that_a_card_paid_for_is_not_cancelled_for_cash() -> None:
    order = make.order(make.card(2000))
    settle()
    order.refresh_from_db()
    made = exchanged(order, "JUG", make.card(500, "tok_decline"))
    settle()

    with nothing_happened(), pytest.raises(NotRefundable, match="gateway the rest"):
        make.void(made.order, RefundInput(type="cash"))
    make.void(made.order)
    settle()

    back = Refund.objects.get(order=made.order)
    assert (back.type.code, back.amount, back.state, back.tender) == ("gateway", 2000, "COMPLETED", order.tenders.get())
    assert Payment.objects.get(order_id=order.id).refunded == 2000
    require_sound()


def test_the_till_of_an_exchange_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    order, asked = make.order(make.cash(2000)), []

    def counted(*arguments: Any, **more: Any) -> Any:
        asked.append(arguments)
        return till_of_order(*arguments, **more)

    for module in ("pos.exchanges.services", "pos.orders.services.placing"):
        monkeypatch.setattr(f"{module}.till_of_order", counted)
    made = exchanged(order, "JUG", make.cash(500))

    assert len(asked) == 1
    assert (made.order.shift, made.order.occurred_at) == (made.returned.shift, made.returned.occurred_at)


def test_an_exchange_that_somebody_approved_is_sound(shop: Tenant) -> None:
    anna, ben = person("ANNA"), person("BEN", "manager")
    set_rule("cashier", "return_linked", "approval")
    order, till = make.order(make.cash(2000)), StaffedTerminal().sign_in(anna)
    settle()
    asked = body(order, "MUG")

    answer = till.post("/exchanges", till.approved(ben, asked, "return_linked", id=asked["brought"]["id"]))
    settle()

    assert answer.status_code == 201, answer.content
    assert Order.objects.get(id=asked["wanted"]["id"]).approval_id == Return.objects.get().approval_id
    require_sound()
