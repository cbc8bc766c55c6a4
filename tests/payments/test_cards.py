"""Cards: charged at most once, whatever the gateway does, and given back when the order does without them."""

from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from events.models import Outgoing
from events.operations.undelivered import send_again
from events.outgoing.calls import send
from events.testing.work import drain, names, settle, try_again
from kernel.ids import new_id
from payments.gateways.gateway import Answer, CardGateway, GatewayTimeout
from payments.gateways.simulator import SimulatedGateway
from payments.models import Payment, PaymentIntent, PaymentRefund, SimulatedCharge
from payments.services.charging import (
    Abandoned,
    Charge,
    abandon_charges,
    record_charge,
    record_no_answer,
    request_charges,
)
from payments.services.refunding import NotRecordedYet, record_refund, refund_payment
from pos.models import Order, Tender
from pos.orders.services.paying import add_tenders
from tenants.models import Tenant
from tests.support import make
from tests.support.unchanged import nothing_happened


@pytest.fixture(autouse=True)
def _catalogue(shop: Tenant) -> None:
    make.variant()
    make.shift()


def no_answer(_gateway: SimulatedGateway, **_asked: Any) -> Answer:
    raise GatewayTimeout("no answer")


def captured() -> int:
    return sum(charge.amount - sum(charge.refunds.values()) for charge in SimulatedCharge.objects.filter(approved=True))


def test_a_gateway_that_charges_but_does_not_answer_is_asked_and_charges_once() -> None:
    order = make.order(make.card(1000, "tok_late"))
    settle()
    assert PaymentIntent.objects.get().state == "UNKNOWN"

    try_again()

    order.refresh_from_db()
    assert order.status == "COMPLETED"
    assert PaymentIntent.objects.get().state == "CAPTURED"
    assert captured() == 1000


def test_a_gateway_that_never_answers_leaves_the_charge_unknown() -> None:
    order = make.order(make.card(1000, "tok_timeout"))
    settle()

    for _ in range(15):
        try_again()

    order.refresh_from_db()
    assert order.status == "PLACED"
    assert PaymentIntent.objects.get().state == "UNKNOWN"
    assert Outgoing.objects.get(kind="payments.charge").state == "UNKNOWN"
    assert captured() == 0


def test_a_charge_that_was_given_up_is_asked_for_before_it_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    order = make.order(make.card(1000, "tok_late"))
    with monkeypatch.context() as away:
        away.setattr(SimulatedGateway, "look_up", no_answer)
        settle()
        for _ in range(15):
            try_again()
        assert Outgoing.objects.get(kind="payments.charge").state == "UNKNOWN"
        assert captured() == 1000
    monkeypatch.setattr(SimulatedGateway, "charge", no_answer)

    send_again(operator="user:ada", kind="payments.charge")
    try_again()

    order.refresh_from_db()
    assert (order.status, PaymentIntent.objects.get().state, captured()) == ("COMPLETED", "CAPTURED", 1000)


def test_a_late_charge_goes_back_when_cash_was_taken_instead() -> None:
    order = make.order(make.card(1000, "tok_late"))
    settle()
    Tender.objects.filter(order=order).update(state="FAILED")
    add_tenders(order_id=order.id, register=make.register(), tenders=[make.cash(1000)], now=make.NOW)

    settle()
    try_again()

    assert Order.objects.get().status == "COMPLETED"
    assert captured() == 0
    assert PaymentRefund.objects.get().state == "COMPLETED"


def test_a_charge_of_a_voided_order_goes_back() -> None:
    order = make.order(make.card(400), lines=[make.asked()])
    settle()
    assert captured() == 400

    make.void(order, reason="changed their mind")
    settle()

    assert captured() == 0
    assert Payment.objects.get().refunded == 400


def test_a_charge_that_was_never_made_is_not_made_for_a_voided_order() -> None:
    order = make.order(make.card(1000, "tok_timeout"))
    settle()
    make.void(order, reason="changed their mind")
    settle()

    try_again()

    assert PaymentIntent.objects.get().state == "CANCELLED"
    assert captured() == 0
    assert "payments.payment_failed" in names()


