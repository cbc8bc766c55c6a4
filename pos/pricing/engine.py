"""The engine: an order's lines become amounts, in whole minor units of the order's currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from pos.pricing.discounts import Discount, DiscountTooLarge, shares_of, taken_off
from pos.pricing.rounding import rounded, scaled
from pos.pricing.taxes import Level, LineTax, Rate, Taxes, taxes_of

QUANTITY_DECIMALS = 3
PRICE_DECIMALS = 6


@dataclass(frozen=True, kw_only=True)
class Line:
    """What is sold.

    :param quantity: up to three decimals. :param unit_price: minor units, with up to six decimals.
    :param inclusive: whether the unit price contains the taxes.
    """

    id: UUID
    quantity: Decimal
    unit_price: Decimal
    rates: tuple[Rate, ...] = ()
    inclusive: bool = True
    discounts: tuple[Discount, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PricedLine:
    """Minor units. `gross` minus both discounts is the price, with the taxes in it when prices are inclusive.

    :param discounts: what each discount of the line took off. :param order_discount: its share of the order's.
    :param total: what the customer pays for it, taxes included.
    """

    id: UUID
    gross: int
    discounts: tuple[int, ...]
    order_discount: int
    taxes: tuple[LineTax, ...]
    tax_total: int
    total: int

    @property
    def discount(self) -> int:
        return sum(self.discounts)


@dataclass(frozen=True, kw_only=True)
class PricedOrder:
    """:param discounts: what each one of the order took off. :param total: of all lines, before cash is rounded."""

    lines: list[PricedLine]
    discounts: tuple[int, ...]
    discount_total: int
    tax_total: int
    total: int

    @property
    def subtotal(self) -> int:
        return self.total - self.tax_total


def price_order(lines: Sequence[Line], *, level: Level, discounts: Sequence[Discount] = ()) -> PricedOrder:
    """Price an order.

    :param level: where taxes are rounded.
    :param discounts: of the order, taken off what the lines' discounts have left, and shared out over the lines.
    :raises DiscountTooLarge: when a discount exceeds what it is taken off.
    :raises ValueError: when a quantity or a price has too many decimals.
    """
    gross = {line.id: _gross(line) for line in lines}
    off = {line.id: _off(line, gross[line.id]) for line in lines}
    left = {line.id: gross[line.id] - sum(off[line.id]) for line in lines}
    of_order = taken_off(sum(left.values()), discounts)
    shares = shares_of(sum(of_order), left)
    amounts = {line.id: left[line.id] - shares[line.id] for line in lines}
    taxes: Taxes = {}
    for inclusive in (True, False):
        rates = {line.id: line.rates for line in lines if line.inclusive is inclusive}
        taxes |= taxes_of({line: amounts[line] for line in rates}, rates, inclusive=inclusive, level=level)
    priced = [_priced(line, gross[line.id], off[line.id], shares[line.id], taxes[line.id]) for line in lines]
    return PricedOrder(
        lines=priced,
        discounts=of_order,
        discount_total=sum(line.discount + line.order_discount for line in priced),
        tax_total=sum(line.tax_total for line in priced),
        total=sum(line.total for line in priced),
    )


def _gross(line: Line) -> int:
    thousandths, millionths = scaled(line.quantity, QUANTITY_DECIMALS), scaled(line.unit_price, PRICE_DECIMALS)
    return rounded(thousandths * millionths, 10 ** (QUANTITY_DECIMALS + PRICE_DECIMALS))


def _off(line: Line, gross: int) -> tuple[int, ...]:
    try:
        return taken_off(gross, line.discounts)
    except DiscountTooLarge as refused:
        refused.line = line.id
        raise


def _priced(line: Line, gross: int, off: tuple[int, ...], share: int, taxes: list[LineTax]) -> PricedLine:
    tax_total = sum(tax.amount for tax in taxes)
    return PricedLine(
        id=line.id,
        gross=gross,
        discounts=off,
        order_discount=share,
        taxes=tuple(taxes),
        tax_total=tax_total,
        total=gross - sum(off) - share + (0 if line.inclusive else tax_total),
    )
