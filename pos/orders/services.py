"""Orders: placed, paid, completed, voided."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.bounds import require_amount, require_goods
from kernel.refusals import NotFound, Refusal
from pos.cash.models import TenderType
from pos.cash.services import open_shift_of
from pos.events.orders import OrderCompleted, OrderPlaced, OrderVoided, ReceiptRequested, SettledTender, SoldLine
from pos.orders.lines import OrderLineInput, priced_rows
from pos.orders.models import Order, OrderLine, Tender
from pos.orders.receipts import receipt_of
from pos.orders.tenders import TenderInput, hand_over, pending_charges
from pos.receipts.text import receipt_text
from pos.registers.models import Device, Register
from pos.registers.numbers import take_receipt_number


class OrderExists(Refusal):
    """The order's id was used before: for the same request it is answered again, for another it is refused."""

    code = "order-exists"
    title = "Order exists"

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"order {order_id} was placed already, with other content", order_id=str(order_id))
        self.order_id = order_id


class OrderNotEditable(Refusal):
    code = "order-not-editable"
    title = "Order not editable"


class OtherCurrency(Refusal):
    """The order has amounts of a currency in which the register that asks does not work."""

    code = "other-currency"
    title = "Order in another currency"
    status = 422


def place_order(
    *,
    id: UUID,
    register: Register,
    device: Device | None,
    lines: Sequence[OrderLineInput],
    tenders: Sequence[TenderInput],
    occurred_at: datetime,
    now: datetime,
    fingerprint: str,
    customer_email: str = "",
    note: str = "",
) -> Order:
    """Ring up an order, and complete it when its tenders settle it.

    :raises OrderExists: when the id was used before.
    :raises ShiftNotOpen: when the register has no open shift.
    :raises LinesInvalid: when a line names nothing that the shop sells.
    :raises NumberTooLarge: when all lines come to too much, in goods or in money.
    :raises TenderMismatch: when the tenders exceed what may be taken.
    """
    with unit_of_work():
        shift = open_shift_of(register)
        rows = priced_rows(id, lines)
        require_goods(row.quantity for row in rows)
        total = sum(row.total for row in rows)
        require_amount(total)
        tax_total = sum(row.tax_total for row in rows)
        order = Order(
            id=id,
            register=register,
            device=device,
            shift=shift,
            currency=register.location.currency,
            subtotal=total - tax_total,
            tax_total=tax_total,
            total=total,
            customer_email=customer_email,
            note=note,
            fingerprint=fingerprint,
            occurred_at=occurred_at,
            recorded_at=now,
        )
        try:
            with transaction.atomic():
                order.save(force_insert=True)
        except IntegrityError:
            raise OrderExists(id) from None
        OrderLine.objects.bulk_create(rows)
        publish(_placed(order, rows), occurred_at=occurred_at)
        hand_over(order=order, paying=tenders)
        complete_if_settled(order=order, now=now)
    return order


def add_tenders(*, order_id: UUID, currency: str, tenders: Sequence[TenderInput], now: datetime) -> Order:
    """Take further tenders for a placed order, and complete it when they settle it.

    :param currency: in which the tenders' amounts are.
    :raises NotFound: when there is no such order.
    :raises OtherCurrency: when the order is in another one.
    :raises OrderNotEditable: when it is completed or voided.
    :raises TenderMismatch: when the tenders exceed what is due.
    """
    with unit_of_work():
        order = lock_order(order_id)
        require_currency(order, currency)
        _require_placed(order)
        hand_over(order=order, paying=tenders)
        complete_if_settled(order=order, now=now)
    return order


def void_order(*, order_id: UUID, reason: str) -> Order:
    """Give up an order that is not completed; what was charged for it goes back.

    :raises NotFound: when there is no such order.
    :raises OrderNotEditable: when it is completed or voided, or holds settled cash.
    """
    with unit_of_work():
        order = lock_order(order_id)
        _require_placed(order)
        settled = order.tenders.filter(state=Tender.State.SETTLED)
        if settled.exclude(type__kind=TenderType.Kind.GATEWAY).exists():
            message = "cash or cards were taken for this order: complete it and return it instead"
            raise OrderNotEditable(message)
        order.status = Order.Status.VOIDED
        order.save(update_fields=["status"])
        charged = order.tenders.filter(type__kind=TenderType.Kind.GATEWAY).values_list("id", flat=True)
        publish(
            OrderVoided(
                order_id=order.id, register_id=order.register_id, reason=reason, abandoned_charges=list(charged)
            )
        )
    return order


