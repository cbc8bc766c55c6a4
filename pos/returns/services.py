"""Returns: of an order's lines, to the unit and to the minor unit; or of goods without a receipt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.bounds import require_amount, require_goods
from kernel.money import formatted
from kernel.permissions import Command, Need, Permission
from kernel.prefetching import hold_rows
from kernel.refusals import NotFound, Refusal
from pos.cash.models import TenderType
from pos.cash.services import Till, open_shift_of, till_in
from pos.exceptions.findings import Findings
from pos.exceptions.services.cases import open_cases
from pos.orders.arriving import Arrival, moment_of_sale
from pos.orders.models import Order, Refund, Tender
from pos.orders.refunds import NOT_PAID_OUT, RefundInput, in_coins, note_rounding, parts_of, pay_back, refund_of
from pos.orders.services.locking import lock_order, require_currency
from pos.pricing.cash import cash_adjustment
from pos.profile.queries import current_profile
from pos.receipts.models import Receipt
from pos.receipts.services import issue_receipt
from pos.registers.models import Device, Location, Register
from pos.returns import facts
from pos.returns.lines import ReturnLineInput, free_rows, linked_rows
from pos.returns.models import Return, ReturnLine
from pos.returns.receipts import return_snapshot
from pos.returns.rounding import adjustment_of
from staff.duty.permitting import permit

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


class ReturnAboveLimit(Refusal):
    """A return without a receipt comes to more than its location allows."""

    code = "return-above-limit"
    title = "Return above the limit"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A return whose lines are priced and taken back. :param tenders: that paid for its order."""

    returned: Return
    rows: Sequence[ReturnLine]
    tenders: Sequence[Tender]
    till: Till


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
    refunds: Sequence[RefundInput] = (),
    staff_id: UUID | None = None,
    command: Command | None = None,
    device: Device | None = None,
    clock_offset: timedelta | None = None,
) -> Return:
    """Take goods back and give the money back: to the order's own tenders, or without an order to types of tender.

    The rows are written when the unit of work ends, without signals; what the database refuses is raised there.

    :param occurred_at: by the device's clock: what cannot be right is dated by ours, with an exception.
    :param device: at which it is made. :param clock_offset: how far its clock is ahead; None where that is not known.
    :param refund_to: the code of a tender type, for a return without an order that names no `refunds`.
    :param refunds: where the money goes back to; of an order to its first tender first, when left out.
    :param command: who asks for it, in the place of `staff_id`; their role or an approval has to allow so much.
    :raises ReturnExists: when the id was used before.
    :raises ShiftNotOpen: when the register has no open shift.
    :raises NotFound: when the order, one of its lines, or a tender type does not exist.
    :raises CurrencyMismatch: when the order is not in the currency of the register's location.
    :raises OrderNotCompleted: when the order is not completed, or of training.
    :raises RefundExceedsQuantity: when more comes back than was sold and not returned yet.
    :raises RefundExceedsPaid: with `RefundMismatch`, `NotRefundable`, when the refunds do not fit what was paid.
    :raises LinesInvalid: when a line without an order names nothing that the shop sells, or no price.
    :raises ReturnAboveLimit: when a return without an order comes to more than the location allows.
    :raises NumberTooLarge: when lines without an order come to too much, in goods or in money.
    """
    asked = refunds if order_id else refunds or [RefundInput(type=refund_to)]
    arrival = Arrival(reported=occurred_at, arrived_at=now, clock_offset=clock_offset)
    with unit_of_work():
        findings = Findings()
        begun = begin_return(
            id=id,
            order_id=order_id,
            lines=lines,
            till=till_of_return(register, arrival, device=device, findings=findings),
            fingerprint=fingerprint,
            reason=reason,
            paid_out_by=asked,
            device_id=device.id if device else None,
            staff_id=command.staff_id if command else staff_id,
        )
        rounding = begun.returned.rounding_adjustment
        given_back = pay(begun, begun.returned.total, asked)
        note_rounding(given_back, rounding)
        begun.returned.approval_id = permit(command, need_of(begun.returned)).approval_id
        if findings.by_kind:
            open_cases(
                findings,
                command_id=id,
                now=now,
                register_id=register.id,
                device_id=device.id if device else None,
                exists=ReturnExists(id),
            )
        return finish_return(begun, given_back)


def till_of_return(register: Register, arrival: Arrival, *, device: Device | None, findings: Findings) -> Till:
    """Say where and when goods come back: in the open shift, at the moment that is right by the device's clock.

    :raises ShiftNotOpen: when the register has no open shift.
    """
    shift = open_shift_of(register)
    moment = moment_of_sale(arrival, device=device, shift=shift, findings=findings)
    return till_in(shift, register, occurred_at=moment, now=arrival.arrived_at, profile=current_profile())


