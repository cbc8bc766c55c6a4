"""What the receipt of an order shows."""

from collections.abc import Sequence

from pos.orders.models import Order, OrderLine, Tender
from pos.receipts.text import Receipt, ReceiptLine, ReceiptTender


def receipt_of(order: Order, lines: Sequence[OrderLine], tenders: Sequence[Tender]) -> Receipt:
    """Bring a completed order into the shape of its receipt. Reads nothing but what it is given."""
    return Receipt(
        location=order.register.location.name,
        number=order.receipt,
        occurred_at=order.occurred_at,
        currency=order.currency,
        total=order.total,
        tax_total=order.tax_total,
        change_total=order.change_total,
        lines=[
            ReceiptLine(
                description=line.description,
                quantity=line.quantity,
                unit_price=line.unit_price,
                total=line.total,
            )
            for line in lines
        ],
        tenders=[ReceiptTender(name=tender.type.name, amount=tender.amount) for tender in tenders],
    )
