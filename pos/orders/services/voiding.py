"""Orders that are not completed are given up, and what was taken for them goes back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.permissions import Command, Permit
from kernel.prefetching import hold_rows
from pos.cash.services import Till, open_till
from pos.orders import facts
from pos.orders.models import Order, Refund, Tender
from pos.orders.needs import VOID
from pos.orders.refunds import RefundInput, in_coins, pay_back
from pos.orders.services.completing import settled
from pos.orders.services.locking import lines_of, lock_order, require_currency, require_placed, tenders_of
from pos.orders.services.refusals import MoneyNotPermitted
from pos.profile.queries import current_profile
from pos.registers.models import Register
from staff.duty.permitting import permit


def void_order(
    *,
    order_id: UUID,
    reason: str,
    register: Register,
    now: datetime,
    refunds: Sequence[RefundInput] = (),
    may_give_money: bool = True,
    staff_id: UUID | None = None,
    command: Command | None = None,
) -> Order:
    """Give up an order that is not completed; what was taken and charged for it goes back.

    Cards that the backend charged are given back by payments, which know whether they were.

    :param register: where that is done, and what was taken is paid back.
    :param refunds: how, of what a till took; to the tenders themselves when left out.
    :param may_give_money: whether whoever asks may give any back.
    :param command: who asks for it, in the place of `staff_id`; their role or an approval has to allow it.
    :raises NotFound: when there is no such order.
    :raises OrderNotEditable: when it is completed or voided.
    :raises ShiftNotOpen: when money goes back, and the register has no open shift.
    :raises CurrencyMismatch: when money goes back, and the register works in another currency.
    :raises MoneyNotPermitted: when money goes back, and whoever asks may not give any.
    :raises RefundExceedsPaid: with `RefundMismatch`, `NotRefundable`, when the refunds do not fit what was taken.
    """
    with unit_of_work() as unit:
        order = lock_order(order_id)
        require_placed(order)
        permitted = permit(command, VOID) if command else Permit(staff_id=staff_id)
        staff_id = permitted.staff_id
        tenders = tenders_of(order)
        hold_rows(order, lines=lines_of(order), tenders=tenders)
        order.status, order.voided_at = Order.Status.VOIDED, now
        order.void_reason, order.voided_by, order.void_approval_id = reason, staff_id, permitted.approval_id
        order.save(update_fields=["status", "voided_at", "void_reason", "voided_by", "void_approval_id"])
        if order.training:
            return order
        charged = [tender for tender in tenders if tender.charged_here]
        taken = [tender for tender in tenders if tender.state == Tender.State.SETTLED and tender not in charged]
        if (charged or taken) and not may_give_money:
            raise MoneyNotPermitted(order)
        given_back: list[Refund] = []
        day = current_profile().day_of(now, timezone=register.location.timezone)
        if taken or refunds:
            require_currency(order, register.location.currency)
            till = open_till(register, occurred_at=now, now=now)
            _tell_of(order, tenders, taken, till)
            divided = pay_back(tenders=taken, amount=settled(taken), till=till, asked=refunds)
            given_back, _ = in_coins(divided)
            _take_rounding_back(taken, given_back)
        for refund in given_back:
            refund.order, refund.staff_id, refund.approval_id = order, staff_id, permitted.approval_id
        Tender.objects.bulk_update(taken, ["refunded"])
        unit.insert_later(given_back)
        publish(
            facts.voided(
                order,
                reason=reason,
                register=register,
                charged=charged,
                refunds=given_back,
                staff_id=staff_id,
                now=now,
                day=day,
            ),
            occurred_at=now,
        )
    return order


def _take_rounding_back(taken: Sequence[Tender], given_back: Sequence[Refund]) -> None:
    """Note what cash rounding had added to a tender with the refund that gives the last of it back."""
    last = {refund.tender_id: refund for refund in given_back}
    for tender in taken:
        if tender.rounding and tender.id in last:
            last[tender.id].rounding += tender.rounding


def _tell_of(order: Order, tenders: Sequence[Tender], taken: Sequence[Tender], till: Till) -> None:
    """Let payments record what code of older releases took and did not tell of: it goes back, so it was there."""
    untold = [tender for tender in taken if tender.recorded_at is None]
    if untold:
        due = order.total - settled(tenders)
        added = facts.tenders_added(
            order, untold, register=till.register, due=due, day=till.business_date, now=till.recorded_at
        )
        publish(added, occurred_at=till.recorded_at)
