"""Subscribers of payments."""

from collections.abc import Sequence

from events.subscribing import Delivery, subscriber
from payments import services
from payments.services import Abandoned, Charge, Received, refund_payment
from pos.events import (
    CardChargeRequested,
    OrderCompleted,
    OrderPlaced,
    OrderVoided,
    ReturnCompleted,
    TakenTender,
    TendersAdded,
)

Tendered = OrderPlaced | TendersAdded | CardChargeRequested


@subscriber("payments.charge_cards", OrderPlaced, TendersAdded, CardChargeRequested, batch=True)
def charge_cards(deliveries: Sequence[Delivery[Tendered]]) -> None:
    charges = [charge for delivery in deliveries for charge in _charges(delivery)]
    if charges:
        services.request_charges(charges=charges)


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
            register_id=tender.register_id,
            shift_id=tender.shift_id,
            business_date=delivery.event.business_date,
            cause=delivery.envelope.cause(),
        )
        for delivery in deliveries
        for tender in _taken(delivery.event)
    ]
    if received:
        services.record_payments(received=received)


def _taken(event: OrderCompleted | OrderPlaced | TendersAdded) -> list[TakenTender]:
    """Return the tenders that were taken. A placed order that owes nothing is completed: that event has them."""
    if isinstance(event, OrderPlaced) and not event.due:
        return []
    return [tender for tender in event.tenders or [] if tender.state == "SETTLED" and not tender.charged_here]


@subscriber("payments.abandon_charges", OrderCompleted, OrderVoided, batch=True)
def abandon_charges(deliveries: Sequence[Delivery[OrderCompleted | OrderVoided]]) -> None:
    abandoned = [
        Abandoned(tender_ids=delivery.event.abandoned_charges, cause=delivery.envelope.cause())
        for delivery in deliveries
        if delivery.event.abandoned_charges
    ]
    if abandoned:
        services.abandon_charges(abandoned=abandoned)


@subscriber("payments.refund_returns", ReturnCompleted)
def refund_returns(event: ReturnCompleted, _delivery: Delivery[ReturnCompleted]) -> None:
    for refund in event.refunds:
        refund_payment(
            refund_id=refund.refund_id,
            return_id=event.return_id,
            tender_id=refund.tender_id,
            tender_type=refund.tender_type,
            amount=refund.amount,
            currency=event.currency,
        )
