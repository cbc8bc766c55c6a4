"""Quotes: what an order would come to, priced as it would be; nothing is written."""

from collections.abc import Sequence
from datetime import datetime

from kernel.ids import new_id
from kernel.prefetching import hold_rows
from pos.cash.queries import tender_types
from pos.exceptions.findings import Findings
from pos.orders.discounts import DiscountInput
from pos.orders.lines import OrderLineInput, price_lines
from pos.orders.models import Order
from pos.orders.tenders import named, round_due
from pos.registers.models import Register


def quote(
    *,
    register: Register,
    lines: Sequence[OrderLineInput],
    discounts: Sequence[DiscountInput],
    occurred_at: datetime,
    tender_type: str = "",
    findings: Findings | None = None,
) -> Order:
    """Price an order that is not placed.

    :param tender_type: the code of the type that all of it would be paid by: cash may be rounded.
    :param findings: takes what is wrong with goods as the till knew them, as for a paid order.
    :raises LinesInvalid: when a line names nothing that the shop sells, or what no tax rule holds for.
    :raises DiscountExceedsPrice: when a discount is more than what it is taken off.
    :raises NumberTooLarge: when all lines come to more goods or money than an order may have.
    :raises TenderMismatch: when the shop has no such type of tender.
    """
    location = register.location
    order = Order(
        id=new_id(),
        register=register,
        currency=location.currency,
        rounding_level=location.rounding_level,
        occurred_at=occurred_at,
    )
    hold_rows(order, lines=price_lines(order, lines, discounts, findings=findings).lines)
    if tender_type:
        step = named(tender_types({tender_type}), tender_type).rounding_step
        round_due(order, order.total, step=step)
    return order
