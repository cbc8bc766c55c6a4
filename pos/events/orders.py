"""Events of orders. Amounts are minor units of `currency`; quantities have three decimals."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from events.event import Category, Event, event
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


@event("pos.order_placed", category=Category.INTEGRATION, stream="order:{order_id}")
class OrderPlaced(Event):
    """An order was placed. `due` is what is not settled yet; cards are charged by `pos.card_charge_requested`."""

    order_id: UUID
    register_id: UUID
    location_id: UUID
    currency: str
    total: int
    due: int
    lines: list[SoldLine]
    occurred_at: datetime


@event("pos.card_charge_requested", category=Category.DOMAIN, stream="order:{order_id}", version=2)
class CardChargeRequested(Event):
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
class OrderCompleted(Event):
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
class ReceiptRequested(Event):
    """A customer wants the receipt of a completed order by mail. `text` is the receipt as it was printed."""

    order_id: UUID
    receipt: str
    recipient: str
    text: str


@event("pos.order_voided", category=Category.INTEGRATION, stream="order:{order_id}")
class OrderVoided(Event):
    """An order was cancelled before it was completed; cards in `abandoned_charges` must not stay charged."""

    order_id: UUID
    register_id: UUID
    reason: str
    abandoned_charges: list[UUID]