def test_a_charge_by_a_worker_that_had_stalled_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    order = make.order(make.card(1000))
    drain("payments.charge_cards")
    row, charge = Outgoing.objects.get(), SimulatedGateway.charge

    def stall(gateway: SimulatedGateway, **asked: Any) -> Answer:
        monkeypatch.setattr(SimulatedGateway, "charge", charge)
        make.void(order, reason="took too long")
        drain("payments.abandon_charges")
        Outgoing.objects.filter(id=row.id).update(next_attempt_at=timezone.now())
        assert send(row.id) == "DELIVERED"
        assert PaymentIntent.objects.get().state == "CANCELLED"
        return charge(gateway, **asked)

    monkeypatch.setattr(SimulatedGateway, "charge", stall)
    send(row.id)
    assert captured() == 1000
    settle()

    assert captured() == 0
    assert Payment.objects.get().refunded == 1000


def test_what_builds_on_something_unheard_is_tried_again_later() -> None:
    with nothing_happened(), pytest.raises(NotRecordedYet):
        abandon_charges(abandoned=[Abandoned(tender_ids=[new_id()])])
    with nothing_happened(), pytest.raises(NotRecordedYet):
        refund = PaymentRefund(
            id=new_id(), return_id=new_id(), tender_id=new_id(), tender_type="cash", amount=1, currency="EUR"
        )
        refund_payment(refund=refund, through_gateway=False, occurred_at=None)


def test_an_answer_that_comes_twice_changes_nothing() -> None:
    make.order(make.card(1000))
    settle()
    intent = PaymentIntent.objects.get()
    before = names()

    record_charge(intent_id=intent.id, answer=Answer(approved=True, reference="ch_other"), now=make.NOW)
    record_no_answer(intent_id=intent.id)

    intent.refresh_from_db()
    assert intent.state == "CAPTURED"
    assert intent.reference != "ch_other"
    assert Payment.objects.count() == 1
    assert names() == before


def test_a_refund_that_the_gateway_refuses_stays_refused_whatever_it_answers_later() -> None:
    order = make.order(make.card(1000))
    settle()
    order.refresh_from_db()
    SimulatedCharge.objects.update(amount=1)

    make.return_(order, make.returning(order))
    settle()

    refund = PaymentRefund.objects.get()
    assert (refund.state, refund.failure) == ("FAILED", "more than was charged")
    record_refund(refund_id=refund.id, answer=Answer(approved=True, reference="re"), now=make.NOW)
    refund.refresh_from_db()
    assert refund.state == "FAILED"
    assert "payments.payment_refunded" not in names()


@pytest.mark.parametrize(
    "named", ["payments.gateways.simulator.NoSuchGateway", "payments.gateways.gateway.card_gateway"]
)
def test_a_process_does_not_start_without_a_gateway(settings: Any, named: str) -> None:
    settings.CARD_GATEWAY = named

    with pytest.raises(ImproperlyConfigured, match=f"CARD_GATEWAY is set to '{named}', which"):
        apps.get_app_config("payments").ready()


def test_the_simulator_answers_a_key_the_same_twice() -> None:
    gateway: CardGateway = SimulatedGateway()
    key = new_id()

    first = gateway.charge(key=key, amount=100, currency="EUR", card_token="tok_approve")
    again = gateway.charge(key=key, amount=100, currency="EUR", card_token="tok_approve")
    refund = new_id()
    for _ in range(2):
        gateway.refund(key=refund, charge_key=key, amount=60)

    assert first == again == gateway.look_up(key=key)
    assert captured() == 40
    assert gateway.look_up(key=new_id()) is None


def test_no_card_number_is_in_an_event_or_a_row() -> None:
    make.order(make.card(1000))
    settle()

    assert PaymentIntent.objects.get().card_token == "tok_approve"


def test_an_event_applied_twice_charges_once() -> None:
    order_id, tender_id = new_id(), new_id()
    charge = Charge(
        order_id=order_id,
        tender_id=tender_id,
        tender_type="gateway",
        amount=5,
        currency="EUR",
        card_reference="token:tok_approve",
    )
    request_charges(charges=[charge])
    settle()

    assert drain("payments.charge_cards") == 0
    assert captured() == 5
