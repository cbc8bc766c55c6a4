"""What returns announce, made of rows that are at hand. Reads nothing."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pos.events import LineDiscount, LineTax, ReturnCompleted, ReturnedLine
from pos.orders.facts import refunded_tenders
from pos.orders.models import Refund
from pos.returns.models import Return, ReturnLine


def completed(returned: Return, rows: Sequence[ReturnLine], refunds: Sequence[Refund]) -> ReturnCompleted:
    location = returned.register.location
    return ReturnCompleted(
        return_id=returned.id,
        order_id=returned.order_id,
        exchange_order_id=returned.exchange_order_id,
        register_id=returned.register_id,
        location_id=location.id,
        location_name=location.name,
        device_id=returned.device_id,
        shift_id=returned.shift_id,
        staff_id=returned.staff_id,
        approval_id=returned.approval_id,
        customer_id=None,
        business_date=returned.business_date,
        time_zone=location.timezone,
        training=False,
        receipt_id=returned.receipt_id,
        receipt_series=returned.series,
        receipt=returned.receipt,
        number=returned.number,
        currency=returned.currency,
        subtotal=returned.total - returned.tax_total - returned.rounding_adjustment,
        discount_total=sum(_discount_total(row) for row in rows),
        rounding_adjustment=returned.rounding_adjustment,
        tax_total=returned.tax_total,
        total=returned.total,
        lines=[_line(number, row) for number, row in enumerate(rows, start=1)],
        refunds=refunded_tenders(refunds),
        occurred_at=returned.occurred_at,
        recorded_at=returned.recorded_at,
    )


def _line(number: int, row: ReturnLine) -> ReturnedLine:
    return ReturnedLine(
        line_id=row.id,
        order_line_id=row.order_line_id,
        number=number,
        variant_id=row.variant_id,
        sku=row.sku,
        description=row.description,
        category=row.category,
        quantity=row.quantity,
        unit=None,
        unit_price=row.unit_price,
        discounts=[_discount(each) for each in row.discounts or ()],
        discount_total=_discount_total(row),
        taxes=None if row.taxes is None else [LineTax(**{**tax, "rate": Decimal(tax["rate"])}) for tax in row.taxes],
        tax_total=row.tax_total,
        total=row.total,
        reason_code=row.reason_code or None,
        disposition="RESTOCK" if row.restock else "NONE",
    )


def _discount(part: dict[str, Any]) -> LineDiscount:
    percent = part["percent"]
    return LineDiscount(
        code=None,
        name=part["name"] or None,
        kind="AMOUNT" if percent is None else "PERCENT",
        scope=part["scope"],
        rate=None if percent is None else Decimal(percent).scaleb(-2),
        amount=part["amount"],
    )


def _discount_total(row: ReturnLine) -> int:
    return sum(each["amount"] for each in row.discounts or ())
