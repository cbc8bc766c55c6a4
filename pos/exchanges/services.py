"""Exchanges: goods come back and others go out, and one payment settles what is between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from events.publishing.unit_of_work import unit_of_work
from kernel.ids import new_id
from kernel.permissions import Command
from pos.cash.models import TenderType
from pos.cash.services import Till, open_shift_of
from pos.exceptions.findings import Findings
from pos.orders.arriving import Arrival, is_paid, till_of_order
from pos.orders.discounts import DiscountInput
from pos.orders.lines import OrderLineInput
from pos.orders.models import Order, Refund, Tender
from pos.orders.refunds import RefundInput, note_rounding, refund_of, spend
from pos.orders.services.placing import place_order
from pos.orders.tenders import TenderInput
from pos.pricing.cash import cash_adjustment
from pos.profile.queries import current_profile
from pos.receipts.models import Receipt, number_written
from pos.registers.models import Device, Register
from pos.registers.numbers import next_numbers
from pos.returns.lines import ReturnLineInput
from pos.returns.models import Return
from pos.returns.services import Begun, begin_return, finish_return, need_of, pay, refundable

CODE, NAME = "exchange", "Exchange"


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What comes back. :param order_id: of which; None for goods without a receipt."""

    id: UUID
    order_id: UUID | None
    lines: Sequence[ReturnLineInput]
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What goes out."""

    id: UUID
    lines: Sequence[OrderLineInput]
    discounts: Sequence[DiscountInput] = ()
    customer_email: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A return and the order that its goods pay for. `net` is what the customer pays; below zero: gets back."""

    returned: Return
    order: Order

    @property
    def net(self) -> int:
        return self.order.total - self.returned.total


def exchange_goods(
    *,
    brought: Brought,
    wanted: Wanted,
    register: Register,
    device: Device | None,
    tenders: Sequence[TenderInput],
    refunds: Sequence[RefundInput],
    occurred_at: datetime,
    now: datetime,
    fingerprint: str,
    staff_id: UUID | None = None,
    command: Command | None = None,
    arrival: Arrival | None = None,
) -> Exchange:
    """Take goods back and sell others in one act: the goods pay for the order as far as they are worth it.

    Money goes in one direction alone: by `tenders` where the order comes to more, by `refunds` where the return does.
    The two receipts name each other. An order that waits for its card is named by its id on that of the return.

    Where the tenders were taken, it is accepted without an open shift: in the one that was closed last, with an
    exception of its order.

    :param occurred_at: by the device's clock. :param arrival: how it came; None for an exchange of now.
    :param refunds: where the rest goes back to, as for a return.
    :raises ShiftNotOpen: when no tenders were taken, and the register has no open shift; or when it never had one.
    :raises CommandHeld: when an exchange with this order is held, or was rejected.
    :param command: who asks for it, in the place of `staff_id`; it needs what the return and the order need.
    :raises TenderMismatch: when something is handed over though nothing is due.
    :raises RefundMismatch: when something is asked back though nothing goes back.
    :raises Refusal: whatever else a return or an order may be refused for.
    """
    asked = refunds if brought.order_id else refunds or [RefundInput(type="cash")]
    staff_id = command.staff_id if command else staff_id
    arrival = arrival or Arrival(reported=occurred_at, arrived_at=now)
    with unit_of_work():
        findings = Findings(is_paid=is_paid(tenders, origin=arrival.origin, training=False))
        till = _till(register, arrival, device=device, now=now, findings=findings)
        begun = begin_return(
            id=brought.id,
            order_id=brought.order_id,
            lines=brought.lines,
            till=till,
            fingerprint=fingerprint,
            reason=brought.reason,
            paid_out_by=asked,
            device_id=device.id if device else None,
            staff_id=staff_id,
        )
        type_ = exchange_type()
        series, _, number = next_numbers(register)
        of_return = number_written(Receipt.Kind.RETURN, series, number)

        def paid_before(order: Order, till: Till) -> list[Tender]:
            order.exchange_return_id = brought.id
            _round_rest(order, begun, asked)
            worth = min(begun.returned.total, order.total)
            return [_tender(order, till, type_, worth, reference=of_return)] if worth else []

        order = place_order(
            id=wanted.id,
            register=register,
            device=device,
            lines=wanted.lines,
            tenders=tenders,
            occurred_at=occurred_at,
            now=now,
            fingerprint=fingerprint,
            customer_email=wanted.customer_email,
            note=wanted.note,
            discounts=wanted.discounts,
            staff_id=staff_id,
            command=command,
            needs=[need_of(begun.returned)],
            paid_before=paid_before,
            arrival=arrival,
            till=till,
            findings=findings,
        )
        begun.returned.approval_id = order.approval_id
        begun.returned.exchange_order = order
        returned = finish_return(begun, _refunds(begun, order, type_, asked=asked))
    return Exchange(returned=returned, order=order)


