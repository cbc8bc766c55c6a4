"""Lines of a return: an order's line with its share of price and taxes, or goods at a price that is named."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from kernel.refusals import NotFound, Refusal
from pos.catalogue.goods import Goods, LineInput, LinesInvalid, find_goods
from pos.catalogue.terms import Terms, terms_at
from pos.orders.models import Order, OrderLine
from pos.orders.queries import order_lines
from pos.pricing.engine import Line, PricedLine, price_order
from pos.pricing.rounding import share
from pos.pricing.taxes import Level, taxes_of_part
from pos.registers.models import Location
from pos.returns.models import ReturnLine


class RefundExceedsQuantity(Refusal):
    code = "refund-exceeds-quantity"
    title = "More returned than was sold"
    status = 422


@dataclass(frozen=True, kw_only=True)
class ReturnLineInput(LineInput):
    """A line to return: an order's line, or (without a receipt) a variant or service at a price in minor units."""

    restock: bool
    reason_code: str = ""
    order_line_id: UUID | None = None
    unit_price: Decimal | int | None = None


def linked_rows(order: Order, lines: Sequence[ReturnLineInput]) -> list[ReturnLine]:
    """Take lines of an order back, and note on them what came back.

    :raises NotFound: when the order has no such line.
    :raises RefundExceedsQuantity: when more comes back than was sold and not returned yet.
    """
    sold = {line.id: line for line in order_lines().filter(order=order).select_for_update(no_key=True).order_by("id")}
    refunded = _refunded_taxes([line for line in sold.values() if line.returned_quantity])
    rows = []
    for line in lines:
        original = sold.get(line.order_line_id) if line.order_line_id else None
        if original is None:
            message = f"order {order.id} has no line {line.order_line_id}"
            raise NotFound(message)
        rows.append(_take_back(original, line, refunded[original.id]))
    OrderLine.objects.bulk_update(sold.values(), ["returned_quantity", "returned_total", "returned_tax"])
    return rows


def _refunded_taxes(lines: Sequence[OrderLine]) -> defaultdict[UUID, Counter[int]]:
    """Return what earlier returns gave back of each line's taxes, by their place in the line."""
    refunded: defaultdict[UUID, Counter[int]] = defaultdict(Counter)
    if lines:
        earlier = ReturnLine.objects.filter(order_line__in=lines).values_list("order_line_id", "taxes")
        for line_id, taxes in earlier:
            refunded[line_id].update({place: tax["amount"] for place, tax in enumerate(taxes or ())})
    return refunded


def _take_back(original: OrderLine, line: ReturnLineInput, refunded: Counter[int]) -> ReturnLine:
    """Give the line's share of price and taxes back, so that all parts together are exactly what was paid.

    :param refunded: what was given back of each tax, by its place; what this part gives back is added.
    """
    before, returned = original.returned_quantity, original.returned_quantity + line.quantity
    if returned > original.quantity:
        left = original.quantity - original.returned_quantity
        sold = original.quantity
        message = f"{original.description}: only {left} of {sold} can still be returned, not {line.quantity}"
        raise RefundExceedsQuantity(message, order_line_id=str(original.id), left=str(left))

    def part(amount: int) -> int:
        whole = original.quantity
        return share(amount, part=returned, whole=whole) - share(amount, part=before, whole=whole)

    total = part(original.total)
    left_of_taxes = [tax.amount - refunded[place] for place, tax in enumerate(original.taxes.all())]
    amounts = taxes_of_part(total, left_of_taxes, whole=original.total - original.returned_total)
    refunded.update(dict(enumerate(amounts)))
    tax_total = sum(amounts)
    original.returned_quantity = returned
    original.returned_total += total
    original.returned_tax += tax_total
    return ReturnLine(
        id=line.id,
        order_line=original,
        variant_id=original.variant_id,
        sku=original.sku,
        description=original.description,
        category=original.category,
        stocked=original.stocked,
        restock=line.restock and original.stocked,
        quantity=line.quantity,
        unit_price=original.unit_price,
        discounts=[{**each, "amount": amount} for each in _discounts(original) if (amount := part(each["amount"]))],
        reason_code=line.reason_code,
        taxes=_taxes_back(original, amounts, net=total - tax_total),
        tax_total=tax_total,
        total=total,
    )


def _discounts(original: OrderLine) -> list[dict[str, Any]]:
    """Return what each discount took off a line; those of the order as one, which is the line's share of them."""
    of_line = [
        {"name": each["name"], "percent": each["percent"], "scope": "LINE", "amount": each["amount"]}
        for each in original.discounts
    ]
    of_order = {"name": "", "percent": None, "scope": "ORDER", "amount": original.order_discount_share}
    return [*of_line, of_order]


def _taxes_back(original: OrderLine, amounts: Sequence[int], *, net: int) -> list[dict[str, Any]]:
    sold_net = original.total - original.tax_total
    taxes = []
    for number, (tax, amount) in enumerate(zip(original.taxes.all(), amounts, strict=True)):
        below = sum(amounts[:number]) if tax.base != sold_net else 0
        taxes.append(
            {
                "code": tax.code,
                "name": tax.name,
                "rate": f"{tax.rate:.6f}",
                "inclusive": tax.inclusive,
                "base": net + below,
                "amount": amount,
            }
        )
    return taxes


def free_rows(lines: Sequence[ReturnLineInput], *, location: Location, occurred_at: datetime) -> list[ReturnLine]:
    """Price goods that come back without a receipt, with the taxes of now.

    :raises LinesInvalid: when a line names nothing that the shop sells, or what no tax rule holds for, or no price.
    """
    _require_prices(lines)
    goods = find_goods(lines)
    sale = terms_at(
        goods,
        [line.quantity for line in lines],
        priced=[True for _ in lines],
        location=location,
        occurred_at=occurred_at,
    )
    asked = [_line(line, terms) for line, terms in zip(lines, sale.lines, strict=True)]
    priced = price_order(asked, level=Level(location.rounding_level))
    return [_free_row(*each) for each in zip(lines, goods, asked, priced.lines, strict=True)]


def _require_prices(lines: Sequence[ReturnLineInput]) -> None:
    message = "goods that come back without a receipt need the unit_price that was paid"
    errors = [
        {"pointer": f"/lines/{index}/unit_price", "code": "unit-price-missing", "detail": message}
        for index, line in enumerate(lines)
        if line.unit_price is None
    ]
    if errors:
        raise LinesInvalid(message, errors=errors)


def _line(line: ReturnLineInput, terms: Terms) -> Line:
    assert line.unit_price is not None
    return Line(
        id=line.id,
        quantity=terms.quantity,
        unit_price=Decimal(line.unit_price),
        rates=tuple(rule.rate for rule in terms.rules),
        inclusive=terms.inclusive,
    )


def _free_row(line: ReturnLineInput, goods: Goods, asked: Line, priced: PricedLine) -> ReturnLine:
    return ReturnLine(
        id=line.id,
        variant_id=goods.variant_id,
        sku=goods.sku,
        description=goods.description,
        category=goods.category,
        stocked=goods.stocked,
        restock=line.restock and goods.stocked,
        quantity=asked.quantity,
        unit_price=asked.unit_price,
        discounts=[],
        reason_code=line.reason_code,
        taxes=[
            {
                "code": tax.rate.code,
                "name": tax.rate.name,
                "rate": f"{tax.rate.share:.6f}",
                "inclusive": asked.inclusive,
                "base": tax.base,
                "amount": tax.amount,
            }
            for tax in priced.taxes
        ],
        tax_total=priced.tax_total,
        total=priced.total,
    )