def settle_card_tender(*, tender_id: UUID, order_id: UUID, reference: str, now: datetime) -> None:
    """Take over that the backend charged a card, and complete the order when that settles it.

    An order that was voided or completed otherwise stays as it is; payments gives such a charge back.
    """
    with unit_of_work():
        order = lock_order(order_id)
        if order.status != Order.Status.PLACED:
            return
        pending = order.tenders.filter(id=tender_id, state=Tender.State.PENDING)
        if pending.update(state=Tender.State.SETTLED, reference=reference):
            complete_if_settled(order=order, now=now)


def complete_if_settled(*, order: Order, now: datetime) -> None:
    """Complete an order whose settled tenders cover it: its receipt number, and the fact for everyone."""
    tenders = list(order.tenders.select_related("type").order_by("number"))
    settled = [tender for tender in tenders if tender.state == Tender.State.SETTLED]
    if sum(tender.paid for tender in settled) != order.total:
        return
    order.change_total = sum(tender.change for tender in settled)
    order.receipt_number = take_receipt_number(order.register)
    order.status, order.completed_at = Order.Status.COMPLETED, now
    order.save(update_fields=["change_total", "receipt_number", "status", "completed_at"])
    completed = _completed(order, settled, abandoned=pending_charges(tenders))
    publish(completed, occurred_at=order.occurred_at)
    if order.customer_email:
        publish(
            ReceiptRequested(
                order_id=order.id,
                receipt=order.receipt,
                recipient=order.customer_email,
                text=receipt_text(receipt_of(order, list(order.lines.order_by("number")), settled)),
            )
        )


def lock_order(order_id: UUID) -> Order:
    """:raises NotFound: when there is no such order."""
    locked = Order.objects.select_for_update(no_key=True, of=("self",))
    order = locked.select_related("register__location").filter(id=order_id).first()
    if order is None:
        message = f"no order {order_id} exists"
        raise NotFound(message)
    return order


def require_currency(order: Order, currency: str) -> None:
    """:raises OtherCurrency: when amounts of this currency are not amounts of the order."""
    if order.currency != currency:
        message = (
            f"order {order.id} is in {order.currency}, and this register works in {currency}: use one of its location"
        )
        raise OtherCurrency(message, currency=order.currency)


def _require_placed(order: Order) -> None:
    if order.status != Order.Status.PLACED:
        message = f"order {order.id} is {order.status.lower()}"
        raise OrderNotEditable(message)


def _sold(row: OrderLine) -> SoldLine:
    return SoldLine(
        line_id=row.id,
        variant_id=row.variant_id,
        sku=row.sku,
        description=row.description,
        quantity=row.quantity,
        unit_price=row.unit_price,
        tax_total=row.tax_total,
        total=row.total,
        stocked=row.stocked,
    )


def _placed(order: Order, rows: list[OrderLine]) -> OrderPlaced:
    return OrderPlaced(
        order_id=order.id,
        register_id=order.register_id,
        location_id=order.register.location_id,
        currency=order.currency,
        total=order.total,
        due=order.total,
        lines=[_sold(row) for row in rows],
        occurred_at=order.occurred_at,
    )


def _completed(order: Order, settled: list[Tender], *, abandoned: list[UUID]) -> OrderCompleted:
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
        lines=[_sold(row) for row in order.lines.order_by("number")],
        tenders=[
            SettledTender(
                tender_id=tender.id,
                tender_type=tender.type.code,
                kind=tender.type.kind,
                amount=tender.amount,
                change=tender.change,
                charged_here=tender.type.kind == TenderType.Kind.GATEWAY,
            )
            for tender in settled
        ],
        abandoned_charges=abandoned,
        occurred_at=order.occurred_at,
        completed_at=order.completed_at,
    )
