"""Events of returns. Amounts are minor units of `currency`; quantities have three decimals."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from events.event import Category, Event, event
from events.versions import downcaster, upcaster


@dataclass(frozen=True, kw_only=True)
class ReturnedLine:
    """A line of a return. `disposition` says where the goods went: RESTOCK, or NONE (they do not go on the shelf)."""

    line_id: UUID
    variant_id: UUID | None
    sku: str
    description: str
    quantity: Decimal
    tax_total: int
    total: int
    disposition: str


@dataclass(frozen=True, kw_only=True)
class RefundedTender:
    """Money to give back; `tender_id` is the order's tender it came from, where that is known."""

    refund_id: UUID
    tender_id: UUID | None
    tender_type: str
    kind: str
    amount: int
    charged_here: bool


@event("pos.return_completed", category=Category.INTEGRATION, stream="return:{return_id}", version=2)
class ReturnCompleted(Event):
    """Goods came back and money is to go out, to the last minor unit."""

    return_id: UUID
    order_id: UUID | None
    register_id: UUID
    location_id: UUID
    receipt: str
    number: int
    currency: str
    tax_total: int
    total: int
    lines: list[ReturnedLine]
    refunds: list[RefundedTender]
    occurred_at: datetime


@upcaster("pos.return_completed", version=2)
def say_what_became_of_the_goods(data: dict[str, Any]) -> dict[str, Any]:
    lines = [
        {**{name: value for name, value in line.items() if name != "restocked"}, "disposition": disposition}
        for line in data["lines"]
        for disposition in ["RESTOCK" if line["restocked"] else "NONE"]
    ]
    return {**data, "lines": lines}


@downcaster("pos.return_completed", version=1)
def say_whether_goods_were_restocked(data: dict[str, Any]) -> dict[str, Any]:
    lines = [
        {**{name: value for name, value in line.items() if name != "disposition"}, "restocked": restocked}
        for line in data["lines"]
        for restocked in [line["disposition"] == "RESTOCK"]
    ]
    return {**data, "lines": lines}
