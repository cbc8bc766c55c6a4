"""Orders are paid: with tenders that a till takes, and with cards that the backend charges."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.permissions import Command
from pos.exceptions.findings import Findings
from pos.exceptions.models import ExceptionCase
from pos.exceptions.services.cases import open_cases
from pos.orders import facts
from pos.orders.arriving import Arrival, is_paid, till_of_order
from pos.orders.models import Order, Tender
from pos.orders.needs import SELL
from pos.orders.services.completing import complete_if_settled, settled
from pos.orders.services.locking import lock_order, require_currency, require_placed, tenders_of
from pos.orders.tenders import TenderInput, hand_over, keep_card_tokens, require_nothing_charged
from pos.profile.queries import current_profile
from pos.registers.models import Register
from staff.duty.permitting import permit


def add_tenders(
    *,
    order_id: UUID,
    register: Register,
    tenders: Sequence[TenderInput],
    now: datetime,
    staff_id: UUID | None = None,
    command: Command | None = None,
) -> Order:
    """Take further tenders for a placed order, and complete it when they settle it.

    :param register: where they are taken. :param staff_id: who takes them.
    :param command: who asks for it, in the place of `staff_id`.
    :raises ShiftNotOpen: when the backend has yet to charge one of them, and the register has no open shift. What was
        taken is accepted: in the shift that was closed last, or in none, with an exception.
    :raises NotFound: when there is no such order.
    :raises CurrencyMismatch: when the order is in another one.
    :raises OrderNotEditable: when it is completed or voided.
    :raises TenderMismatch: when the tenders exceed what is due.
    """
    with unit_of_work() as unit:
        staff_id = permit(command, SELL).staff_id if command else staff_id
        order = lock_order(order_id)
        findings = Findings(is_paid=is_paid(tenders, origin=Order.Origin.ONLINE, training=order.training))
        arrival = Arrival(reported=now, arrived_at=now)
        profile = current_profile()
        till = till_of_order(register, arrival, device=None, profile=profile, now=now, findings=findings)
        require_currency(order, register.location.currency)
        require_placed(order)
        earlier = tenders_of(order)
        before = order.rounding_adjustment
        taken = hand_over(order=order, till=till, given=tenders, earlier=earlier, staff_id=staff_id)
        if order.rounding_adjustment != before:
            order.save(update_fields=["rounding_adjustment", "total"])
        if order.training:
            require_nothing_charged(taken)
        unit.insert_later(taken)
        if not order.training:
            _open_cases(order, findings, register=register, now=now)
        keep_card_tokens(tenders)
        due = order.total - settled([*earlier, *taken])
        if not order.training:
            added = facts.tenders_added(order, taken, register=register, due=due, day=till.business_date, now=now)
            publish(added, occurred_at=now)
        complete_if_settled(order, [*earlier, *taken], now=now, shift=till.shift)
    return order


def _open_cases(order: Order, findings: Findings, *, register: Register, now: datetime) -> None:
    """Open the exceptions of tenders, unless the order has one of this kind from before."""
    if findings.by_kind:
        open_ = ExceptionCase.objects.filter(command_id=order.id, kind__in=findings.by_kind)
        for kind in list(open_.values_list("kind", flat=True)):
            del findings.by_kind[ExceptionCase.Kind(kind)]
        open_cases(findings, command_id=order.id, now=now, register_id=register.id, device_id=order.device_id)


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
            complete_if_settled(order, tenders_of(order), now=now)
