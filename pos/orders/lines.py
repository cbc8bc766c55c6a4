"""Lines of an order: what the terminal asks for, found in the catalogue and priced."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from kernel.bounds import require_amount, require_goods
from kernel.limits import TAX_NAME
from kernel.money import round_half_up
from kernel.prefetching import hold_rows
from kernel.text import clipped
from pos.catalogue.goods import Goods, LineInput, find_goods
from pos.catalogue.terms import Sale, Terms, find_terms, require_terms
from pos.exceptions.findings import Findings
from pos.exceptions.models import ExceptionCase
from pos.orders.discounts import DiscountInput, kept, refusal_of
from pos.orders.models import Order, OrderLine, OrderLineTax
from pos.pricing.discounts import DiscountTooLarge
from pos.pricing.engine import Line, PricedLine, PricedOrder, price_order
from pos.pricing.taxes import Level, LineTax, share_of_all
from pos.taxes.rules import Rule

Kind = ExceptionCase.Kind


@dataclass(frozen=True, kw_only=True)
class OrderLineInput(LineInput):
    """A line as the terminal asks for it. :param unit_price: minor units; None for the price list's."""

    unit_price: Decimal | int | None = None
    discounts: Sequence[DiscountInput] = ()


@dataclass(frozen=True, kw_only=True)
class OrderRows:
    """An order's rows, as the database will have them. Each line holds its taxes."""

    lines: list[OrderLine]
    taxes: list[OrderLineTax]


def price_lines(
    order: Order,
    asked: Sequence[OrderLineInput],
    discounts: Sequence[DiscountInput] = (),
    *,
    findings: Findings | None = None,
) -> OrderRows:
    """Price an order: make its rows, and give it their totals.

    :param discounts: of the order.
    :param findings: where it is paid: what the till sold it at holds, and what is wrong with that is noted here.
    :raises DiscountExceedsPrice: when a discount is more than what it is taken off.
    :raises NumberTooLarge: when all lines come to more goods or money than an order may have.
    :raises LinesInvalid: when lines name nothing that the shop sells, or what no tax rule holds for or no list of the
        order's currency has a price of.
    """
    location = order.register.location
    goods = find_goods(asked, sold=findings is not None)
    sale = find_terms(goods, [each.quantity for each in asked], location=location, occurred_at=order.occurred_at)
    if findings is not None:
        asked, sale = as_sold(order, asked, goods, sale, findings)
    priced_by_till = [each.unit_price is not None for each in asked]
    require_terms(sale, goods, priced=priced_by_till, location=location, occurred_at=order.occurred_at)
    lines = [_line(*each) for each in zip(asked, sale.lines, strict=True)]
    priced = _priced(order, lines, discounts)
    order.price_list_id = sale.price_list_id
    order.discounts = kept(discounts, priced.discounts)
    order.discount_total = priced.discount_total
    order.tax_total, order.subtotal, order.total = priced.tax_total, priced.subtotal, priced.total
    rows, taxes = [], []
    for number, (given, line, amounts, named, terms) in enumerate(
        zip(asked, lines, priced.lines, goods, sale.lines, strict=True), start=1
    ):
        row = _row(order, number, line, amounts, named)
        row.price_list_id, row.list_price = terms.price_list_id, terms.list_price
        row.price_source = _source(line, named, terms)
        row.discounts = kept(given.discounts, amounts.discounts)
        of_line = [_tax(row, place, tax) for place, tax in enumerate(amounts.taxes, start=1)]
        hold_rows(row, taxes=of_line)
        rows.append(row)
        taxes += of_line
    require_goods(row.quantity for row in rows)
    require_amount(sum(row.gross for row in rows))
    require_amount(order.total)
    return OrderRows(lines=rows, taxes=taxes)


def as_sold(
    order: Order, asked: Sequence[OrderLineInput], goods: Sequence[Goods], sale: Sale, findings: Findings
) -> tuple[list[OrderLineInput], Sale]:
    """Let the lines of a paid order have the prices and taxes at which the till sold them; note where others hold."""
    sold = [_as_sold(order, *each, findings) for each in zip(asked, goods, sale.lines, strict=True)]
    return [line for line, _ in sold], replace(sale, lines=[terms for _, terms in sold])


