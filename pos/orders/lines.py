"""Lines of an order: what the terminal asks for, found in the catalogue and priced."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP
from uuid import UUID

from kernel.money import QUANTITY_STEP
from pos.catalogue.goods import Goods, LineInput, find_goods
from pos.orders.models import OrderLine
from pos.pricing import price_line


@dataclass(frozen=True, kw_only=True)
class OrderLineInput(LineInput):
    """A line as the terminal asks for it. :param unit_price: minor units; None for the catalogue's price."""

    unit_price: int | None = None


def priced_rows(order_id: UUID, lines: Sequence[OrderLineInput]) -> list[OrderLine]:
    """Return the order's rows, numbered and priced, as the database will have them.

    :raises LinesInvalid: when lines name nothing that the shop sells.
    """
    named = zip(lines, find_goods(lines), strict=True)
    return [_row(order_id, number, line, goods) for number, (line, goods) in enumerate(named, start=1)]


def _row(order_id: UUID, number: int, line: OrderLineInput, goods: Goods) -> OrderLine:
    quantity = line.quantity.quantize(QUANTITY_STEP, ROUND_HALF_UP)
    unit_price = goods.price if line.unit_price is None else line.unit_price
    priced = price_line(quantity=quantity, unit_price=unit_price, tax=goods.tax)
    return OrderLine(
        id=line.id,
        order_id=order_id,
        number=number,
        variant_id=goods.variant_id,
        sku=goods.sku,
        description=goods.description,
        stocked=goods.stocked,
        quantity=quantity,
        unit_price=unit_price,
        tax_name=goods.tax.name,
        tax_rate=goods.tax.rate,
        tax_inclusive=goods.tax.inclusive,
        tax_total=priced.tax_total,
        total=priced.total,
    )
