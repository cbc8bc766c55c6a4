"""Taxes of lines: several of them, side by side or on top of one another, in the price or added to it.

Rounded once for each line and tax (level `LINE`), or once for each tax of the order (level `ORDER`) and shared out over
the lines by largest remainder. Taxes that a price contains never come to more than the price: where each of them was
rounded up, those with the smallest remainder are not (level `LINE`), or lines whose price is used up get no unit
(level `ORDER`), so that such a tax of the order may be less than its rounded sum.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from uuid import UUID

from pos.pricing.discounts import WHOLE
from pos.pricing.rounding import allocate, rounded

RATE_DECIMALS = 6


class Level(StrEnum):
    """Where taxes are rounded; stored with the order."""

    LINE = "LINE"
    ORDER = "ORDER"


@dataclass(frozen=True, order=True)
class Rate:
    """A version of a tax rate. Rates of a line are applied in their natural order.

    :param sequence: its place among the taxes of a line.
    :param rate: millionths of the base, 200,000 for twenty percent.
    :param on_top: whether its base contains the taxes before it.
    """

    sequence: int
    code: str
    rate: int
    on_top: bool = False
    name: str = ""

    @property
    def share(self) -> Decimal:
        """The rate as it is written in the books: 0.200000 for twenty percent."""
        return Decimal(self.rate).scaleb(-RATE_DECIMALS)


@dataclass(frozen=True, slots=True)
class LineTax:
    """Minor units. :param base: what the rate was applied to: the line without taxes, and the taxes it is on top of."""

    rate: Rate
    base: int
    amount: int


Rates = tuple[Rate, ...]
Taxes = dict[UUID, list[LineTax]]


def taxes_of(amounts: Mapping[UUID, int], rates: Mapping[UUID, Rates], *, inclusive: bool, level: Level) -> Taxes:
    """Return the taxes of each line.

    :param amounts: of each line what is left after discounts; with its taxes in it when prices are inclusive.
    :param rates: of each line.
    """
    ordered = {line: tuple(sorted(rates[line])) for line in amounts}
    if inclusive:
        contained = _contained_by_order if level is Level.ORDER else _contained_by_line
        found = contained(amounts, ordered)
        return {line: _with_bases(amounts[line], ordered[line], found[line]) for line in amounts}
    return _added_by_order(amounts, ordered) if level is Level.ORDER else _added_by_line(amounts, ordered)


def _added_by_line(amounts: Mapping[UUID, int], rates: Mapping[UUID, Rates]) -> Taxes:
    added: Taxes = {}
    for line, amount in amounts.items():
        taxes: list[LineTax] = []
        for rate in rates[line]:
            base = _base(amount, taxes, rate)
            taxes.append(LineTax(rate, base, rounded(base * rate.rate, WHOLE)))
        added[line] = taxes
    return added


def _added_by_order(amounts: Mapping[UUID, int], rates: Mapping[UUID, Rates]) -> Taxes:
    added: Taxes = {line: [] for line in amounts}
    for rate in _all(rates):
        bases = {line: _base(amounts[line], added[line], rate) for line in amounts if rate in rates[line]}
        exact = {line: Fraction(base * rate.rate, WHOLE) for line, base in bases.items()}
        for line, amount in _rounded_once(exact).items():
            added[line].append(LineTax(rate, bases[line], amount))
    return added


def _contained_by_line(amounts: Mapping[UUID, int], rates: Mapping[UUID, Rates]) -> dict[UUID, list[int]]:
    return {line: _within(amount, _parts(rates[line])) for line, amount in amounts.items()}


def _within(amount: int, parts: Sequence[Fraction]) -> list[int]:
    """Round taxes that are parts of a price so that they leave nothing below zero."""
    taxes = [rounded(amount * part.numerator, part.denominator) for part in parts]
    if sum(taxes) <= amount:
        return taxes
    return list(allocate(amount, {place: amount * part for place, part in enumerate(parts)}).values())


def taxes_of_part(part: int, taxes: Sequence[int], *, whole: int) -> list[int]:
    """Return the taxes in a part of an amount, by largest remainder: no more than the part, and no more than is left.

    The parts that an amount is taken apart into, one after the other, have exactly its taxes together.

    :param part: at most `whole`. :param taxes: that `whole` still contains. :param whole: what is left of the amount.

    >>> taxes_of_part(1, [1, 1], whole=2)
    [1, 0]
    """
    if part == whole:
        return list(taxes)
    left = [*taxes, max(whole - sum(taxes), 0)]
    all_left = sum(left)
    shared = allocate(part, {place: Fraction(part * amount, all_left) for place, amount in enumerate(left)})
    return [shared[place] for place in range(len(taxes))]


def _contained_by_order(amounts: Mapping[UUID, int], rates: Mapping[UUID, Rates]) -> dict[UUID, list[int]]:
    exact: defaultdict[Rate, dict[UUID, Fraction]] = defaultdict(dict)
    for line, amount in amounts.items():
        for rate, part in zip(rates[line], _parts(rates[line]), strict=True):
            exact[rate][line] = amount * part
    found: dict[UUID, list[int]] = {line: [] for line in amounts}
    room = dict(amounts)
    for of_rate in exact.values():
        for line, part in of_rate.items():
            room[line] -= floor(part)
    for rate in _all(rates):
        full = {line for line in exact[rate] if not room[line]}
        for line, amount in _rounded_once(exact[rate], full=full).items():
            found[line].append(amount)
            room[line] -= amount - floor(exact[rate][line])
    return found


def _rounded_once(exact: Mapping[UUID, Fraction], *, full: Collection[UUID] = ()) -> dict[UUID, int]:
    """:param full: lines whose price has no room for a tax that is rounded up."""
    total = sum(exact.values(), Fraction(0))
    amount = rounded(total.numerator, total.denominator)
    if full:
        amount = min(amount, sum(floor(part) if line in full else ceil(part) for line, part in exact.items()))
    return allocate(amount, exact, full=full)


@lru_cache(maxsize=1024)
def share_of_all(rates: Rates) -> Decimal:
    """Return which share of a price without taxes all of them together are, with six decimals."""
    whole = sum(_of_net(rates), Fraction(0)) * WHOLE
    return Decimal(rounded(whole.numerator, whole.denominator)).scaleb(-RATE_DECIMALS)


@lru_cache(maxsize=1024)
def _parts(rates: Rates) -> tuple[Fraction, ...]:
    """Return which part of a price that contains these taxes each of them is."""
    of_net = _of_net(rates)
    price = 1 + sum(of_net, Fraction(0))
    return tuple(part / price for part in of_net)


def _of_net(rates: Rates) -> list[Fraction]:
    of_net: list[Fraction] = []
    for rate in sorted(rates):
        base = 1 + sum(of_net, Fraction(0)) if rate.on_top else Fraction(1)
        of_net.append(base * Fraction(rate.rate, WHOLE))
    return of_net


def _with_bases(amount: int, rates: Rates, found: Sequence[int]) -> list[LineTax]:
    net = amount - sum(found)
    taxes: list[LineTax] = []
    for rate, tax in zip(rates, found, strict=True):
        taxes.append(LineTax(rate, _base(net, taxes, rate), tax))
    return taxes


def _base(net: int, before: Sequence[LineTax], rate: Rate) -> int:
    return net + sum(tax.amount for tax in before) if rate.on_top else net


def _all(rates: Mapping[UUID, Rates]) -> list[Rate]:
    return sorted({rate for of_line in rates.values() for rate in of_line})
