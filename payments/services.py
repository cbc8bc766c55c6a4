"""What the cash office can do: record payments, charge cards, refund, and give back what was charged in vain."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db.models import F

from events.log.causes import Cause, caused_by, current_cause
from events.outgoing.calls import send_later
from events.publishing.publish import publish
from events.publishing.safekeeping import reference_of, take
from events.publishing.unit_of_work import unit_of_work
from kernel.ids import new_id
from kernel.limits import REASON, REFERENCE
from kernel.text import clipped
from payments.events import NEVER_CHARGED_REASON, PaymentCompleted, PaymentFailed, PaymentRefunded
from payments.gateways.gateway import Answer
from payments.models import Payment, PaymentIntent, PaymentRefund

CHARGE = "payments.charge"
REFUND = "payments.refund"
TOKEN_MARK = "token:"  # noqa: S105 - not a secret, the mark of one


class NotRecordedYet(Exception):
    """What this builds on has not been heard yet; the retry comes after it."""


@dataclass(frozen=True, kw_only=True)
class Received:
    """Money that a till took for an order. `amount` in minor units, without the change.

    :param cause: of what is published for it.
    """

    order_id: UUID
    tender_id: UUID
    tender_type: str
    amount: int
    currency: str
    occurred_at: datetime
    reference: str = ""
    kind: str = ""
    register_id: UUID | None = None
    shift_id: UUID | None = None
    business_date: date | None = None
    cause: Cause = field(default_factory=current_cause)

    @property
    def recorded_as(self) -> tuple[UUID, int, str]:
        return self.tender_id, self.amount, self.currency


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A card to charge. `amount` in minor units.

    :param card_reference: where older events say that the token is: a reference, or `token:` and the token itself.
    :param cause: of the call to the gateway.
    """

    order_id: UUID
    tender_id: UUID
    tender_type: str
    amount: int
    currency: str
    card_reference: str = ""
    cause: Cause = field(default_factory=current_cause)


@dataclass(frozen=True, kw_only=True)
class Abandoned:
    """Cards that an order does without. :param cause: of what is given back for it."""

    tender_ids: Sequence[UUID]
    cause: Cause = field(default_factory=current_cause)


def record_payments(*, received: Sequence[Received]) -> None:
    """Record what tills received for orders, in the round trip that ends the unit of work. What is there stays."""
    with unit_of_work() as unit:
        recorded = Payment.objects.filter(tender_id__in=[each.tender_id for each in received])
        known = set(recorded.values_list("tender_id", "amount", "currency"))
        first = {each.tender_id: each for each in reversed(received)}
        fresh = [each for each in received if each.recorded_as not in known and first[each.tender_id] is each]
        payments = [
            Payment(
                order_id=each.order_id,
                tender_id=each.tender_id,
                tender_type=each.tender_type,
                amount=each.amount,
                currency=each.currency,
                occurred_at=each.occurred_at,
                reference=each.reference,
                kind=each.kind,
                register_id=each.register_id,
                shift_id=each.shift_id,
                business_date=each.business_date,
            )
            for each in fresh
        ]
        unit.insert_later(payments)
        for payment, each in zip(payments, fresh, strict=True):
            with caused_by(each.cause):
                _announce(payment, charged_here=False)


def request_charges(*, charges: Sequence[Charge]) -> None:
    """Write the intents to charge cards; a separate task calls the gateway. Each token is kept elsewhere no longer.

    A tender that has an intent is not charged again: old and new code may both ask for it.

    :raises SecretGone: when a token is no longer kept.
    """
    with unit_of_work():
        tenders = {each.tender_id: each for each in charges}
        known = set(PaymentIntent.objects.filter(tender_id__in=tenders).values_list("tender_id", flat=True))
        for each in tenders.values():
            if each.tender_id in known:
                continue
            intent = PaymentIntent.objects.create(
                order_id=each.order_id,
                tender_id=each.tender_id,
                tender_type=each.tender_type,
                amount=each.amount,
                currency=each.currency,
                card_token=_take_token(each),
            )
            with caused_by(each.cause):
                send_later(CHARGE, intent.id)


def _take_token(charge: Charge) -> str:
    if charge.card_reference.startswith(TOKEN_MARK):
        return charge.card_reference.removeprefix(TOKEN_MARK)
    if charge.card_reference:
        return take(UUID(charge.card_reference))
    return take(reference_of(f"tender:{charge.tender_id}"))


def record_charge(*, intent_id: UUID, answer: Answer | None, now: datetime) -> None:
    """Write the outcome of a charge: captured, declined, or (None) never made."""
    with unit_of_work():
        intent = PaymentIntent.objects.select_for_update(no_key=True).get(id=intent_id)
        if intent.state in {PaymentIntent.State.CAPTURED, PaymentIntent.State.FAILED}:
            return
        if answer is not None and answer.approved:
            _capture(intent, answer, now)
            return
        intent.state = PaymentIntent.State.FAILED if answer else PaymentIntent.State.CANCELLED
        intent.failure = clipped(answer.reason, REASON) if answer else NEVER_CHARGED_REASON
        intent.save(update_fields=["state", "failure"])
        publish(
            PaymentFailed(
                order_id=intent.order_id,
                tender_id=intent.tender_id,
                tender_type=intent.tender_type,
                amount=intent.amount,
                currency=intent.currency,
                outcome="DECLINED" if answer else "NEVER_CHARGED",
                reason=intent.failure,
                location_id=None,
                register_id=None,
                shift_id=None,
                staff_id=None,
            )
        )


