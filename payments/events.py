"""What the cash office says. Amounts are minor units of `currency`."""

from uuid import UUID

from events.event import Category, event


@event("payments.payment_completed", category=Category.INTEGRATION, stream="payment:{payment_id}")
class PaymentCompleted:
    """Money was received for an order. `charged_here` when the backend charged the card through its gateway."""

    payment_id: UUID
    order_id: UUID
    tender_id: UUID
    tender_type: str
    amount: int
    currency: str
    charged_here: bool
    reference: str


@event("payments.payment_failed", category=Category.INTEGRATION, stream="tender:{tender_id}")
class PaymentFailed:
    """A card was declined, or was never charged; what it should have paid is still due."""

    order_id: UUID
    tender_id: UUID
    amount: int
    currency: str
    reason: str


@event("payments.payment_refunded", category=Category.INTEGRATION, stream="refund:{refund_id}")
class PaymentRefunded:
    """Money went back to the customer."""

    refund_id: UUID
    payment_id: UUID | None
    return_id: UUID | None
    tender_type: str
    amount: int
    currency: str
