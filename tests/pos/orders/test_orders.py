"""Orders: rung up, paid, numbered, voided; what is refused changes nothing."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.models import Event
from events.testing.work import names, published, settle
from kernel.bounds import NumberTooLarge
from kernel.ids import new_id
from kernel.limits import LARGEST_AMOUNT, LARGEST_QUANTITY, MOST_GOODS
from kernel.refusals import NotFound, Refusal
from payments.models import Payment
from pos.cash.services import ShiftAlreadyOpen, ShiftNotOpen, open_shift, open_shift_of
from pos.catalogue.goods import LinesInvalid
from pos.models import Order, Register, Shift, Tender, TenderType
from pos.orders.services.paying import add_tenders, settle_card_tender
from pos.orders.services.refusals import OrderExists, OrderNotEditable
from pos.orders.services.voiding import void_order
from pos.orders.tenders import TenderInput, TenderMismatch
from pos.registers.services import pair_device
from tenants.models import Tenant
from tests.support import make
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened


@pytest.fixture(autouse=True)
def _catalogue(shop: Tenant) -> None:
    make.variant("MUG", 1000, barcode="4006381333931")
    make.variant("TEA", 333)
    make.variant("NET", 1000, tax_rate="Standard, added")
    make.variant("WRAP", 250, stocked=False)
    make.shift()


def events() -> list[str]:
    return [name for name in names() if name.startswith(("pos.order", "pos.card"))]


def test_an_order_that_is_paid_is_completed_with_a_receipt_number() -> None:
    order = make.order(make.cash(2000), lines=[make.asked("MUG"), make.asked("TEA", "3")])

    assert (order.status, order.receipt, order.total, order.tax_total) == ("COMPLETED", "R1-000001", 1999, 334)
    assert order.change_total == 1
    assert events() == ["pos.order_placed", "pos.order_completed"]
    completed = published("pos.order_completed")[0].data
    assert completed["total"] == 1999
    assert [line["quantity"] for line in completed["lines"]] == ["1.000", "3.000"]
    assert completed["tenders"][0]["change"] == 1


def test_exclusive_tax_is_added() -> None:
    order = make.order(make.cash(1200), lines=[make.asked("NET")])

    assert (order.subtotal, order.tax_total, order.total) == (1000, 200, 1200)


def test_a_line_may_be_named_by_barcode_or_be_a_service() -> None:
    by_barcode = make.asked("", barcode="4006381333931")
    service = make.asked("", description="Engraving", unit_price=500, tax_rate="Standard, included")

    order = make.order(make.cash(1500), lines=[by_barcode, service])

    assert [(line.sku, line.description, line.stocked) for line in order.lines.order_by("number")] == [
        ("MUG", "The MUG", True),
        ("", "Engraving", False),
    ]


def test_split_tenders_settle_an_order_and_change_comes_out_of_the_cash() -> None:
    order = make.order(make.cash(1000), TenderInput(id=new_id(), type="card", amount=700))

    tenders = {tender.type.code: (tender.amount, tender.change) for tender in order.tenders.all()}
    assert tenders == {"card": (700, 0), "cash": (1000, 700)}
    assert order.change_total == 700


def test_an_order_that_costs_nothing_is_completed_without_tenders() -> None:
    order = make.order(lines=[make.asked("MUG", unit_price=0)])

    assert (order.status, order.total) == ("COMPLETED", 0)


def test_an_order_without_enough_tenders_stays_placed_until_they_come() -> None:
    order = make.order(make.cash(400))
    assert (order.status, order.receipt_number) == ("PLACED", None)

    order = add_tenders(order_id=order.id, register=make.register(), tenders=[make.cash(600)], now=make.NOW)

    assert (order.status, order.receipt) == ("COMPLETED", "R1-000001")


@pytest.mark.parametrize(
    "tender",
    [
        TenderInput(id=new_id(), type="card", amount=1001),
        TenderInput(id=new_id(), type="pebbles", amount=1000),
        TenderInput(id=new_id(), type="gateway", amount=1000),
    ],
)
def test_tenders_that_do_not_fit_are_refused_and_nothing_happens(tender: TenderInput) -> None:
    with nothing_happened(), pytest.raises(TenderMismatch):
        make.order(tender)


@pytest.mark.parametrize("type_", ["cash", "card", "account"])
def test_f4_a_card_token_is_refused_by_every_tender_that_charges_nothing(type_: str) -> None:
    paying = TenderInput(id=new_id(), type=type_, amount=1000, card_token="tok_decline")

    with nothing_happened(), pytest.raises(TenderMismatch, match=f"{type_} takes no card_token.*of the type gateway"):
        make.order(make.card(500), paying)


def test_f4_tenders_added_to_an_order_take_no_card_token_either() -> None:
    order = make.order(make.cash(400))

    with nothing_happened(), pytest.raises(TenderMismatch, match="takes no card_token"):
        add_tenders(
            order_id=order.id,
            register=make.register(),
            tenders=[TenderInput(id=new_id(), type="card", amount=600, card_token="tok")],
            now=make.NOW,
        )


def test_f4_a_shop_without_a_gateway_is_not_sent_to_one() -> None:
    TenderType.objects.filter(kind=TenderType.Kind.GATEWAY).delete()

    with nothing_happened(), pytest.raises(TenderMismatch, match="no tender type that the backend charges"):
        make.order(TenderInput(id=new_id(), type="card", amount=1000, card_token="tok_approve"))


def test_f4_an_unknown_tender_is_answered_with_those_that_the_shop_takes() -> None:
    with (
        nothing_happened(),
        pytest.raises(TenderMismatch, match="no tender type 'visa'; it has account, card, cash, gateway$"),
    ):
        make.order(TenderInput(id=new_id(), type="visa", amount=1000))


def test_cash_that_is_not_needed_is_refused() -> None:
    with nothing_happened(), pytest.raises(TenderMismatch, match="nothing is due"):
        make.order(TenderInput(id=new_id(), type="card", amount=1000), make.cash(500))


def test_unknown_goods_are_refused_with_their_line() -> None:
    with nothing_happened(), pytest.raises(LinesInvalid) as refusal:
        make.order(make.cash(1000), lines=[make.asked("MUG"), make.asked("NOPE")])

    assert refusal.value.details["errors"] == [
        {"pointer": "/lines/1", "code": "unknown-variant", "detail": "this shop sells no NOPE"}
    ]


def test_a_service_with_an_unknown_tax_rate_is_refused() -> None:
    service = make.asked("", description="Engraving", unit_price=500, tax_rate="Nope")

    with nothing_happened(), pytest.raises(LinesInvalid, match="tax rate"):
        make.order(lines=[service])


def test_an_id_is_used_once() -> None:
    order = make.order(make.cash(1000))

    with nothing_happened(), pytest.raises(OrderExists):
        make.order(make.cash(1000), id=order.id)


def test_receipt_numbers_are_gapless_when_orders_fail() -> None:
    for number in range(6):
        try:
            with transaction.atomic():
                make.order(make.cash(1000))
                if number % 2:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass

    numbers = Order.objects.order_by("receipt_number").values_list("receipt_number", flat=True)
    assert list(numbers) == [1, 2, 3]
    assert Register.objects.get().next_receipt_number == 4


def test_a_placed_order_can_be_voided_and_a_completed_one_not() -> None:
    placed, completed = make.order(), make.order(make.cash(1000))

    make.void(placed, reason="changed their mind")

    placed.refresh_from_db()
    assert placed.status == "VOIDED"
    assert published("pos.order_voided")[0].data["reason"] == "changed their mind"
    for order_id in (placed.id, completed.id):
        with nothing_happened(), pytest.raises(OrderNotEditable):
            void_order(order_id=order_id, reason="again", register=make.register(), now=make.NOW)
    with nothing_happened(), pytest.raises(NotFound):
        void_order(order_id=new_id(), reason="nothing", register=make.register(), now=make.NOW)


def test_a_completed_or_voided_order_takes_no_tenders() -> None:
    completed, voided = make.order(make.cash(1000)), make.order()
    make.void(voided, reason="changed their mind")

    for order in (completed, voided):
        with nothing_happened(), pytest.raises(OrderNotEditable, match="is (completed|voided)$"):
            add_tenders(order_id=order.id, register=make.register(), tenders=[make.cash(1000)], now=make.NOW)


def test_a_card_that_was_charged_completes_no_voided_order() -> None:
    order = make.order(make.card(1000))
    make.void(order, reason="took too long")

    with nothing_happened():
        settle_card_tender(tender_id=order.tenders.get().id, order_id=order.id, reference="ch_1", now=make.NOW)


def test_in03_an_order_comes_to_no_more_goods_and_money_than_is_kept_of_it() -> None:
    goods = [make.asked("MUG", f"{LARGEST_QUANTITY:f}", unit_price=0)] * (int(MOST_GOODS / LARGEST_QUANTITY) + 1)
    money = [make.asked("MUG", unit_price=LARGEST_AMOUNT), make.asked("MUG", unit_price=1)]

    for lines, reason in ((goods, "the quantities of all lines"), (money, "minor units")):
        with nothing_happened(), pytest.raises(NumberTooLarge, match=reason):
            make.order(lines=lines)


def test_without_an_open_shift_nothing_is_sold() -> None:
    Shift.objects.update(state=Shift.State.CLOSED)

    with nothing_happened(), pytest.raises(ShiftNotOpen):
        open_shift_of(make.register())


def test_a_register_has_one_open_shift() -> None:
    with nothing_happened(), pytest.raises(ShiftAlreadyOpen):
        open_shift(id=new_id(), register=make.register(), float_amount=0, now=make.NOW)


def test_pairing_with_an_unknown_register_is_refused() -> None:
    with nothing_happened(), pytest.raises(NotFound):
        pair_device(register_code="R9", name="x")


def test_the_database_itself_refuses_totals_that_do_not_add_up() -> None:
    order = make.order(make.cash(1000))

    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(id=order.id).update(total=1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 99_999)), min_size=1, max_size=5), st.integers(0, 9999))
def test_whatever_is_sold_the_money_adds_up(lines: list[tuple[int, int]], extra: int) -> None:
    asked = [make.asked("MUG", str(Decimal(thousandths) / 1000), unit_price=price) for thousandths, price in lines]
    with transaction.atomic():
        placed = make.order(lines=asked)
        tenders = [make.cash(placed.total + extra)] if placed.total else []
        order = (
            add_tenders(order_id=placed.id, register=make.register(), tenders=tenders, now=make.NOW)
            if tenders
            else placed
        )

        assert order.total == sum(line.total for line in order.lines.all()) == order.subtotal + order.tax_total
        assert sum(tender.amount - tender.change for tender in order.tenders.all()) == order.total
        assert order.change_total == (extra if tenders else 0)
        transaction.set_rollback(True)


def test_a_card_is_charged_by_the_backend_and_completes_the_order() -> None:
    order = make.order(make.card(1000))
    assert order.status == "PLACED"

    settle()

    order.refresh_from_db()
    assert (order.status, order.receipt) == ("COMPLETED", "R1-000001")
    assert Tender.objects.get(order=order).reference.startswith("ch_")
    assert Payment.objects.get(order_id=order.id).amount == 1000


def test_a_declined_card_leaves_the_order_due_and_cash_completes_it() -> None:
    order = make.order(make.card(1000, "tok_decline"))
    settle()
    assert Tender.objects.get(order=order).state == "FAILED"

    order = add_tenders(order_id=order.id, register=make.register(), tenders=[make.cash(1000)], now=make.NOW)

    assert order.status == "COMPLETED"
    assert "payments.payment_failed" in names()


def test_refusals_are_refusals() -> None:
    assert issubclass(TenderMismatch, Refusal)
    assert TenderMismatch.status == 422


def test_a_void_keeps_who_why_and_when_on_the_order_and_in_the_event() -> None:
    order, somebody = make.order(), new_id()

    void_order(order_id=order.id, reason="The customer left", register=make.register(), now=make.NOW, staff_id=somebody)

    order.refresh_from_db()
    assert (order.status, order.void_reason, order.voided_at, order.voided_by) == (
        "VOIDED", "The customer left", make.NOW, somebody,
    )  # fmt: skip
    voided = Event.objects.get(type="pos.order_voided").data
    assert (voided["reason"], voided["staff_id"]) == ("The customer left", str(somebody))
    assert voided["voided_at"] is not None


def test_a_void_needs_a_reason(api: Terminal) -> None:
    order = make.order()

    with nothing_happened():
        refused = [api.post(f"/orders/{order.id}/void", body) for body in ({}, {"reason": ""}, {"reason": "  "})]
    voided = api.post(f"/orders/{order.id}/void", {"reason": "x"}).json()

    assert [each.status_code for each in refused] == [422] * 3
    assert (voided["void_reason"], voided["voided_at"] is not None) == ("x", True)
