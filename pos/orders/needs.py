"""What an order needs of whoever rings it up: to sell, to give discounts, to sell at another price than the list's."""

from collections.abc import Sequence

from kernel.permissions import Need, Permission
from pos.orders.models import OrderLine

SELL = Need(permission=Permission.SELL)
VOID = Need(permission=Permission.VOID)


def needs_of(rows: Sequence[OrderLine]) -> list[Need]:
    """Return what lines need that are priced. A line without a price in the list needs no override of it."""
    taken_off = [(row.line_discount + row.order_discount_share, row.gross) for row in rows]
    discounts = [each for each in taken_off if each[0]]
    overrides = [
        (row.list_price - row.unit_price, row.list_price)
        for row in rows
        if row.price_source == OrderLine.PriceSource.MANUAL and row.list_price is not None
    ]
    needs = [SELL]
    if discounts:
        needs.append(Need(permission=Permission.DISCOUNT, reductions=discounts))
    if overrides:
        needs.append(Need(permission=Permission.PRICE_OVERRIDE, reductions=overrides))
    return needs
