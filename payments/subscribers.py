"""Subscribers of payments."""

from collections.abc import Sequence

from events.subscribing import Delivery, subscriber
from payments import services
from payments.services import Abandoned, Received, refund_payment, request_charge, take_card_token
from pos.events import CardChargeRequested, OrderCompleted, OrderVoided, ReturnCompleted


@subscriber("payments.charge_cards", CardChargeRequested)
def charge_cards(event: CardChargeRequested, _delivery: Delivery[CardChargeRequested]) -> None:
    request_charge(
        order_id=event.order_id,
        tender_id=event.charge.tender_id,
        tender_type=event.charge.tender_type,
        amount=event.charge.amount,
        currency=event.currency,
        card_token=take_card_token(card_reference=event.charge.card_reference),
    )


@subscriber("payments.record_payments", OrderCompleted, batch=True)
def record_payments(deliveries: Sequence[Delivery[OrderCompleted]]) -> None:
    received = [
        Received(
            order_id=delivery.event.order_id,
            tender_id=tender.tender_id,
            tender_type=tender.tender_type,
            amount=tender.amount - tender.change,
            currency=delivery.event.currency,
            occurred_at=delivery.event.occurred_at,
            cause=delivery.envelope.cause(),
        )
        for delivery in deliveries
        for tender in delivery.event.tenders
        if not tender.charged_here
    ]
    if received:
        services.record_payments(received=received)


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
