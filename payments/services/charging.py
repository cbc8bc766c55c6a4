"""Cards are charged: intents first, then their outcome; and what orders do without goes back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from events.log.causes import Cause, caused_by, current_cause
from events.outgoing.calls import send_later
from events.publishing.publish import publish
from events.publishing.safekeeping import reference_of, take
from events.publishing.unit_of_work import unit_of_work
from kernel.limits import REASON, REFERENCE
from kernel.text import clipped
from payments.events import NEVER_CHARGED_REASON, PaymentFailed
from payments.gateways.gateway import Answer
from payments.models import GATEWAY, Payment, PaymentIntent
from payments.services.recording import announce
from payments.services.refunding import NotRecordedYet, give_back

CHARGE = "payments.charge"
TOKEN_MARK = "token:"  # noqa: S105 - not a secret, the mark of one


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A card to charge. `amount` in minor units. Null is what the event does not say.

    :param card_reference: where older events say that the token is: a reference, or `token:` and the token itself.
    :param cause: of the call to the gateway.
    """

    order_id: UUID
    tender_id: UUID
    tender_type: str
    amount: int
    currency: str
    card_reference: str = ""
    location_id: UUID | None = None
    register_id: UUID | None = None
    shift_id: UUID | None = None
    staff_id: UUID | None = None
    business_date: date | None = None
    cause: Cause = field(default_factory=current_cause)


@dataclass(frozen=True, kw_only=True)
class Abandoned:
    """Cards that an order does without. :param cause: of what is given back for it."""

    tender_ids: Sequence[UUID]
    cause: Cause = field(default_factory=current_cause)


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
                location_id=each.location_id,
                register_id=each.register_id,
                shift_id=each.shift_id,
                staff_id=each.staff_id,
                business_date=each.business_date,
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
                location_id=intent.location_id,
                register_id=intent.register_id,
                shift_id=intent.shift_id,
                staff_id=intent.staff_id,
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
                    give_back(intent.payment)


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
        kind=GATEWAY,
        location_id=intent.location_id,
        register_id=intent.register_id,
        shift_id=intent.shift_id,
        staff_id=intent.staff_id,
        business_date=intent.business_date,
        occurred_at=now,
    )
    announce(payment, charged_here=True)
    if intent.abandoned:
        give_back(payment)
