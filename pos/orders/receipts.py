"""What the receipt of an order shows."""

from collections.abc import Sequence
from typing import Any

from pos.orders.models import Order, OrderLine, Tender
from pos.profile.models import ShopProfile
from pos.receipts.chain import salted
from pos.receipts.models import Receipt, number_written
from pos.receipts.snapshot import (
    Discount,
    Line,
    Paid,
    Place,
    Snapshot,
    Till,
    line_of,
    seller_of,
    tax_of,
    taxes_by_rate,
    when_of,
)
from pos.registers.numbers import Taken


def order_snapshot(
    order: Order, rows: Sequence[OrderLine], tenders: Sequence[Tender], *, profile: ShopProfile, taken: Taken
) -> Snapshot:
    """Bring a completed order into the shape of its receipt. Reads nothing but what it is given.

    :param tenders: all of the order's; those that are settled are shown.
    """
    assert order.business_date is not None
    register, lines = order.register, [_line(row) for row in rows]
    return Snapshot(
        kind=Receipt.Kind.ORDER,
        series=taken.series,
        number=taken.number,
        receipt=number_written(Receipt.Kind.ORDER, taken.series, taken.number),
        source_id=order.id,
        seller=seller_of(profile),
        location=Place(name=register.location.name, address=register.location.address),
        register=Till(code=register.code, name=register.name),
        when=when_of(order.occurred_at, timezone=register.location.timezone, day=order.business_date),
        currency=order.currency,
        lines=lines,
        taxes=taxes_by_rate(lines),
        tenders=[_paid(tender) for tender in tenders if tender.state == Tender.State.SETTLED],
        subtotal=order.subtotal,
        discounts=_discounts(order.discounts),
        discount_total=order.discount_total,
        rounding_adjustment=order.rounding_adjustment,
        tax_total=order.tax_total,
        total=order.total,
        change_total=order.change_total,
        customer=salted(order.customer_email, order.customer_salt) if order.customer_salt else "",
        training=order.training,
    )


def _line(row: OrderLine) -> Line:
    return line_of(
        number=row.number,
        sku=row.sku,
        description=row.description,
        quantity=row.quantity,
        unit_price=row.unit_price,
        total=row.total,
        taxes=[
            tax_of(
                code=tax.code, name=tax.name, rate=tax.rate, inclusive=tax.inclusive, base=tax.base, amount=tax.amount
            )
            for tax in row.taxes.all()
        ],
        discounts=_discounts(row.discounts),
    )


def _paid(tender: Tender) -> Paid:
    return Paid(
        type=tender.type.code,
        name=tender.type.name,
        amount=tender.amount,
        change=tender.change,
        reference=tender.reference,
    )


def _discounts(given: Sequence[dict[str, Any]]) -> list[Discount]:
    return [Discount(name=each["name"] or "Discount", amount=each["amount"]) for each in given]
