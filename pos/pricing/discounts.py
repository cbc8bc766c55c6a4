"""Discounts: percent or amount, off a line or off an order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

from pos.pricing.rounding import allocate, rounded

WHOLE = 1_000_000
"""One hundred percent: percentages and rates are millionths of what they are taken of."""


class Kind(StrEnum):
    PERCENT = "PERCENT"
    AMOUNT = "AMOUNT"


class DiscountTooLarge(ValueError):
    """An amount that exceeds what it is taken off."""


@dataclass(frozen=True, kw_only=True)
class Discount:
    """:param value: millionths of what it is taken off (100,000 for ten percent), or minor units."""

    kind: Kind
    value: int


def discount_of(amount: int, discounts: Sequence[Discount]) -> int:
    """Return what discounts take off an amount, each off what those before it have left, each rounded once.

    :raises DiscountTooLarge: when an amount exceeds what is left, or a percentage a hundred.
    """
    left = amount
    for discount in discounts:
        off = discount.value if discount.kind is Kind.AMOUNT else rounded(left * discount.value, WHOLE)
        if not 0 <= off <= left:
            message = f"a discount of {off} is more than the {left} that it is taken off"
            raise DiscountTooLarge(message)
        left -= off
    return amount - left


def shares_of(discount: int, amounts: Mapping[UUID, int]) -> dict[UUID, int]:
    """Share out an order's discount over the amounts of its lines, in proportion."""
    whole = sum(amounts.values())
    if not whole:
        return dict.fromkeys(amounts, 0)
    return allocate(discount, {key: Fraction(discount * amount, whole) for key, amount in amounts.items()})
