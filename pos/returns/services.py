"""Returns: of an order's lines, to the unit and to the minor unit; or of goods without a receipt."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.bounds import require_amount, require_goods
from kernel.prefetching import hold_rows
from kernel.refusals import NotFound, Refusal
from pos.cash.models import TenderType
from pos.cash.services import Till, open_till
from pos.orders.models import Order, Tender
from pos.orders.services.locking import lock_order, require_currency
from pos.pricing.cash import cash_adjustment
from pos.profile.queries import current_profile
from pos.receipts.models import Receipt
from pos.receipts.services import issue_receipt
from pos.registers.models import Register
from pos.returns import facts
from pos.returns.lines import ReturnLineInput, free_rows, linked_rows
from pos.returns.models import Refund, Return
from pos.returns.receipts import return_snapshot
from pos.returns.rounding import adjustment_of

PRIMARY_KEY = "pos_return_pkey"


class ReturnExists(Refusal):
    code = "return-exists"
    title = "Return exists"

    def __init__(self, return_id: UUID) -> None:
        super().__init__(f"return {return_id} was made already, with other content", return_id=str(return_id))
        self.return_id = return_id


class OrderNotCompleted(Refusal):
    code = "order-not-completed"
    title = "Order not completed"


class RefundExceedsPaid(Refusal):
    code = "refund-exceeds-paid"
    title = "More refunded than was paid"
    status = 422


def complete_return(
    *,
    id: UUID,
    register: Register,
    order_id: UUID | None,
    lines: Sequence[ReturnLineInput],
    occurred_at: datetime,
    now: datetime,
    fingerprint: str,
    reason: str = "",
    refund_to: str = "cash",
) -> Return:
    """Take goods back and give the money back: to the order's own tenders, or without an order to one type.

    The rows are written when the unit of work ends, without signals; what the database refuses is raised there.

    :param refund_to: the code of a tender type, for a return without an order.
    :raises ReturnExists: when the id was used before.
    :raises ShiftNotOpen: when the register has no open shift.
    :raises NotFound: when the order, or one of its lines, does not exist.
    :raises CurrencyMismatch: when the order is not in the currency of the register's location.
    :raises OrderNotCompleted: when the order is not completed, or of training.
    :raises RefundExceedsQuantity: when more comes back than was sold and not returned yet.
    :raises LinesInvalid: when a line without an order names nothing that the shop sells.
    :raises NumberTooLarge: when lines without an order come to too much, in goods or in money.
    """
    with unit_of_work() as unit:
        profile = current_profile()
        day = profile.day_of(occurred_at, timezone=register.location.timezone)
        till = open_till(register, occurred_at=occurred_at, now=now, business_date=day)
        order = lock_order(order_id) if order_id else None
        if order:
            require_currency(order, register.location.currency)
        if order and order.status != Order.Status.COMPLETED:
            message = f"order {order.id} is {order.status.lower()}: only a completed one can be returned"
            raise OrderNotCompleted(message)
        if order and order.training:
            message = f"order {order.id} is of training: nothing was sold that could be returned"
            raise OrderNotCompleted(message)
        rows = (
            linked_rows(order, lines)
            if order
            else free_rows(lines, location=register.location, occurred_at=occurred_at)
        )
        of_lines = sum(row.total for row in rows)
        if order:
            paid = _tenders_of(order)
            adjustment = adjustment_of(order, paid, of_lines)
        else:
            require_goods(row.quantity for row in rows)
            require_amount(of_lines)
            refund_type = _refundable(refund_to)
            adjustment = cash_adjustment(of_lines, step=refund_type.rounding_step)
        returned = Return(
            id=id,
            order=order,
            register=register,
            shift=till.shift,
            business_date=profile.day_of(occurred_at, timezone=register.location.timezone),
            currency=register.location.currency,
            tax_total=sum(row.tax_total for row in rows),
            rounding_adjustment=adjustment,
            total=of_lines + adjustment,
            reason=reason,
            fingerprint=fingerprint,
            occurred_at=occurred_at,
            recorded_at=now,
        )
        for row in rows:
            row.parent = returned
        refunds = _refunds_to_tenders(paid, returned, till) if order else _refund_to_type(refund_type, returned, till)
        receipt = issue_receipt(
            kind=Receipt.Kind.RETURN,
            register=register,
            source_id=id,
            make=lambda taken: return_snapshot(returned, rows, refunds, profile=profile, taken=taken),
            now=now,
            exists=ReturnExists(id),
        )
        returned.series, returned.number, returned.receipt_id = receipt.series, receipt.number, receipt.id
        unit.insert_later([returned], refusals={PRIMARY_KEY: ReturnExists(id)})
        unit.insert_later(rows)
        unit.insert_later(refunds)
        hold_rows(returned, lines=rows, refunds=refunds)
        publish(facts.completed(returned, rows, refunds), occurred_at=occurred_at)
    return returned


def _tenders_of(order: Order) -> list[Tender]:
    return list(order.tenders.filter(state=Tender.State.SETTLED).select_related("type").order_by("number"))


def _refundable(code: str) -> TenderType:
    tender_type = TenderType.objects.filter(code=code).exclude(kind=TenderType.Kind.GATEWAY).first()
    if tender_type is None:
        message = f"this shop cannot refund to {code!r}"
        raise NotFound(message)
    return tender_type


def _refunds_to_tenders(tenders: Sequence[Tender], returned: Return, till: Till) -> list[Refund]:
    """Give the money back to the order's tenders, the first one first, none more than it paid."""
    left = returned.total
    refunds = []
    for tender in tenders:
        amount = min(left, tender.paid - tender.refunded)
        if amount > 0:
            tender.refunded += amount
            tender.save(update_fields=["refunded"])
            refunds.append(_refund(returned, till, tender.type, amount, tender))
            left -= amount
    if left:
        message = f"the refund exceeds what was paid by {left} minor units"
        raise RefundExceedsPaid(message)
    return refunds


def _refund_to_type(tender_type: TenderType, returned: Return, till: Till) -> list[Refund]:
    return [_refund(returned, till, tender_type, returned.total)] if returned.total else []


def _refund(returned: Return, till: Till, tender_type: TenderType, amount: int, tender: Tender | None = None) -> Refund:
    return Refund(
        parent=returned,
        tender=tender,
        type=tender_type,
        kind=tender_type.kind,
        amount=amount,
        state=Refund.State.PENDING if tender_type.kind == TenderType.Kind.GATEWAY else Refund.State.COMPLETED,
        **till.columns(),
    )