def begin_return(
    *,
    id: UUID,
    order_id: UUID | None,
    lines: Sequence[ReturnLineInput],
    till: Till,
    fingerprint: str,
    reason: str,
    paid_out_by: Sequence[RefundInput],
    device_id: UUID | None,
    staff_id: UUID | None,
) -> Begun:
    """Price what comes back, and note on the order's lines that it did. The order is locked from here on.

    :param paid_out_by: for a return without an order: cash alone is rounded to its smallest coin.
    """
    register, occurred_at = till.register, till.occurred_at
    order = lock_order(order_id) if order_id else None
    paid: list[Tender] = []
    if order:
        require_currency(order, register.location.currency)
        _require_returnable(order)
        rows, paid = linked_rows(order, lines), _tenders_of(order)
        of_lines = sum(row.total for row in rows)
        adjustment = adjustment_of(order, paid, of_lines)
    else:
        rows = free_rows(lines, location=register.location, occurred_at=occurred_at)
        of_lines = sum(row.total for row in rows)
        require_goods(row.quantity for row in rows)
        require_amount(of_lines)
        _require_within_limit(of_lines, register.location)
        types = [refundable(each.type) for each in paid_out_by]
        adjustment = cash_adjustment(of_lines, step=types[0].rounding_step if len(types) == 1 else 1)
    returned = Return(
        id=id,
        order=order,
        register=register,
        shift=till.shift,
        business_date=till.business_date,
        currency=register.location.currency,
        tax_total=sum(row.tax_total for row in rows),
        rounding_adjustment=adjustment,
        total=of_lines + adjustment,
        reason=reason,
        device_id=device_id,
        fingerprint=fingerprint,
        staff_id=staff_id,
        occurred_at=occurred_at,
        recorded_at=till.recorded_at,
    )
    for row in rows:
        row.parent = returned
    return Begun(returned=returned, rows=rows, tenders=paid, till=till)


def pay(begun: Begun, amount: int, asked: Sequence[RefundInput]) -> list[Refund]:
    """Give money back for a return, to the tenders of its order; or to the types that are asked for.

    What goes back in cash can be paid by coins: the return's rounding adjustment, and its total, follow.
    """
    if begun.returned.order:
        divided = pay_back(tenders=begun.tenders, amount=amount, till=begun.till, asked=asked)
    else:
        divided = [
            refund_of(begun.till, refundable(each.type), part, reference=each.reference)
            for each, part in parts_of(asked, amount)
            if part
        ]
    refunds, added = in_coins(divided)
    begun.returned.rounding_adjustment += added
    begun.returned.total += added
    return refunds


def need_of(returned: Return) -> Need:
    """Return what a return needs of whoever takes the goods back."""
    permission = Permission.RETURN_LINKED if returned.order_id else Permission.RETURN_UNLINKED
    return Need(permission=permission, amount=returned.total, currency=returned.currency)


def finish_return(begun: Begun, refunds: Sequence[Refund]) -> Return:
    """Issue the receipt of a return, write it and announce it. :param refunds: that come to its total."""
    returned, rows = begun.returned, begun.rows
    for refund in refunds:
        refund.parent, refund.staff_id, refund.approval_id = returned, returned.staff_id, returned.approval_id
    with unit_of_work() as unit:
        Tender.objects.bulk_update(begun.tenders, ["refunded"])
        receipt = issue_receipt(
            kind=Receipt.Kind.RETURN,
            register=returned.register,
            source_id=returned.id,
            make=lambda taken: return_snapshot(returned, rows, refunds, profile=current_profile(), taken=taken),
            now=returned.recorded_at,
            exists=ReturnExists(returned.id),
        )
        returned.series, returned.number, returned.receipt_id = receipt.series, receipt.number, receipt.id
        unit.insert_later([returned], refusals={PRIMARY_KEY: ReturnExists(returned.id)})
        unit.insert_later(rows)
        unit.insert_later(refunds)
        hold_rows(returned, lines=rows, refunds=refunds)
        publish(facts.completed(returned, rows, refunds), occurred_at=returned.occurred_at)
    return returned


def refundable(code: str) -> TenderType:
    """Return a type by which money goes out without an order. :raises NotFound: when the shop has no such type."""
    tender_type = TenderType.objects.exclude(kind__in=NOT_PAID_OUT).filter(code=code).first()
    if tender_type is None:
        message = f"this shop cannot refund to {code!r}"
        raise NotFound(message)
    return tender_type


def _require_returnable(order: Order) -> None:
    if order.status != Order.Status.COMPLETED:
        message = f"order {order.id} is {order.status.lower()}: only a completed one can be returned"
        raise OrderNotCompleted(message)
    if order.training:
        message = f"order {order.id} is of training: nothing was sold that could be returned"
        raise OrderNotCompleted(message)


def _require_within_limit(total: int, location: Location) -> None:
    limit = location.unlinked_return_limit
    if total > limit:
        message = (
            f"a return without a receipt may come to {formatted(limit, location.currency)} here, and this one comes to"
            f" {formatted(total, location.currency)}: name its order, or let the owner raise the limit of the location"
        )
        raise ReturnAboveLimit(message, limit=limit, total=total)


def _tenders_of(order: Order) -> list[Tender]:
    return list(order.tenders.filter(state=Tender.State.SETTLED).select_related("type").order_by("number"))