def _till(register: Register, arrival: Arrival, *, device: Device | None, now: datetime, findings: Findings) -> Till:
    """Say where and when goods are exchanged. The order opens the exceptions of what is found.

    :raises ShiftNotOpen: when nothing that was taken needs it, or no shift ever was.
    """
    till = till_of_order(register, arrival, device=device, profile=current_profile(), now=now, findings=findings)
    if till.shift is None:
        open_shift_of(register)
    return till


def exchange_type() -> TenderType:
    """Return the shop's tender type for exchanges; the first exchange makes it."""
    found = TenderType.objects.filter(kind=TenderType.Kind.EXCHANGE).first()
    if found is not None:
        return found
    taken = TenderType.objects.filter(code__startswith=CODE).values_list("code", flat=True)
    code = next(code for n in range(len(taken) + 1) if (code := f"{CODE}{n or ''}") not in taken)
    made, _ = TenderType.objects.get_or_create(
        kind=TenderType.Kind.EXCHANGE, defaults={"code": code, "name": NAME, "rounding_step": 1}
    )
    return made


def _round_rest(order: Order, begun: Begun, asked: Sequence[RefundInput]) -> None:
    """Round the order, so that cash can pay what is left of the return; it notes that as its rounding adjustment."""
    rest = begun.returned.total - order.total
    step = _step(begun, asked)
    if rest > 0 and step > 1:
        adjustment = max(-order.total, -cash_adjustment(rest, step=step))
        order.rounding_adjustment = adjustment
        order.total += adjustment


def _step(begun: Begun, asked: Sequence[RefundInput]) -> int:
    """Return the worth of the smallest coin, where all of the rest goes back in cash."""
    if not begun.returned.order:
        types = [refundable(each.type) for each in asked]
    else:
        types = [tender.type for tender in begun.tenders]
    return max((each.rounding_step for each in types), default=1) if all(t.rounding_step > 1 for t in types) else 1


def _refunds(begun: Begun, order: Order, type_: TenderType, *, asked: Sequence[RefundInput]) -> list[Refund]:
    """Give the rest back, and let what the goods pay for the order go against the tenders that paid for them."""
    worth = min(begun.returned.total, order.total)
    rounding = begun.returned.rounding_adjustment - order.rounding_adjustment
    refunds = pay(begun, begun.returned.total - worth, asked)
    note_rounding(refunds, rounding)
    reference = order.receipt or str(order.id)
    if not begun.returned.order:
        return [*refunds, *([refund_of(begun.till, type_, worth, reference=reference)] if worth else [])]
    return [*refunds, *spend(tenders=begun.tenders, amount=worth, till=begun.till, type_=type_, reference=reference)]


def _tender(order: Order, till: Till, type_: TenderType, worth: int, *, reference: str) -> Tender:
    return Tender(
        id=new_id(),
        order=order,
        number=1,
        type=type_,
        kind=type_.kind,
        state=Tender.State.SETTLED,
        amount=worth,
        reference=reference,
        staff_id=order.staff_id,
        **till.columns(),
    )
