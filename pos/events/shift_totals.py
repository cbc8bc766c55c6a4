"""What shifts come to, in events. Amounts are minor units."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class ShiftDocuments:
    """Orders or returns. :param total: with tax. :param first_number: and `last_number`: of their receipts.

    :param rounding: what cash rounding added to them.
    """

    count: int
    total: int
    subtotal: int
    tax_total: int
    discount_total: int
    rounding: int
    first_number: int | None
    last_number: int | None


@dataclass(frozen=True, kw_only=True)
class ShiftRegister:
    """What one register sold and took back."""

    register_id: UUID
    code: str
    sales: ShiftDocuments
    returns: ShiftDocuments


@dataclass(frozen=True, kw_only=True)
class ShiftTax:
    """One tax at one rate, of what was sold and of what came back. Null is what is not known.

    :param rate: a share. :param base: on what it is due, without it.
    """

    code: str
    name: str
    rate: Decimal | None
    inclusive: bool | None
    base: int
    amount: int
    returned_base: int
    returned_amount: int


@dataclass(frozen=True, kw_only=True)
class ShiftTender:
    """One tender type: what was taken, without the change, and what was given back.

    :param kind: CASH, CARD, GATEWAY or OTHER, as it was then.
    """

    tender_type: str
    kind: str
    count: int
    amount: int
    change: int
    refunds: int
    refunded: int


@dataclass(frozen=True, kw_only=True)
class MovedCash:
    """:param amount: below zero for what was taken out."""

    movement_id: UUID
    kind: str
    amount: int
    reason_code: str
    staff_id: UUID | None
    approval_id: UUID | None
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class CountedTender:
    """:param over_short: counted less expected; null where nobody counted."""

    tender_type: str
    expected: int
    counted: int | None
    over_short: int | None
