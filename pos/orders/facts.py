"""What orders announce, made of rows that are at hand. Reads nothing."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from kernel.text import without_personal
from pos.cash.models import TenderType
from pos.events import (
    LineDiscount,
    LineTax,
    OrderCompleted,
    OrderJoinedShift,
    OrderPlaced,
    OrderVoided,
    RefundedTender,
    SoldLine,
    TakenTender,
    TendersAdded,
)
from pos.orders.models import Order, OrderLine, Refund, Tender
from pos.orders.tenders import pending_charges
from pos.registers.models import Register


def sold_lines(rows: Sequence[OrderLine]) -> list[SoldLine]:
    return [
        SoldLine(
            line_id=row.id,
            number=row.number,
            variant_id=row.variant_id,
            sku=row.sku,
            description=row.description,
            category=row.category,
            quantity=row.quantity,
            unit=None,
            list_price=row.list_price,
            unit_price=row.unit_price,
            price_source=row.price_source,
            gross=row.gross,
            discounts=_discounts(row),
            discount_total=row.line_discount + row.order_discount_share,
            taxes=[
                LineTax(
                    code=tax.code,
                    name=tax.name,
                    rate=tax.rate,
                    inclusive=tax.inclusive,
                    base=tax.base,
                    amount=tax.amount,
                )
                for tax in row.taxes.all()
            ],
            tax_total=row.tax_total,
            total=row.total,
            stocked=row.stocked,
        )
        for row in rows
    ]


def _discounts(row: OrderLine) -> list[LineDiscount]:
    """Return what each discount took off a line; those of the order as one, which is the line's share of them."""
    discounts = [
        LineDiscount(
            code=None,
            name=each["name"] or None,
            kind="AMOUNT" if each["percent"] is None else "PERCENT",
            scope="LINE",
            rate=None if each["percent"] is None else Decimal(each["percent"]).scaleb(-2),
            amount=each["amount"],
        )
        for each in row.discounts
        if each["amount"]
    ]
    if row.order_discount_share:
        of_order = LineDiscount(
            code=None, name=None, kind="AMOUNT", scope="ORDER", rate=None, amount=row.order_discount_share
        )
        discounts.append(of_order)
    return discounts


def taken_tenders(tenders: Sequence[Tender]) -> list[TakenTender]:
    return [
        TakenTender(
            tender_id=tender.id,
            tender_type=tender.type.code,
            kind=tender.kind_taken,
            state=tender.state,
            amount=tender.amount,
            change=tender.change,
            rounding=tender.rounding,
            reference=tender.reference,
            charged_here=tender.charged_here,
            register_id=tender.register_id,
            shift_id=tender.shift_id,
            staff_id=tender.staff_id,
        )
        for tender in tenders
    ]


def refunded_tenders(refunds: Sequence[Refund]) -> list[RefundedTender]:
    return [
        RefundedTender(
            refund_id=refund.id,
            tender_id=refund.tender_id if refund.tender and refund.tender.is_money else None,
            tender_type=refund.type.code,
            kind=refund.kind,
            amount=refund.amount,
            rounding=refund.rounding,
            reference=refund.reference,
            charged_here=refund.kind == TenderType.Kind.GATEWAY,
            register_id=refund.register_id,
            shift_id=refund.shift_id,
            staff_id=refund.staff_id,
        )
        for refund in refunds
    ]


def placed(order: Order, lines: list[SoldLine], tenders: Sequence[Tender]) -> OrderPlaced:
    """:param tenders: those that it was placed with."""
    settled = sum(tender.paid for tender in tenders if tender.state == Tender.State.SETTLED)
    return OrderPlaced(
        **_facts(order, lines),
        due=order.total - settled,
        tenders=taken_tenders(tenders),
    )


def completed(order: Order, lines: list[SoldLine], tenders: Sequence[Tender]) -> OrderCompleted:
    """:param tenders: all of the order's; what is not settled of them is abandoned."""
    assert order.completed_at is not None
    assert order.receipt_number is not None
    return OrderCompleted(
        **_facts(order, lines),
        receipt_id=order.receipt_id,
        receipt_series=order.series,
        receipt=order.receipt,
        receipt_number=order.receipt_number,
        change_total=order.change_total,
        tenders=taken_tenders([tender for tender in tenders if tender.state == Tender.State.SETTLED]),
        abandoned_charges=pending_charges(tenders),
        completed_at=order.completed_at,
        exchange_return_id=order.exchange_return_id,
    )


def joined(order: Order, lines: list[SoldLine], tenders: Sequence[Tender], *, now: datetime) -> OrderJoinedShift:
    assert order.receipt_number is not None
    settled = [tender for tender in tenders if tender.state == Tender.State.SETTLED]
    return OrderJoinedShift(
        **_facts(order, lines), receipt_number=order.receipt_number, tenders=taken_tenders(settled), joined_at=now
    )


def tenders_added(
    order: Order, tenders: Sequence[Tender], *, register: Register, due: int, day: date, now: datetime
) -> TendersAdded:
    """:param tenders: those that were added. :param register: where they were taken. :param due: what is not settled
    after them. :param day: of business there.
    """
    location = register.location
    return TendersAdded(
        order_id=order.id,
        location_id=location.id,
        currency=order.currency,
        tenders=taken_tenders(tenders),
        due=due,
        business_date=day,
        time_zone=location.timezone,
        occurred_at=now,
    )


def voided(
    order: Order,
    *,
    reason: str,
    register: Register,
    charged: Sequence[Tender],
    refunds: Sequence[Refund],
    staff_id: UUID | None,
    now: datetime,
    day: date,
) -> OrderVoided:
    """:param register: where. :param charged: the cards that the backend charges or was to charge for it.

    :param day: of business there.
    """
    return OrderVoided(
        order_id=order.id,
        register_id=order.register_id,
        reason=without_personal(reason),
        abandoned_charges=[tender.id for tender in charged],
        location_id=register.location_id,
        voided_at_register_id=register.id,
        business_date=day,
        staff_id=staff_id,
        currency=order.currency,
        refunds=refunded_tenders(refunds),
        voided_at=now,
    )


def _facts(order: Order, lines: list[SoldLine]) -> dict[str, Any]:
    """Return the fields of `OrderFacts`."""
    location = order.register.location
    return {
        "order_id": order.id,
        "register_id": order.register_id,
        "location_id": location.id,
        "location_name": location.name,
        "device_id": order.device_id,
        "device_sequence": order.device_sequence,
        "shift_id": order.shift_id,
        "staff_id": order.staff_id,
        "customer_id": None,
        "business_date": order.business_date,
        "time_zone": location.timezone,
        "origin": order.origin,
        "training": order.training,
        "price_list_id": order.price_list_id,
        "rounding_level": order.rounding_level,
        "rounding_adjustment": order.rounding_adjustment,
        "currency": order.currency,
        "subtotal": order.subtotal,
        "discount_total": order.discount_total,
        "tax_total": order.tax_total,
        "total": order.total,
        "lines": lines,
        "occurred_at": order.occurred_at,
        "recorded_at": order.recorded_at,
    }