def record_no_answer(*, intent_id: UUID) -> None:
    """Write that the gateway did not answer: whether the card was charged is not known."""
    PaymentIntent.objects.filter(id=intent_id, state=PaymentIntent.State.CREATED).update(
        state=PaymentIntent.State.UNKNOWN
    )


def abandon_charges(*, abandoned: Sequence[Abandoned]) -> None:
    """See to it that cards which orders do without do not stay charged.

    :raises NotRecordedYet: when an intent has not been written yet.
    """
    causes = {tender_id: each.cause for each in abandoned for tender_id in each.tender_ids}
    with unit_of_work():
        locked = PaymentIntent.objects.select_for_update(no_key=True).order_by("id")
        intents = list(locked.filter(tender_id__in=causes))
        if len(intents) < len(causes):
            message = f"{len(causes) - len(intents)} intents are not recorded yet"
            raise NotRecordedYet(message)
        PaymentIntent.objects.filter(tender_id__in=causes).update(abandoned=True)
        for intent in intents:
            if intent.state == PaymentIntent.State.CAPTURED:
                with caused_by(causes[intent.tender_id]):
                    _give_back(intent.payment)


def refund_payment(
    *, refund_id: UUID, return_id: UUID, tender_id: UUID | None, tender_type: str, amount: int, currency: str
) -> None:
    """Give money back for a return: at once where the till paid it out, through the gateway where that charged.

    :raises NotRecordedYet: when the payment it goes back to has not been recorded yet.
    """
    with unit_of_work():
        payment = Payment.objects.filter(tender_id=tender_id).first() if tender_id else None
        if tender_id and payment is None:
            message = f"the payment of tender {tender_id} is not recorded yet"
            raise NotRecordedYet(message)
        _refund(
            PaymentRefund(
                id=refund_id,
                payment=payment,
                return_id=return_id,
                tender_type=tender_type,
                amount=amount,
                currency=currency,
            )
        )


def record_refund(*, refund_id: UUID, answer: Answer) -> None:
    """Write the gateway's answer to a refund."""
    with unit_of_work():
        refund = PaymentRefund.objects.select_for_update(no_key=True).get(id=refund_id)
        if refund.state != PaymentRefund.State.PENDING:
            return
        refund.state = PaymentRefund.State.COMPLETED if answer.approved else PaymentRefund.State.FAILED
        refund.reference = clipped(answer.reference or answer.reason, REFERENCE)
        refund.save(update_fields=["state", "reference"])
        if answer.approved:
            _announce_refund(refund)


def _capture(intent: PaymentIntent, answer: Answer, now: datetime) -> None:
    intent.state, intent.reference = PaymentIntent.State.CAPTURED, clipped(answer.reference, REFERENCE)
    intent.save(update_fields=["state", "reference"])
    payment = Payment.objects.create(
        order_id=intent.order_id,
        tender_id=intent.tender_id,
        intent=intent,
        tender_type=intent.tender_type,
        amount=intent.amount,
        currency=intent.currency,
        reference=intent.reference,
        occurred_at=now,
    )
    _announce(payment, charged_here=True)
    if intent.abandoned:
        _give_back(payment)


def _give_back(payment: Payment) -> None:
    left = payment.amount - payment.refunded
    if left:
        _refund(
            PaymentRefund(
                id=new_id(),
                payment=payment,
                tender_type=payment.tender_type,
                amount=left,
                currency=payment.currency,
            )
        )


def _refund(refund: PaymentRefund) -> None:
    payment = refund.payment
    through_gateway = payment is not None and payment.intent_id is not None
    refund.state = PaymentRefund.State.PENDING if through_gateway else PaymentRefund.State.COMPLETED
    refund.save(force_insert=True)
    if payment is not None:
        Payment.objects.filter(id=payment.id).update(refunded=F("refunded") + refund.amount)
    if through_gateway:
        send_later(REFUND, refund.id)
    else:
        _announce_refund(refund)


def _announce(payment: Payment, *, charged_here: bool) -> None:
    publish(
        PaymentCompleted(
            payment_id=payment.id,
            order_id=payment.order_id,
            tender_id=payment.tender_id,
            tender_type=payment.tender_type,
            kind=payment.kind or ("GATEWAY" if charged_here else None),
            amount=payment.amount,
            currency=payment.currency,
            charged_here=charged_here,
            reference=payment.reference,
            location_id=None,
            register_id=payment.register_id,
            shift_id=payment.shift_id,
            staff_id=None,
            occurred_at=payment.occurred_at,
        ),
        occurred_at=payment.occurred_at,
    )


def _announce_refund(refund: PaymentRefund) -> None:
    payment = refund.payment
    publish(
        PaymentRefunded(
            refund_id=refund.id,
            payment_id=refund.payment_id,
            return_id=refund.return_id,
            order_id=payment.order_id if payment else None,
            tender_id=payment.tender_id if payment else None,
            tender_type=refund.tender_type,
            kind=None,
            amount=refund.amount,
            currency=refund.currency,
            charged_here=payment is not None and payment.intent_id is not None,
            reference=refund.reference,
            location_id=None,
            register_id=None,
            shift_id=None,
            staff_id=None,
            occurred_at=None,
        )
    )