def _as_sold(
    order: Order, line: OrderLineInput, goods: Goods, terms: Terms, findings: Findings
) -> tuple[OrderLineInput, Terms]:
    named = {"line_id": str(line.id), "description": goods.description}
    if goods.is_unknown:
        findings.note_line(Kind.UNKNOWN_VARIANT, **named, named_by=[str(part) for part in line.name or ()])
    elif goods.is_withdrawn:
        findings.note_line(Kind.WITHDRAWN_VARIANT, **named, variant_id=str(goods.variant_id))
    known = line.snapshot
    sold_at = line.unit_price
    if known is not None and sold_at is None:
        sold_at = known.unit_price
        line = replace(line, unit_price=sold_at)
    if terms.price is None and goods.variant_id is not None and sold_at is not None and _is_list_price(order, line):
        findings.note_line(Kind.NO_PRICE, **named, sku=goods.sku, sold_at=str(sold_at), currency=order.currency)
    deliberate = known is not None and known.unit_price != sold_at
    if (
        terms.price is not None
        and sold_at is not None
        and sold_at != terms.price
        and not deliberate
        and _is_list_price(order, line)
    ):
        findings.note_line(Kind.PRICE_DRIFT, **named, sold_at=str(sold_at), price=str(terms.price))
    if known is not None and known.taxes and not goods.is_unknown and not _are_those(known.taxes, terms):
        findings.note_line(Kind.TAX_DRIFT, **named, charged=_named(known.taxes), held=_named(terms.rules))
        terms = replace(terms, rules=known.taxes, is_charged=True)
    return line, terms


def _is_list_price(order: Order, line: OrderLineInput) -> bool:
    """Say whether the till took a line's price from what it knew of the catalogue. What is typed in online is not."""
    return line.snapshot is not None or order.origin == Order.Origin.OFFLINE


def _are_those(known: Sequence[Rule], terms: Terms) -> bool:
    return (_rated(known), known[0].inclusive) == (_rated(terms.rules), terms.inclusive)


def _rated(rules: Sequence[Rule]) -> list[tuple[int, bool]]:
    """Return rates, and whether each is on top of those before it: the first is on top of none, whatever it says."""
    return [(rule.rate.rate, rule.rate.on_top and place > 0) for place, rule in enumerate(rules)]


def _named(rules: Sequence[Rule]) -> list[str]:
    return [f"{rule.rate.name} {rule.rate.share}" for rule in rules]


def _priced(order: Order, lines: Sequence[Line], discounts: Sequence[DiscountInput]) -> PricedOrder:
    off = [each.discount for each in discounts]
    try:
        return price_order(lines, level=Level(order.rounding_level), discounts=off)
    except DiscountTooLarge as too_large:
        raise refusal_of(too_large, {line.id: index for index, line in enumerate(lines)}) from None


def _line(asked: OrderLineInput, terms: Terms) -> Line:
    price = terms.price if asked.unit_price is None else Decimal(asked.unit_price)
    return Line(
        id=asked.id,
        quantity=terms.quantity,
        unit_price=price or Decimal(0),
        rates=tuple(rule.rate for rule in terms.rules),
        inclusive=terms.inclusive,
        discounts=tuple(each.discount for each in asked.discounts),
    )


def _row(order: Order, number: int, line: Line, priced: PricedLine, goods: Goods) -> OrderLine:
    return OrderLine(
        id=line.id,
        order_id=order.id,
        number=number,
        variant_id=goods.variant_id,
        sku=goods.sku,
        description=goods.description,
        category=goods.category,
        stocked=goods.stocked,
        quantity=line.quantity,
        unit_price=line.unit_price,
        whole_unit_price=round_half_up(line.unit_price),
        gross=priced.gross,
        line_discount=priced.discount,
        order_discount_share=priced.order_discount,
        tax_name=clipped(" + ".join(tax.rate.name for tax in priced.taxes), TAX_NAME),
        tax_rate=share_of_all(line.rates),
        tax_inclusive=line.inclusive,
        tax_total=priced.tax_total,
        total=priced.total,
    )


def _source(line: Line, goods: Goods, terms: Terms) -> str:
    if goods.weighed and line.unit_price == terms.price:
        return OrderLine.PriceSource.WEIGHED
    return OrderLine.PriceSource.LIST if line.unit_price == terms.list_price else OrderLine.PriceSource.MANUAL


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
