"""What orders announce, made of rows that are at hand. Reads nothing."""

from collections.abc import Sequence

from pos.cash.models import TenderType
from pos.events.orders import OrderCompleted, OrderPlaced, ReceiptRequested, SettledTender, SoldLine
from pos.orders.models import Order, OrderLine, Tender
from pos.orders.receipts import receipt_of
from pos.orders.tenders import pending_charges
from pos.receipts.text import receipt_text


def sold_lines(rows: Sequence[OrderLine]) -> list[SoldLine]:
    return [
        SoldLine(
            line_id=row.id,
            variant_id=row.variant_id,
            sku=row.sku,
            description=row.description,
            quantity=row.quantity,
            unit_price=row.whole_unit_price,
            tax_total=row.tax_total,
            total=row.total,
            stocked=row.stocked,
        )
        for row in rows
    ]


def placed(order: Order, lines: list[SoldLine]) -> OrderPlaced:
    return OrderPlaced(
        order_id=order.id,
        register_id=order.register_id,
        location_id=order.register.location_id,
        currency=order.currency,
        total=order.total,
        due=order.total,
        lines=lines,
        occurred_at=order.occurred_at,
    )


def completed(order: Order, lines: list[SoldLine], tenders: Sequence[Tender]) -> OrderCompleted:
    """:param tenders: all of the order's; what is not settled of them is abandoned."""
    assert order.completed_at is not None
    assert order.receipt_number is not None
    location = order.register.location
    return OrderCompleted(
        order_id=order.id,
        register_id=order.register_id,
        location_id=location.id,
        location_name=location.name,
        shift_id=order.shift_id,
        receipt=order.receipt,
        receipt_number=order.receipt_number,
        currency=order.currency,
        subtotal=order.subtotal,
        tax_total=order.tax_total,
        total=order.total,
        change_total=order.change_total,
        lines=lines,
        tenders=[
            SettledTender(
                tender_id=tender.id,
                tender_type=tender.type.code,
                kind=tender.type.kind,
                amount=tender.amount,
                change=tender.change,
                charged_here=tender.type.kind == TenderType.Kind.GATEWAY,
            )
            for tender in tenders
            if tender.state == Tender.State.SETTLED
        ],
        abandoned_charges=pending_charges(tenders),
        occurred_at=order.occurred_at,
        completed_at=order.completed_at,
    )


def receipt_requested(order: Order, rows: Sequence[OrderLine], tenders: Sequence[Tender]) -> ReceiptRequested:
    settled = [tender for tender in tenders if tender.state == Tender.State.SETTLED]
    return ReceiptRequested(
        order_id=order.id,
        receipt=order.receipt,
        recipient=order.customer_email,
        text=receipt_text(receipt_of(order, rows, settled)),
    )
