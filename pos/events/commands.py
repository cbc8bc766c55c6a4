"""Events that were commands in disguise. No longer published; what is pending of older code is still applied."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from events.event import Category, Event, event
from events.versions import downcaster, upcaster

TOKEN_MARK = "token:"  # noqa: S105 - not a secret, the mark of one


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A card that the backend must charge for an order.

    :param card_reference: under which the gateway's token is kept; of events before version 2 `token:` and the token.
    """

    tender_id: UUID
    tender_type: str
    amount: int
    card_reference: str


@event("pos.card_charge_requested", category=Category.DOMAIN, stream="order:{order_id}", version=2)
class CardChargeRequested(Event):
    """A tender of an order waits for a card that the backend must charge."""

    order_id: UUID
    currency: str
    charge: Charge


@event("pos.receipt_requested", category=Category.DOMAIN, stream="order:{order_id}")
class ReceiptRequested(Event):
    """A customer wants the receipt of a completed order by mail. `text` is the receipt as it was printed."""

    order_id: UUID
    receipt: str
    recipient: str
    text: str


@upcaster("pos.card_charge_requested", version=2)
def mark_a_token_that_is_in_the_event(data: dict[str, Any]) -> dict[str, Any]:
    charge = {name: value for name, value in data["charge"].items() if name != "card_token"}
    return {**data, "charge": {**charge, "card_reference": f"{TOKEN_MARK}{data['charge']['card_token']}"}}


@downcaster("pos.card_charge_requested", version=1)
def name_the_reference_a_token(data: dict[str, Any]) -> dict[str, Any]:
    charge = {name: value for name, value in data["charge"].items() if name != "card_reference"}
    return {**data, "charge": {**charge, "card_token": data["charge"]["card_reference"].removeprefix(TOKEN_MARK)}}
