"""What returns announce, made of rows that are at hand. Reads nothing."""

from collections.abc import Sequence
from decimal import Decimal

from pos.events import LineTax, ReturnCompleted, ReturnedLine
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
        device_id=None,
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
        discount_total=None,
        rounding_adjustment=returned.rounding_adjustment,
        tax_total=returned.tax_total,
        total=returned.total,
        lines=[_line(number, row) for number, row in enumerate(rows, start=1)],
        refunds=refunded_tenders(refunds),
        occurred_at=returned.occurred_at,
        recorded_at=returned.recorded_at,
    )


def _line(number: int, row: ReturnLine) -> ReturnedLine:
    original = row.order_line
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
        unit_price=original.unit_price if original else None,
        discounts=None,
        discount_total=None,
        taxes=None if row.taxes is None else [LineTax(**{**tax, "rate": Decimal(tax["rate"])}) for tax in row.taxes],
        tax_total=row.tax_total,
        total=row.total,
        reason_code=None,
        disposition="RESTOCK" if row.restock else "NONE",
    )
