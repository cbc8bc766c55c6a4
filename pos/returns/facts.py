"""What returns announce, made of rows that are at hand. Reads nothing."""

from collections.abc import Sequence
from decimal import Decimal

from pos.cash.models import TenderType
from pos.events import LineTax, RefundedTender, ReturnCompleted, ReturnedLine
from pos.returns.models import Refund, Return, ReturnLine


def completed(returned: Return, rows: Sequence[ReturnLine], refunds: Sequence[Refund]) -> ReturnCompleted:
    location = returned.register.location
    return ReturnCompleted(
        return_id=returned.id,
        order_id=returned.order_id,
        exchange_order_id=None,
        register_id=returned.register_id,
        location_id=location.id,
        location_name=location.name,
        device_id=None,
        shift_id=returned.shift_id,
        staff_id=None,
        approval_id=None,
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
        refunds=[_refund(returned, refund) for refund in refunds],
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


def _refund(returned: Return, refund: Refund) -> RefundedTender:
    return RefundedTender(
        refund_id=refund.id,
        tender_id=refund.tender_id,
        tender_type=refund.type.code,
        kind=refund.kind or refund.type.kind,
        amount=refund.amount,
        rounding=refund.rounding,
        reference=None,
        charged_here=refund.type.kind == TenderType.Kind.GATEWAY,
        register_id=returned.register_id,
        shift_id=returned.shift_id,
        staff_id=None,
    )
