"""Refunds have an outcome: money went back, or it was refused, is owed, and is paid in another way."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import F

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.limits import REASON, REFERENCE
from kernel.permissions import Command, Need, Permission, Permit
from kernel.refusals import NotFound, Refusal
from kernel.text import clipped
from pos.cash.services import open_till
from pos.events import RefundRefused, RefundReplaced
from pos.orders.facts import refunded_tenders
from pos.orders.models import Order, Refund, Tender
from pos.orders.refunds import RefundExceedsPaid, RefundInput, pay_instead
from pos.orders.services.locking import lock_order, require_currency
from pos.refunds.queries import owed_of, refunds
from pos.registers.models import Register
from staff.duty.permitting import permit


class NothingOwed(Refusal):
    code = "nothing-owed"
    title = "Nothing owed"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a refund ended. :param tender_id: whose money it was. :param failure: why it was refused, where it was.

    :param return_id: null where an order gave the money back that it did without, or was cancelled.
    """

    refund_id: UUID
    return_id: UUID | None
    order_id: UUID | None
    tender_id: UUID | None
    amount: int
    reference: str = ""
    failure: str = ""

    @property
    def state(self) -> Refund.State:
        return Refund.State.FAILED if self.failure else Refund.State.COMPLETED


def note_outcome(outcome: Outcome, *, now: datetime) -> None:
    """Take over how a refund ended. Of one that was refused, the tender did not give the money back, and it is owed.

    It counts no longer in its shift, or amends the Z where that is closed, and in the reports of its day.

    What payments gave back since an order did without the card becomes a row here.
    """
    with unit_of_work():
        order = _lock_order(_find(outcome.refund_id), outcome.order_id)
        refund = _find(outcome.refund_id)
        if refund is None and order is not None and outcome.return_id is None:
            _note_given_back(order, outcome, now)
        elif refund is not None and refund.state == Refund.State.PENDING:
            refund.state, refund.failure = outcome.state, clipped(outcome.failure, REASON)
            refund.refused_at = now if outcome.failure else None
            refund.save(update_fields=["state", "failure", "refused_at"])
            if outcome.failure:
                assert refund.counts_against is not None
                counted = Tender.objects.filter(id=refund.counts_against.id)
                counted.update(refunded=F("refunded") - refund.amount)
                _tell_refused(refund, order, now)


def replace_refund(
    *,
    refund_id: UUID,
    register: Register,
    type: str,
    now: datetime,
    amount: int | None = None,
    reference: str = "",
    staff_id: UUID | None = None,
    command: Command | None = None,
) -> Refund:
    """Pay what is owed of a refused refund in another way, or try its card again. Return it, with what is owed still.

    :param type: the code of a tender type. :param amount: in minor units; None for all that is owed.
    :raises NotFound: when there is no such refund.
    :raises NothingOwed: when it was not refused, or is paid already.
    :raises ShiftNotOpen: when the register has no open shift.
    :raises CurrencyMismatch: when the register works in another currency.
    :raises RefundExceedsPaid: when it is more than what is owed.
    :raises NotRefundable: when money cannot be paid out by this type.
    """
    with unit_of_work():
        order = _require_order(refund_id)
        refused = refunds().get(id=refund_id)
        left = owed_of(refused)
        if not left:
            message = (
                f"nothing is owed of refund {refund_id}: it is {refused.state.lower()}, or was paid in another way"
            )
            raise NothingOwed(message)
        amount = left if amount is None else amount
        if amount > left:
            message = f"{left} minor units are owed of refund {refund_id}, not {amount}"
            raise RefundExceedsPaid(message, left=left)
        need = Need(permission=Permission.RETURN_LINKED, amount=amount, currency=order.currency)
        permitted = permit(command, need) if command else Permit(staff_id=staff_id)
        require_currency(order, register.location.currency)
        till = open_till(register, occurred_at=now, now=now)
        tenders = _tenders_for(refused, order)
        asked = RefundInput(type=type, reference=reference)
        instead = pay_instead(refused=refused, tenders=tenders, amount=amount, till=till, asked=asked)
        for each in instead:
            each.staff_id, each.approval_id = permitted.staff_id, permitted.approval_id
        Tender.objects.bulk_update(tenders, ["refunded"])
        Refund.objects.bulk_create(instead)
        publish(
            RefundReplaced(
                refused_id=refused.id,
                order_id=order.id,
                return_id=refused.parent_id,
                location_id=register.location_id,
                register_id=register.id,
                staff_id=permitted.staff_id,
                currency=order.currency,
                refunds=refunded_tenders(instead),
                business_date=till.business_date,
                time_zone=register.location.timezone,
                occurred_at=now,
            ),
            occurred_at=now,
        )
        return refunds().get(id=refund_id)


