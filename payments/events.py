"""Events of payments. Amounts are minor units of `currency`. Null is what is not known."""

from datetime import datetime
from uuid import UUID

from events.event import Category, Event, event
from events.versions import Data, downcaster, extended, reduced, upcaster

NEVER_CHARGED_REASON = "the gateway never got it"


@event("payments.payment_completed", category=Category.INTEGRATION, stream="payment:{payment_id}", version=2)
class PaymentCompleted(Event):
    """Money was received for an order. `charged_here` when the backend charged the card through its gateway.

    :param kind: of the tender type: CASH, CARD, GATEWAY or OTHER. :param register_id: where it was taken.
    :param location_id: that of the register; null where older code asked for it.
    """

    payment_id: UUID
    order_id: UUID
    tender_id: UUID
    tender_type: str
    kind: str | None
    amount: int
    currency: str
    charged_here: bool
    reference: str
    location_id: UUID | None
    register_id: UUID | None
    shift_id: UUID | None
    staff_id: UUID | None
    occurred_at: datetime | None


@event("payments.payment_failed", category=Category.INTEGRATION, stream="tender:{tender_id}", version=3)
class PaymentFailed(Event):
    """A card was not charged; what it should have paid is still due. `outcome` is DECLINED or NEVER_CHARGED."""

    order_id: UUID
    tender_id: UUID
    tender_type: str | None
    amount: int
    currency: str
    outcome: str
    reason: str
    location_id: UUID | None
    register_id: UUID | None
    shift_id: UUID | None
    staff_id: UUID | None


@event("payments.payment_refunded", category=Category.INTEGRATION, stream="refund:{refund_id}", version=2)
class PaymentRefunded(Event):
    """Money went back to the customer.

    :param order_id: whose payment it was. :param tender_id: the tender of the order that it went back to.
    :param register_id: where it was given back. :param location_id: that of the register; null as in payments.
    :param occurred_at: when a till paid it out, or the gateway took it back.
    """

    refund_id: UUID
    payment_id: UUID | None
    return_id: UUID | None
    order_id: UUID | None
    tender_id: UUID | None
    tender_type: str
    kind: str | None
    amount: int
    currency: str
    charged_here: bool | None
    reference: str | None
    location_id: UUID | None
    register_id: UUID | None
    shift_id: UUID | None
    staff_id: UUID | None
    occurred_at: datetime | None


@event("payments.refund_failed", category=Category.INTEGRATION, stream="refund:{refund_id}")
class RefundFailed(Event):
    """The gateway refused to give money back: the shop owes it to the customer until it goes back another way."""

    refund_id: UUID
    payment_id: UUID | None
    return_id: UUID | None
    order_id: UUID | None
    tender_id: UUID | None
    tender_type: str
    amount: int
    currency: str
    reason: str
    location_id: UUID | None
    register_id: UUID | None
    shift_id: UUID | None
    staff_id: UUID | None


COMPLETED_1 = frozenset(
    {"payment_id", "order_id", "tender_id", "tender_type", "amount", "currency", "charged_here", "reference"}
)
FAILED_2 = frozenset({"order_id", "tender_id", "amount", "currency", "outcome", "reason"})
REFUNDED_1 = frozenset({"refund_id", "payment_id", "return_id", "tender_type", "amount", "currency"})


@upcaster("payments.payment_completed", version=2)
def received_without_details(data: Data) -> Data:
    return extended(PaymentCompleted, data)


@downcaster("payments.payment_completed", version=1)
def received_as_it_was(data: Data) -> Data:
    return reduced(data, COMPLETED_1)


@upcaster("payments.payment_failed", version=2)
def tell_declined_from_never_charged(data: Data) -> Data:
    return {**data, "outcome": "NEVER_CHARGED" if data["reason"] == NEVER_CHARGED_REASON else "DECLINED"}


@downcaster("payments.payment_failed", version=1)
def leave_the_outcome_to_the_reason(data: Data) -> Data:
    return {name: value for name, value in data.items() if name != "outcome"}


@upcaster("payments.payment_failed", version=3)
def failed_without_details(data: Data) -> Data:
    return extended(PaymentFailed, data)


@downcaster("payments.payment_failed", version=2)
def failed_as_it_was(data: Data) -> Data:
    return reduced(data, FAILED_2)


@upcaster("payments.payment_refunded", version=2)
def refunded_without_details(data: Data) -> Data:
    return extended(PaymentRefunded, data)


@downcaster("payments.payment_refunded", version=1)
def refunded_as_it_was(data: Data) -> Data:
    return reduced(data, REFUNDED_1)
