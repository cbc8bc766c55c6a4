"""Subscribers of payments."""

from events.subscribing import Delivery, subscriber
from payments import services
from payments.services import Received, record_payment, refund_payment, request_charge, take_card_token
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


@subscriber("payments.record_payments", OrderCompleted)
def record_payments(event: OrderCompleted, _delivery: Delivery[OrderCompleted]) -> None:
    for tender in event.tenders:
        if not tender.charged_here:
            received = Received(
                tender_id=tender.tender_id, tender_type=tender.tender_type, amount=tender.amount - tender.change
            )
            record_payment(
                order_id=event.order_id, received=received, currency=event.currency, occurred_at=event.occurred_at
            )


@subscriber("payments.abandon_charges", OrderCompleted, OrderVoided)
def abandon_charges(event: OrderCompleted | OrderVoided, _delivery: Delivery[OrderCompleted | OrderVoided]) -> None:
    if event.abandoned_charges:
        services.abandon_charges(tender_ids=event.abandoned_charges)


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
