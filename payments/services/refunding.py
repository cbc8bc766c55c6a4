"""Money goes back: booked where a till paid it out, through the gateway where that charged, and owed if it refuses."""

from datetime import datetime
from uuid import UUID

from django.db.models import F

from events.outgoing.calls import send_later
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.ids import new_id
from kernel.limits import REASON, REFERENCE
from kernel.text import clipped
from payments.events import PaymentRefunded, RefundFailed
from payments.gateways.gateway import Answer
from payments.models import GATEWAY, Payment, PaymentRefund

REFUND = "payments.refund"
REFUSED_WITHOUT_REASON = "the gateway refused it and gave no reason"


class NotRecordedYet(Exception):
    """What this builds on has not been heard yet; the retry comes after it."""


def refund_payment(*, refund: PaymentRefund, through_gateway: bool, occurred_at: datetime | None) -> None:
    """Give money back: through the gateway, or book what a till has paid out.

    :param refund: not saved yet; its `tender_id` names the payment that it goes against.
    :param occurred_at: when a till paid it out, where that is known.
    :raises NotRecordedYet: when that payment has not been recorded yet.
    """
    with unit_of_work():
        refund.payment = Payment.objects.filter(tender_id=refund.tender_id).first() if refund.tender_id else None
        if refund.tender_id and refund.payment is None:
            message = f"the payment of tender {refund.tender_id} is not recorded yet"
            raise NotRecordedYet(message)
        if through_gateway:
            _begin(refund)
        else:
            _book(refund, occurred_at)


def record_refund(*, refund_id: UUID, answer: Answer, now: datetime) -> None:
    """Write the gateway's answer to a refund."""
    with unit_of_work():
        refund = PaymentRefund.objects.select_for_update(no_key=True).get(id=refund_id)
        if refund.state != PaymentRefund.State.PENDING:
            return
        refund.state = PaymentRefund.State.COMPLETED if answer.approved else PaymentRefund.State.FAILED
        refund.reference = clipped(answer.reference, REFERENCE)
        refund.failure = "" if answer.approved else clipped(answer.reason or REFUSED_WITHOUT_REASON, REASON)
        refund.save(update_fields=["state", "reference", "failure"])
        if answer.approved:
            _announce_refund(refund, now)
        else:
            Payment.objects.filter(refunds=refund).update(refunded=F("refunded") - refund.amount)
            _announce_refusal(refund)


def give_back(payment: Payment) -> None:
    """Give back what is left of a charge that its order does without."""
    left = payment.amount - payment.refunded
    if left:
        _begin(
            PaymentRefund(
                id=new_id(),
                payment=payment,
                order_id=payment.order_id,
                tender_id=payment.tender_id,
                tender_type=payment.tender_type,
                kind=GATEWAY,
                amount=left,
                currency=payment.currency,
                location_id=payment.location_id,
            )
        )


def _begin(refund: PaymentRefund) -> None:
    _save(refund, PaymentRefund.State.PENDING)
    send_later(REFUND, refund.id)


def _book(refund: PaymentRefund, occurred_at: datetime | None) -> None:
    _save(refund, PaymentRefund.State.COMPLETED)
    _announce_refund(refund, occurred_at)


def _save(refund: PaymentRefund, state: PaymentRefund.State) -> None:
    refund.state = state
    refund.save(force_insert=True)
    if refund.payment_id is not None:
        Payment.objects.filter(id=refund.payment_id).update(refunded=F("refunded") + refund.amount)


def _announce_refund(refund: PaymentRefund, occurred_at: datetime | None) -> None:
    payment = refund.payment
    publish(
        PaymentRefunded(
            refund_id=refund.id,
            payment_id=refund.payment_id,
            return_id=refund.return_id,
            order_id=payment.order_id if payment else refund.order_id,
            tender_id=payment.tender_id if payment else None,
            tender_type=refund.tender_type,
            kind=refund.kind or None,
            amount=refund.amount,
            currency=refund.currency,
            charged_here=refund.goes_through_gateway,
            reference=refund.reference,
            location_id=refund.location_id,
            register_id=refund.register_id,
            shift_id=refund.shift_id,
            staff_id=refund.staff_id,
            occurred_at=occurred_at,
        ),
        occurred_at=occurred_at,
    )


def _announce_refusal(refund: PaymentRefund) -> None:
    payment = refund.payment
    publish(
        RefundFailed(
            refund_id=refund.id,
            payment_id=refund.payment_id,
            return_id=refund.return_id,
            order_id=payment.order_id if payment else refund.order_id,
            tender_id=payment.tender_id if payment else None,
            tender_type=refund.tender_type,
            amount=refund.amount,
            currency=refund.currency,
            reason=refund.failure,
            location_id=refund.location_id,
            register_id=refund.register_id,
            shift_id=refund.shift_id,
            staff_id=refund.staff_id,
        )
    )
