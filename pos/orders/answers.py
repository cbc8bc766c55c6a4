"""An order as the API answers it: encoded once, and the same bytes wherever it is shown.

`OrderSerializer` describes the same members for the document; a test compares the two.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from pos.exceptions.models import HeldCommand
from pos.orders.models import Order, OrderLine, OrderLineTax, Tender
from web.money import Money, UnitPrice


class DiscountAnswer(msgspec.Struct, frozen=True, gc=False):
    name: str
    percent: str | None
    amount: Money


class TaxAnswer(msgspec.Struct, frozen=True, gc=False):
    code: str
    name: str
    rate: str
    inclusive: bool
    base: Money
    amount: Money


class LineAnswer(msgspec.Struct, frozen=True, gc=False):
    id: UUID
    number: int
    variant_id: UUID | None
    sku: str
    description: str
    quantity: str
    price_list_id: UUID | None
    list_price: UnitPrice | None
    price_source: str | None
    unit_price: UnitPrice
    gross: Money
    line_discount: Money
    order_discount_share: Money
    discounts: list[DiscountAnswer]
    tax_name: str
    tax_rate: str
    tax_inclusive: bool
    taxes: list[TaxAnswer]
    tax_total: Money
    total: Money
    returned_quantity: str
    returned_total: Money


class TenderAnswer(msgspec.Struct, frozen=True, gc=False):
    id: UUID
    number: int
    type: str
    state: str
    amount: Money
    change: Money
    refunded: Money
    reference: str
    failure: str


class ExceptionAnswer(msgspec.Struct, frozen=True, gc=False):
    id: str
    kind: str
    severity: str


class OrderAnswer(msgspec.Struct, frozen=True):
    id: UUID
    status: str
    exceptions: list[ExceptionAnswer]
    register_id: UUID
    shift_id: UUID | None
    register: UUID
    shift: UUID | None
    origin: str | None
    device_sequence: int | None
    receipt: str
    receipt_number: int | None
    receipt_id: UUID | None
    currency: str
    price_list_id: UUID | None
    rounding_level: str
    discounts: list[DiscountAnswer]
    discount_total: Money
    subtotal: Money
    tax_total: Money
    rounding_adjustment: Money
    total: Money
    change_total: Money
    due: Money
    customer_email: str
    note: str
    training: bool
    occurred_at: datetime
    reported_at: datetime | None
    business_date: date | None
    voided_at: datetime | None
    void_reason: str
    completed_at: datetime | None
    exchange_return_id: UUID | None
    lines: list[LineAnswer]
    tenders: list[TenderAnswer]


class HeldAnswer(msgspec.Struct, frozen=True):
    id: UUID
    result: str
    status: str
    reason: str
    detail: str
    amount: Money
    received_at: datetime
    decided_at: datetime | None
    note: str


class QuoteAnswer(msgspec.Struct, frozen=True):
    currency: str
    price_list_id: UUID | None
    rounding_level: str
    discounts: list[DiscountAnswer]
    discount_total: Money
    subtotal: Money
    tax_total: Money
    rounding_adjustment: Money
    total: Money
    occurred_at: datetime
    lines: list[LineAnswer]


_encoder = msgspec.json.Encoder()


def encoded_order(order: Order) -> bytes:
    """Write an order, whose lines and tenders are at hand, as JSON."""
    return _encoder.encode(_answer(order))


def encoded_held(held: HeldCommand) -> bytes:
    """Write, as JSON, that an order is held, or what was decided about it."""
    return _encoder.encode(
        HeldAnswer(
            id=held.id,
            result="quarantined",
            status=held.state,
            reason=held.reason,
            detail=held.detail,
            amount=Money(held.amount, held.currency),
            received_at=held.received_at,
            decided_at=held.decided_at,
            note=held.note,
        )
    )


def encoded_quote(order: Order) -> bytes:
    """Write what an order that is not placed would come to, as JSON."""
    currency = order.currency
    quoted = QuoteAnswer(
        currency=currency,
        price_list_id=order.price_list_id,
        rounding_level=order.rounding_level,
        discounts=_discounts(order.discounts, currency),
        discount_total=Money(order.discount_total, currency),
        subtotal=Money(order.subtotal, currency),
        tax_total=Money(order.tax_total, currency),
        rounding_adjustment=Money(order.rounding_adjustment, currency),
        total=Money(order.total, currency),
        occurred_at=order.occurred_at,
        lines=[_line(line, currency) for line in order.lines.all()],
    )
    return _encoder.encode(quoted)


def orders_shown(orders: Iterable[Order]) -> list[Any]:
    """Return orders as values of JSON, for a page of them."""
    shown: list[Any] = msgspec.to_builtins([_answer(order) for order in orders])
    return shown


def _answer(order: Order) -> OrderAnswer:
    currency = order.currency
    tenders = order.tenders.all()
    settled = sum(tender.paid for tender in tenders if tender.state == Tender.State.SETTLED)
    return OrderAnswer(
        id=order.id,
        status=order.status,
        exceptions=[ExceptionAnswer(**each) for each in order.exceptions],
        register_id=order.register_id,
        shift_id=order.shift_id,
        register=order.register_id,
        shift=order.shift_id,
        origin=order.origin,
        device_sequence=order.device_sequence,
        receipt=order.receipt,
        receipt_number=order.receipt_number,
        receipt_id=order.receipt_id,
        currency=currency,
        price_list_id=order.price_list_id,
        rounding_level=order.rounding_level,
        discounts=_discounts(order.discounts, currency),
        discount_total=Money(order.discount_total, currency),
        subtotal=Money(order.subtotal, currency),
        tax_total=Money(order.tax_total, currency),
        rounding_adjustment=Money(order.rounding_adjustment, currency),
        total=Money(order.total, currency),
        change_total=Money(order.change_total, currency),
        due=Money(order.total - settled, currency),
        customer_email=order.customer_email,
        note=order.note,
        training=order.training,
        occurred_at=order.occurred_at,
        reported_at=order.reported_at,
        business_date=order.business_date,
        voided_at=order.voided_at,
        void_reason=order.void_reason,
        completed_at=order.completed_at,
        exchange_return_id=order.exchange_return_id,
        lines=[_line(line, currency) for line in order.lines.all()],
        tenders=[_tender(tender, currency) for tender in tenders],
    )


def _line(line: OrderLine, currency: str) -> LineAnswer:
    return LineAnswer(
        id=line.id,
        number=line.number,
        variant_id=line.variant_id,
        sku=line.sku,
        description=line.description,
        quantity=f"{line.quantity:.3f}",
        price_list_id=line.price_list_id,
        list_price=None if line.list_price is None else UnitPrice.of(line.list_price, currency),
        price_source=line.price_source,
        unit_price=UnitPrice.of(line.unit_price, currency),
        gross=Money(line.gross, currency),
        line_discount=Money(line.line_discount, currency),
        order_discount_share=Money(line.order_discount_share, currency),
        discounts=_discounts(line.discounts, currency),
        tax_name=line.tax_name,
        tax_rate=f"{line.tax_rate:.6f}",
        tax_inclusive=line.tax_inclusive,
        taxes=[_tax(tax, currency) for tax in line.taxes.all()],
        tax_total=Money(line.tax_total, currency),
        total=Money(line.total, currency),
        returned_quantity=f"{line.returned_quantity:.3f}",
        returned_total=Money(line.returned_total, currency),
    )


def _discounts(kept: list[dict[str, Any]], currency: str) -> list[DiscountAnswer]:
    return [
        DiscountAnswer(name=each["name"], percent=each["percent"], amount=Money(each["amount"], currency))
        for each in kept
    ]


def _tax(tax: OrderLineTax, currency: str) -> TaxAnswer:
    return TaxAnswer(
        code=tax.code,
        name=tax.name,
        rate=f"{tax.rate:.6f}",
        inclusive=tax.inclusive,
        base=Money(tax.base, currency),
        amount=Money(tax.amount, currency),
    )


def _tender(tender: Tender, currency: str) -> TenderAnswer:
    return TenderAnswer(
        id=tender.id,
        number=tender.number,
        type=tender.type.code,
        state=tender.state,
        amount=Money(tender.amount, currency),
        change=Money(tender.change, currency),
        refunded=Money(tender.refunded, currency),
        reference=tender.reference,
        failure=tender.failure,
    )
