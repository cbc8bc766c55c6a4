"""Subscribers of payments."""

from collections.abc import Sequence

from events.subscribing import Delivery, subscriber
from payments.models import EXCHANGE, PaymentRefund
from payments.services import charging, recording
from payments.services.charging import Abandoned, Charge, request_charges
from payments.services.recording import Received
from payments.services.refunding import refund_payment
from pos.events import (
    CardChargeRequested,
    OrderCompleted,
    OrderPlaced,
    OrderVoided,
    RefundReplaced,
    ReturnCompleted,
    TakenTender,
    TendersAdded,
)

Tendered = OrderPlaced | TendersAdded | CardChargeRequested


@subscriber("payments.charge_cards", OrderPlaced, TendersAdded, CardChargeRequested, batch=True)
def charge_cards(deliveries: Sequence[Delivery[Tendered]]) -> None:
    charges = [charge for delivery in deliveries for charge in _charges(delivery)]
    if charges:
        request_charges(charges=charges)


def _charges(delivery: Delivery[Tendered]) -> list[Charge]:
    """Return the cards to charge. Orders of older code name none: each has a `pos.card_charge_requested`."""
    event, cause = delivery.event, delivery.envelope.cause()
    if isinstance(event, CardChargeRequested):
        return [
            Charge(
                order_id=event.order_id,
                tender_id=event.charge.tender_id,
                tender_type=event.charge.tender_type,
                amount=event.charge.amount,
                currency=event.currency,
                card_reference=event.charge.card_reference,
                cause=cause,
            )
        ]
    return [
        Charge(
            order_id=event.order_id,
            tender_id=tender.tender_id,
            tender_type=tender.tender_type,
            amount=tender.amount,
            currency=event.currency,
            location_id=event.location_id,
            register_id=tender.register_id,
            shift_id=tender.shift_id,
            staff_id=tender.staff_id,
            business_date=event.business_date,
            cause=cause,
        )
        for tender in event.tenders or ()
        if tender.charged_here
    ]


@subscriber("payments.record_payments", OrderCompleted, OrderPlaced, TendersAdded, batch=True)
def record_payments(deliveries: Sequence[Delivery[OrderCompleted | OrderPlaced | TendersAdded]]) -> None:
    """Record what was taken, when it is heard first: when an order is completed, or before, if that did not pay it."""
    received = [
        Received(
            order_id=delivery.event.order_id,
            tender_id=tender.tender_id,
            tender_type=tender.tender_type,
            amount=tender.amount - tender.change,
            currency=delivery.event.currency,
            occurred_at=delivery.event.occurred_at,
            reference=tender.reference or "",
            kind=tender.kind,
            location_id=delivery.event.location_id,
            register_id=tender.register_id,
            shift_id=tender.shift_id,
            staff_id=tender.staff_id,
            business_date=delivery.event.business_date,
            cause=delivery.envelope.cause(),
        )
        for delivery in deliveries
        for tender in _taken(delivery.event)
    ]
    if received:
        recording.record_payments(received=received)


def _taken(event: OrderCompleted | OrderPlaced | TendersAdded) -> list[TakenTender]:
    """Return the tenders whose money was taken. A placed order that owes nothing is completed: that event has them."""
    if isinstance(event, OrderPlaced) and not event.due:
        return []
    settled = [tender for tender in event.tenders or [] if tender.state == "SETTLED" and not tender.charged_here]
    return [tender for tender in settled if tender.kind != EXCHANGE]


@subscriber("payments.abandon_charges", OrderCompleted, OrderVoided, batch=True)
def abandon_charges(deliveries: Sequence[Delivery[OrderCompleted | OrderVoided]]) -> None:
    abandoned = [
        Abandoned(tender_ids=delivery.event.abandoned_charges, cause=delivery.envelope.cause())
        for delivery in deliveries
        if delivery.event.abandoned_charges
    ]
    if abandoned:
        charging.abandon_charges(abandoned=abandoned)


@subscriber("payments.refund_returns", ReturnCompleted, OrderVoided, RefundReplaced)
def refund_returns(
    event: ReturnCompleted | OrderVoided | RefundReplaced,
    _delivery: Delivery[ReturnCompleted | OrderVoided | RefundReplaced],
) -> None:
    """Give money back for a return or a cancelled order, or in the place of a refund that was refused."""
    for refund in event.refunds or []:
        if refund.kind == EXCHANGE:
            continue
        assert event.currency is not None
        refund_payment(
            refund=PaymentRefund(
                id=refund.refund_id,
                return_id=None if isinstance(event, OrderVoided) else event.return_id,
                order_id=event.order_id,
                tender_id=refund.tender_id,
                tender_type=refund.tender_type,
                kind=refund.kind,
                amount=refund.amount,
                currency=event.currency,
                location_id=event.location_id,
                register_id=refund.register_id,
                shift_id=refund.shift_id,
                staff_id=refund.staff_id,
                business_date=event.business_date,
                reference=refund.reference or "",
            ),
            through_gateway=refund.charged_here,
            occurred_at=event.voided_at if isinstance(event, OrderVoided) else event.occurred_at,
        )
