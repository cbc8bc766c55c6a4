"""What the receipt of a return shows."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pos.orders.models import Refund
from pos.profile.models import ShopProfile
from pos.receipts.models import Receipt, number_written
from pos.receipts.snapshot import (
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
from pos.returns.models import Return, ReturnLine


def return_snapshot(
    returned: Return, rows: Sequence[ReturnLine], refunds: Sequence[Refund], *, profile: ShopProfile, taken: Taken
) -> Snapshot:
    """Bring a return into the shape of its receipt. Reads nothing but what it is given."""
    assert returned.business_date is not None
    register, lines = returned.register, [_line(number, row) for number, row in enumerate(rows, start=1)]
    return Snapshot(
        kind=Receipt.Kind.RETURN,
        series=taken.series,
        number=taken.number,
        receipt=number_written(Receipt.Kind.RETURN, taken.series, taken.number),
        source_id=returned.id,
        of_receipt=returned.order.receipt if returned.order else "",
        seller=seller_of(profile),
        location=Place(name=register.location.name, address=register.location.address),
        register=Till(code=register.code, name=register.name),
        when=when_of(returned.occurred_at, timezone=register.location.timezone, day=returned.business_date),
        currency=returned.currency,
        lines=lines,
        taxes=taxes_by_rate(lines),
        tenders=[
            Paid(
                type=refund.type.code, name=refund.type.name, amount=refund.amount, change=0, reference=refund.reference
            )
            for refund in refunds
        ],
        subtotal=sum(row.total for row in rows) - returned.tax_total,
        rounding_adjustment=returned.rounding_adjustment,
        tax_total=returned.tax_total,
        total=returned.total,
        change_total=0,
    )


def _line(number: int, row: ReturnLine) -> Line:
    taxes: list[dict[str, Any]] = row.taxes or []
    return line_of(
        number=number,
        sku=row.sku,
        description=row.description,
        quantity=row.quantity,
        unit_price=row.unit_price,
        total=row.total,
        taxes=[tax_of(**{**tax, "rate": Decimal(tax["rate"])}) for tax in taxes],
    )
