"""Lines in events: what was sold or came back, and how its price came about.

Amounts are minor units; unit prices are minor units with up to six decimals, quantities have three. What an older
version of an event did not carry, and what is not known, is null: it is never made up.
"""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class LineTax:
    """One tax of a line.

    :param rate: a share, 0.2 for twenty percent. :param inclusive: whether the price contains it.
    :param base: on what it is due, without it. :param amount: the tax.
    """

    code: str | None
    name: str
    rate: Decimal
    inclusive: bool
    base: int
    amount: int


@dataclass(frozen=True, kw_only=True)
class LineDiscount:
    """What one discount took off a line.

    :param kind: PERCENT or AMOUNT. :param scope: LINE, or ORDER for the line's share of a discount of the order.
    :param rate: a share, for PERCENT. :param amount: what it took off this line, above zero.
    """

    code: str | None
    name: str | None
    kind: str
    scope: str
    rate: Decimal | None
    amount: int


@dataclass(frozen=True, kw_only=True)
class SoldLine:
    """A line of an order. `stocked` says whether goods leave the stock for it.

    :param list_price: of one unit, before discounts, as the price list had it. :param unit_price: as it was sold.
    :param price_source: LIST, MANUAL or WEIGHED. :param gross: quantity times unit price, before discounts.
    :param total: what the customer pays for it, tax included.
    """

    line_id: UUID
    number: int | None
    variant_id: UUID | None
    sku: str
    description: str
    category: str | None
    quantity: Decimal
    unit: str | None
    list_price: Decimal | None
    unit_price: Decimal
    price_source: str | None
    gross: int | None
    discounts: list[LineDiscount] | None
    discount_total: int | None
    taxes: list[LineTax] | None
    tax_total: int
    total: int
    stocked: bool


@dataclass(frozen=True, kw_only=True)
class ReturnedLine:
    """A line of a return. `disposition` says where the goods went: RESTOCK, DAMAGED, or NONE (not on the shelf).

    :param order_line_id: the line of the order that came back, where there is one.
    :param taxes: the parts of the line's taxes that go back.
    """

    line_id: UUID
    order_line_id: UUID | None
    number: int | None
    variant_id: UUID | None
    sku: str
    description: str
    category: str | None
    quantity: Decimal
    unit: str | None
    unit_price: Decimal | None
    discounts: list[LineDiscount] | None
    discount_total: int | None
    taxes: list[LineTax] | None
    tax_total: int
    total: int
    reason_code: str | None
    disposition: str
