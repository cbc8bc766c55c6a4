"""Subscribers for orders."""

from django.utils import timezone

from events.subscribing import Delivery, subscriber
from payments.events import PaymentCompleted, PaymentFailed, PaymentRefunded, RefundFailed
from pos.events import ExceptionOpened, ShiftOpened
from pos.exceptions.models import ExceptionCase
from pos.orders.services.joining import join_first_shift, join_shift
from pos.orders.services.paying import settle_card_tender
from pos.orders.tenders import fail_card_tender
from pos.refunds.services import Outcome, note_outcome


@subscriber("pos.settle_card_tenders", PaymentCompleted)
def settle_card_tenders(event: PaymentCompleted, _delivery: Delivery[PaymentCompleted]) -> None:
    if event.charged_here:
        settle_card_tender(
            tender_id=event.tender_id, order_id=event.order_id, reference=event.reference, now=timezone.now()
        )


@subscriber("pos.fail_card_tenders", PaymentFailed)
def fail_card_tenders(event: PaymentFailed, _delivery: Delivery[PaymentFailed]) -> None:
    fail_card_tender(tender_id=event.tender_id, order_id=event.order_id, reason=event.reason)


@subscriber("pos.join_shifts", ShiftOpened, ExceptionOpened)
def join_shifts(event: ShiftOpened | ExceptionOpened, _delivery: Delivery[ShiftOpened | ExceptionOpened]) -> None:
    """Let sales that no shift was open for belong to the one that is opened, also where the sale commits after it."""
    if isinstance(event, ShiftOpened):
        join_shift(shift_id=event.shift_id, now=timezone.now())
    elif event.kind == ExceptionCase.Kind.NO_SHIFT:
        join_first_shift(order_id=event.command_id, now=timezone.now())


@subscriber("pos.note_refunds", PaymentRefunded, RefundFailed)
def note_refunds(event: PaymentRefunded | RefundFailed, _delivery: Delivery[PaymentRefunded | RefundFailed]) -> None:
    """Note how refunds through the gateway ended. What a till paid out is noted already."""
    if isinstance(event, PaymentRefunded) and event.charged_here is False:
        return
    outcome = Outcome(
        refund_id=event.refund_id,
        return_id=event.return_id,
        order_id=event.order_id,
        tender_id=event.tender_id,
        amount=event.amount,
        reference="" if isinstance(event, RefundFailed) else event.reference or "",
        failure=event.reason if isinstance(event, RefundFailed) else "",
    )
    note_outcome(outcome, now=timezone.now())
