"""Events of receipts."""

from datetime import datetime
from uuid import UUID

from events.event import Category, Event, event


@event("pos.receipt_issued", category=Category.INTEGRATION, stream="receipt:{receipt_id}")
class ReceiptIssued(Event):
    """A receipt has its number and its place in the chain of its series: `hash` covers it and all before it.

    `kind` is ORDER, RETURN, Z, X, CASH (cash that was moved) or CORRECTION (an amendment of a Z). A training receipt
    belongs to a series apart, and to no total.
    """

    receipt_id: UUID
    kind: str
    series: str
    number: int
    hash: str
    register_id: UUID
    order_id: UUID | None
    return_id: UUID | None
    training: bool
    issued_at: datetime
