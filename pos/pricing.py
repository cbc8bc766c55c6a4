"""Pricing: pure arithmetic on minor units, the same for quote, completion and receipt."""

from dataclasses import dataclass
from decimal import Decimal

from kernel.money import round_half_up


@dataclass(frozen=True, kw_only=True)
class Tax:
    """:param rate: a share, 0.2 for twenty percent. :param inclusive: whether prices contain it."""

    name: str
    rate: Decimal
    inclusive: bool


@dataclass(frozen=True, kw_only=True)
class PricedLine:
    """Minor units; `total` is what the customer pays, `tax_total` the tax in it."""

    total: int
    tax_total: int


def price_line(*, quantity: Decimal, unit_price: int, tax: Tax) -> PricedLine:
    """Price one line. The line, not the unit, is rounded: half away from zero, once for price and once for tax.

    >>> price_line(quantity=Decimal(3), unit_price=100, tax=Tax(name="VAT", rate=Decimal("0.2"), inclusive=True))
    PricedLine(total=300, tax_total=50)
    """
    amount = round_half_up(quantity * unit_price)
    if tax.inclusive:
        return PricedLine(total=amount, tax_total=round_half_up(amount * tax.rate / (1 + tax.rate)))
    tax_total = round_half_up(amount * tax.rate)
    return PricedLine(total=amount + tax_total, tax_total=tax_total)


def share(amount: int, *, part: Decimal, whole: Decimal) -> int:
    """Return the share of an amount that a part of a quantity has, rounded half away from zero.

    Differences of shares of running totals give parts that sum exactly, however a return is split.
    """
    return round_half_up(amount * part / whole)