def _find(refund_id: UUID) -> Refund | None:
    told_with = Refund.objects.select_related(
        "parent__register", "parent__shift__drawer", "register", "shift__drawer", "type", "tender"
    )
    return told_with.filter(id=refund_id).first()


def _lock_order(refund: Refund | None, order_id: UUID | None = None) -> Order | None:
    """Lock the order that a refund gives money back of, so that nothing of its tenders changes meanwhile."""
    if refund is not None:
        order_id = refund.parent.order_id if refund.parent else refund.order_id
    return lock_order(order_id) if order_id else None


def _require_order(refund_id: UUID) -> Order:
    """:raises NotFound: when there is no such refund.

    :raises NothingOwed: when it has no order: a till paid it out, and nobody could refuse it.
    """
    refund = _find(refund_id)
    if refund is None:
        message = f"no refund {refund_id} exists"
        raise NotFound(message)
    order = _lock_order(refund)
    if order is None:
        message = f"nothing is owed of refund {refund_id}: a till paid it out"
        raise NothingOwed(message)
    return order


def _tenders_for(refused: Refund, order: Order) -> list[Tender]:
    """Return the tenders that the money can go against: the refund's own first, then those that settled."""
    tenders = list(order.tenders.select_related("type").order_by("number"))
    own = [tender for tender in tenders if tender == refused.counts_against]
    others = [each for each in tenders if each not in own and each.state == Tender.State.SETTLED]
    return own + others


def _tell_refused(refund: Refund, order: Order | None, now: datetime) -> None:
    """Say what counts no longer, where the refund was told of: its register may have moved since.

    Refunds of older code name no till: their return does.
    """
    told = refund.parent or order
    assert told is not None
    assert order is not None
    register = refund.register or told.register
    shift = refund.shift or (refund.parent.shift if refund.parent else None)
    location_id = shift.drawer.location_id if shift else register.location_id
    (told_as,) = refunded_tenders([refund])
    publish(
        RefundRefused(
            order_id=order.id,
            return_id=refund.parent_id,
            location_id=location_id,
            register_id=register.id,
            currency=order.currency,
            refund=replace(told_as, shift_id=shift.id if shift else None, register_id=register.id),
            business_date=refund.business_date or told.business_date or now.date(),
            occurred_at=now,
        ),
        occurred_at=now,
    )


def _note_given_back(order: Order, outcome: Outcome, now: datetime) -> None:
    tender = next((each for each in order.tenders.select_related("type") if each.id == outcome.tender_id), None)
    if tender is None:
        return
    Refund.objects.create(
        id=outcome.refund_id,
        order=order,
        tender=tender,
        type=tender.type,
        kind=tender.kind_taken,
        amount=outcome.amount,
        state=outcome.state,
        failure=clipped(outcome.failure, REASON),
        reference=clipped(outcome.reference, REFERENCE),
        occurred_at=now,
        recorded_at=now,
    )
    if not outcome.failure:
        Tender.objects.filter(id=tender.id).update(refunded=F("refunded") + outcome.amount)
