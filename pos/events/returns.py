"""Events of returns. Amounts are minor units of `currency`; quantities have three decimals."""

from datetime import date, datetime
from uuid import UUID

from events.event import Category, Event, event
from pos.events.lines import ReturnedLine
from pos.events.tenders import RefundedTender


@event("pos.return_completed", category=Category.INTEGRATION, stream="return:{return_id}", version=3)
class ReturnCompleted(Event):
    """Goods came back and money is to go out, to the last minor unit. Null is what is not known.

    :param exchange_order_id: the order that the goods were exchanged for.
    :param receipt: as it is printed. :param receipt_series: within which `number` is counted.
    """

    return_id: UUID
    order_id: UUID | None
    exchange_order_id: UUID | None
    register_id: UUID
    location_id: UUID
    location_name: str | None
    device_id: UUID | None
    shift_id: UUID | None
    staff_id: UUID | None
    approval_id: UUID | None
    customer_id: UUID | None
    business_date: date | None
    time_zone: str | None
    training: bool | None
    receipt_id: UUID | None
    receipt_series: str | None
    receipt: str
    number: int
    currency: str
    subtotal: int | None
    discount_total: int | None
    rounding_adjustment: int | None
    tax_total: int
    total: int
    lines: list[ReturnedLine]
    refunds: list[RefundedTender]
    occurred_at: datetime
    recorded_at: datetime | None
