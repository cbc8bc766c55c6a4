"""Events of payments. Amounts are minor units of `currency`."""

from typing import Any
from uuid import UUID

from events.event import Category, Event, event
from events.versions import downcaster, upcaster

NEVER_CHARGED_REASON = "the gateway never got it"


@event("payments.payment_completed", category=Category.INTEGRATION, stream="payment:{payment_id}")
class PaymentCompleted(Event):
    """Money was received for an order. `charged_here` when the backend charged the card through its gateway."""

    payment_id: UUID
    order_id: UUID
    tender_id: UUID
    tender_type: str
    amount: int
    currency: str
    charged_here: bool
    reference: str


@event("payments.payment_failed", category=Category.INTEGRATION, stream="tender:{tender_id}", version=2)
class PaymentFailed(Event):
    """A card was not charged; what it should have paid is still due. `outcome` is DECLINED or NEVER_CHARGED."""

    order_id: UUID
    tender_id: UUID
    amount: int
    currency: str
    outcome: str
    reason: str


@upcaster("payments.payment_failed", version=2)
def tell_declined_from_never_charged(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "outcome": "NEVER_CHARGED" if data["reason"] == NEVER_CHARGED_REASON else "DECLINED"}


@downcaster("payments.payment_failed", version=1)
def leave_the_outcome_to_the_reason(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != "outcome"}


@event("payments.payment_refunded", category=Category.INTEGRATION, stream="refund:{refund_id}")
class PaymentRefunded(Event):
    """Money went back to the customer."""

    refund_id: UUID
    payment_id: UUID | None
    return_id: UUID | None
    tender_type: str
    amount: int
    currency: str
