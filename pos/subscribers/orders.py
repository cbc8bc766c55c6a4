"""Subscribers for orders."""

from django.utils import timezone

from events.subscribing import Delivery, subscriber
from payments.events import PaymentCompleted, PaymentFailed
from pos.orders.services.paying import settle_card_tender
from pos.orders.tenders import fail_card_tender


@subscriber("pos.settle_card_tenders", PaymentCompleted)
def settle_card_tenders(event: PaymentCompleted, _delivery: Delivery[PaymentCompleted]) -> None:
    if event.charged_here:
        settle_card_tender(
            tender_id=event.tender_id, order_id=event.order_id, reference=event.reference, now=timezone.now()
        )


@subscriber("pos.fail_card_tenders", PaymentFailed)
def fail_card_tenders(event: PaymentFailed, _delivery: Delivery[PaymentFailed]) -> None:
    fail_card_tender(tender_id=event.tender_id, order_id=event.order_id, reason=event.reason)
