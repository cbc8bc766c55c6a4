"""Discounts: percent or amount, off a line or off an order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

from pos.pricing.rounding import allocate, rounded

WHOLE = 1_000_000
"""One hundred percent: percentages and rates are millionths of what they are taken of."""


PERCENT = WHOLE // 100


class Kind(StrEnum):
    PERCENT = "PERCENT"
    AMOUNT = "AMOUNT"


class DiscountTooLarge(ValueError):
    """A discount that exceeds what it is taken off.

    :param index: its place among the discounts. :param line: of which line; None for the order's.
    """

    def __init__(self, *, off: int, left: int, index: int) -> None:
        super().__init__(f"a discount of {off} is more than the {left} that it is taken off")
        self.index = index
        self.line: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Discount:
    """:param value: millionths of what it is taken off (100,000 for ten percent), or minor units."""

    kind: Kind
    value: int


def taken_off(amount: int, discounts: Sequence[Discount]) -> tuple[int, ...]:
    """Return what each discount takes off an amount: off what those before it have left, rounded once.

    :raises DiscountTooLarge: when an amount exceeds what is left, or a percentage a hundred.
    """
    left, found = amount, []
    for index, discount in enumerate(discounts):
        off = discount.value if discount.kind is Kind.AMOUNT else rounded(left * discount.value, WHOLE)
        if not 0 <= off <= left:
            raise DiscountTooLarge(off=off, left=left, index=index)
        found.append(off)
        left -= off
    return tuple(found)


def shares_of(discount: int, amounts: Mapping[UUID, int]) -> dict[UUID, int]:
    """Share out an order's discount over the amounts of its lines, in proportion."""
    whole = sum(amounts.values())
    if not discount or not whole:
        return dict.fromkeys(amounts, 0)
    return allocate(discount, {key: Fraction(discount * amount, whole) for key, amount in amounts.items()})
