"""What the tills say. Amounts are minor units of `currency`; quantities have three decimals."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from events.event import Category, event
from events.versions import downcaster, upcaster

TOKEN_MARK = "token:"  # noqa: S105 - not a secret, the mark of one


@dataclass(frozen=True, kw_only=True)
class SoldLine:
    """A line of an order. `stocked` says whether goods leave the stock for it."""

    line_id: UUID
    variant_id: UUID | None
    sku: str
    description: str
    quantity: Decimal
    unit_price: int
    tax_total: int
    total: int
    stocked: bool


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A card that the backend must charge for an order.

    :param card_reference: under which the gateway's token is kept; of events before version 2 `token:` and the token.
    """

    tender_id: UUID
    tender_type: str
    amount: int
    card_reference: str


@dataclass(frozen=True, kw_only=True)
class SettledTender:
    """What was handed over and what change was given. `charged_here` when the backend charged the card itself."""

    tender_id: UUID
    tender_type: str
    kind: str
    amount: int
    change: int
    charged_here: bool


@dataclass(frozen=True, kw_only=True)
class ReturnedLine:
    """A line of a return. `disposition` is what became of the goods: RESTOCK, or NONE (they do not go on the shelf)."""

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


@event("pos.variant_changed", category=Category.INTEGRATION, stream="variant:{variant_id}")
class VariantChanged:
    """A variant was created or changed: the whole of it, as it is now."""

    variant_id: UUID
    sku: str
    title: str
    price: int
    stocked: bool
    active: bool


@event("pos.shift_opened", category=Category.INTEGRATION, stream="shift:{shift_id}")
class ShiftOpened:
    shift_id: UUID
    register_id: UUID
    float_amount: int
    opened_at: datetime


@event("pos.order_placed", category=Category.INTEGRATION, stream="order:{order_id}")
class OrderPlaced:
    """An order was rung up. `due` is what is not settled yet; `charges` are the cards to charge for it."""

    order_id: UUID
    register_id: UUID
    location_id: UUID
    currency: str
    total: int
    due: int
    lines: list[SoldLine]
    occurred_at: datetime


@event("pos.card_charge_requested", category=Category.DOMAIN, stream="order:{order_id}", version=2)
class CardChargeRequested:
    """A tender of an order waits for a card that the backend must charge."""

    order_id: UUID
    currency: str
    charge: Charge


@upcaster("pos.card_charge_requested", version=2)
def mark_a_token_that_is_in_the_event(data: dict[str, Any]) -> dict[str, Any]:
    charge = {name: value for name, value in data["charge"].items() if name != "card_token"}
    return {**data, "charge": {**charge, "card_reference": f"{TOKEN_MARK}{data['charge']['card_token']}"}}


@downcaster("pos.card_charge_requested", version=1)
def name_the_reference_a_token(data: dict[str, Any]) -> dict[str, Any]:
    charge = {name: value for name, value in data["charge"].items() if name != "card_reference"}
    return {**data, "charge": {**charge, "card_token": data["charge"]["card_reference"].removeprefix(TOKEN_MARK)}}


@event("pos.order_completed", category=Category.INTEGRATION, stream="order:{order_id}")
class OrderCompleted:
    """An order was paid in full and has its receipt number: enough for stock, payments, receipts and reports."""

    order_id: UUID
    register_id: UUID
    location_id: UUID
    location_name: str
    shift_id: UUID
    receipt: str
    receipt_number: int
    currency: str
    subtotal: int
    tax_total: int
    total: int
    change_total: int
    lines: list[SoldLine]
    tenders: list[SettledTender]
    abandoned_charges: list[UUID]
    occurred_at: datetime
    completed_at: datetime


@event("pos.receipt_requested", category=Category.DOMAIN, stream="order:{order_id}")
class ReceiptRequested:
    """A customer wants the receipt of a completed order by mail. `text` is the receipt as it was printed."""

    order_id: UUID
    receipt: str
    recipient: str
    text: str


@event("pos.order_voided", category=Category.INTEGRATION, stream="order:{order_id}")
class OrderVoided:
    """An order was given up before it was completed; cards in `abandoned_charges` must not stay charged."""

    order_id: UUID
    register_id: UUID
    reason: str
    abandoned_charges: list[UUID]


@event("pos.return_completed", category=Category.INTEGRATION, stream="return:{return_id}", version=2)
class ReturnCompleted:
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
