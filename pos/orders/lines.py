"""Lines of an order: what the terminal asks for, found in the catalogue and priced."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from kernel.limits import TAX_NAME
from kernel.money import QUANTITY_STEP, round_half_up
from kernel.prefetching import hold_rows
from kernel.text import clipped
from pos.catalogue.goods import Goods, LineInput, find_goods
from pos.orders.models import Order, OrderLine, OrderLineTax
from pos.pricing.engine import Line, PricedLine, price_order
from pos.pricing.taxes import Level, LineTax, share_of_all


@dataclass(frozen=True, kw_only=True)
class OrderLineInput(LineInput):
    """A line as the terminal asks for it. :param unit_price: minor units; None for the catalogue's price."""

    unit_price: Decimal | int | None = None


@dataclass(frozen=True, kw_only=True)
class OrderRows:
    """An order's rows, as the database will have them. Each line holds its taxes."""

    lines: list[OrderLine]
    taxes: list[OrderLineTax]


def price_lines(order: Order, asked: Sequence[OrderLineInput]) -> OrderRows:
    """Price an order: make its rows, and give it their totals.

    :raises LinesInvalid: when lines name nothing that the shop sells.
    """
    goods = find_goods(asked)
    lines = [_line(line, named) for line, named in zip(asked, goods, strict=True)]
    priced = price_order(lines, level=Level(order.rounding_level))
    order.discount_total = priced.discount_total
    order.tax_total, order.subtotal, order.total = priced.tax_total, priced.subtotal, priced.total
    rows, taxes = [], []
    for number, (line, amounts, named) in enumerate(zip(lines, priced.lines, goods, strict=True), start=1):
        row = _row(order, number, line, amounts, named)
        of_line = [_tax(row, place, tax) for place, tax in enumerate(amounts.taxes, start=1)]
        hold_rows(row, taxes=of_line)
        rows.append(row)
        taxes += of_line
    return OrderRows(lines=rows, taxes=taxes)


def _line(asked: OrderLineInput, goods: Goods) -> Line:
    price = goods.price if asked.unit_price is None else Decimal(asked.unit_price)
    return Line(
        id=asked.id,
        quantity=asked.quantity.quantize(QUANTITY_STEP, ROUND_HALF_UP),
        unit_price=price or Decimal(0),
        rates=goods.taxes.rates,
        inclusive=goods.taxes.inclusive,
    )


def _row(order: Order, number: int, line: Line, priced: PricedLine, goods: Goods) -> OrderLine:
    source = OrderLine.PriceSource.LIST if line.unit_price == goods.price else OrderLine.PriceSource.MANUAL
    return OrderLine(
        id=line.id,
        order_id=order.id,
        number=number,
        variant_id=goods.variant_id,
        sku=goods.sku,
        description=goods.description,
        stocked=goods.stocked,
        quantity=line.quantity,
        list_price=goods.price,
        price_source=source,
        unit_price=line.unit_price,
        whole_unit_price=round_half_up(line.unit_price),
        gross=priced.gross,
        line_discount=priced.discount,
        order_discount_share=priced.order_discount,
        discounts=[],
        tax_name=clipped(" + ".join(tax.rate.name for tax in priced.taxes), TAX_NAME),
        tax_rate=share_of_all(line.rates),
        tax_inclusive=line.inclusive,
        tax_total=priced.tax_total,
        total=priced.total,
    )


def _tax(row: OrderLine, number: int, tax: LineTax) -> OrderLineTax:
    return OrderLineTax(
        line_id=row.id,
        number=number,
        code=tax.rate.code,
        name=tax.rate.name,
        rate=tax.rate.share,
        inclusive=row.tax_inclusive,
        base=tax.base,
        amount=tax.amount,
    )
