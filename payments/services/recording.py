"""Payments are recorded: what tills received for orders, when they received it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from events.log.causes import Cause, caused_by, current_cause
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from payments.events import PaymentCompleted
from payments.models import GATEWAY, Payment


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
    location_id: UUID | None = None
    register_id: UUID | None = None
    shift_id: UUID | None = None
    staff_id: UUID | None = None
    business_date: date | None = None
    cause: Cause = field(default_factory=current_cause)

    @property
    def recorded_as(self) -> tuple[UUID, int, str]:
        return self.tender_id, self.amount, self.currency


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
                location_id=each.location_id,
                register_id=each.register_id,
                shift_id=each.shift_id,
                staff_id=each.staff_id,
                business_date=each.business_date,
            )
            for each in fresh
        ]
        unit.insert_later(payments)
        for payment, each in zip(payments, fresh, strict=True):
            with caused_by(each.cause):
                announce(payment, charged_here=False)


def announce(payment: Payment, *, charged_here: bool) -> None:
    publish(
        PaymentCompleted(
            payment_id=payment.id,
            order_id=payment.order_id,
            tender_id=payment.tender_id,
            tender_type=payment.tender_type,
            kind=payment.kind or (GATEWAY if charged_here else None),
            amount=payment.amount,
            currency=payment.currency,
            charged_here=charged_here,
            reference=payment.reference,
            location_id=payment.location_id,
            register_id=payment.register_id,
            shift_id=payment.shift_id,
            staff_id=payment.staff_id,
            occurred_at=payment.occurred_at,
        ),
        occurred_at=payment.occurred_at,
    )
