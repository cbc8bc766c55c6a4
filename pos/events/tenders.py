"""Tenders and refunds in events. Amounts are minor units."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class TakenTender:
    """What was handed over, what change was given, where and by whom it was taken.

    :param kind: CASH, CARD, GATEWAY, OTHER, or EXCHANGE (goods that came back, no money), as it was then.
    :param state: SETTLED, or PENDING: a card to charge.
    :param rounding: what cash rounding added to what is due (negative: took off). :param reference: of the terminal
        or the gateway. :param charged_here: whether the backend charges the card itself.
    """

    tender_id: UUID
    tender_type: str
    kind: str
    state: str
    amount: int
    change: int
    rounding: int | None
    reference: str | None
    charged_here: bool
    register_id: UUID | None
    shift_id: UUID | None
    staff_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class RefundedTender:
    """Money to give back; `tender_id` is the order's tender it came from, where that is known and was money.

    Of exchanged goods it is the tender of an order before: the card that the backend charged, and gives it back to.

    :param kind: of the tender type: CASH, CARD, GATEWAY, OTHER, or EXCHANGE (it pays for another order, no money).
    :param rounding: of cash, added to what goes out.
    """

    refund_id: UUID
    tender_id: UUID | None
    tender_type: str
    kind: str
    amount: int
    rounding: int | None
    reference: str | None
    charged_here: bool
    register_id: UUID | None
    shift_id: UUID | None
    staff_id: UUID | None
