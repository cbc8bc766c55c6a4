"""Rounding and sharing out: amounts in whole minor units whose parts sum exactly."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar
from uuid import UUID

Key = TypeVar("Key", UUID, int)


def rounded(numerator: int, denominator: int) -> int:
    """Divide, and round to the whole minor unit: half goes away from zero, as on a till receipt.

    >>> rounded(5, 2), rounded(-5, 2), rounded(7, 3)
    (3, -3, 2)
    """
    quotient = (2 * abs(numerator) + denominator) // (2 * denominator)
    return quotient if numerator >= 0 else -quotient


def scaled(value: Decimal, decimals: int) -> int:
    """Return a value with so many decimals as an integer.

    :raises ValueError: when it has more.
    """
    number = int(value.scaleb(decimals))
    if number != value.scaleb(decimals):
        message = f"{value} has more than {decimals} decimals"
        raise ValueError(message)
    return number


def allocate(amount: int, exact: Mapping[Key, Fraction], *, full: Collection[Key] = ()) -> dict[Key, int]:
    """Share out an amount over exact parts: by largest remainder, ties by the smaller key.

    Each part is less than one unit from its exact one, and all of them sum to the amount, in whatever order they come.

    :param amount: at least the sum of the parts rounded down, and at most that of the parts rounded up.
    :param full: parts that are rounded up after all others.

    >>> from uuid import UUID
    >>> allocate(1, {UUID(int=1): Fraction(1, 2), UUID(int=2): Fraction(1, 2)}) == {UUID(int=1): 1, UUID(int=2): 0}
    True
    """
    parts = {key: part.numerator // part.denominator for key, part in exact.items()}
    left = amount - sum(parts.values())
    by_remainder = sorted(exact, key=lambda key: (parts[key] == exact[key], key in full, parts[key] - exact[key], key))
    for key in by_remainder[:left]:
        parts[key] += 1
    return parts


def share(amount: int, *, part: Decimal, whole: Decimal) -> int:
    """Return the share of an amount that a part of a quantity has, rounded half away from zero.

    Differences of shares of running totals give parts that sum exactly, however a return is split.
    """
    ratio = Fraction(part) / Fraction(whole)
    return rounded(amount * ratio.numerator, ratio.denominator)
