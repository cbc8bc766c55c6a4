"""Orders are paid: with tenders that a till takes, and with cards that the backend charges."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.permissions import Command
from pos.cash.services import open_till
from pos.orders import facts
from pos.orders.models import Order, Tender
from pos.orders.needs import SELL
from pos.orders.services.completing import complete_if_settled, settled
from pos.orders.services.locking import lock_order, require_currency, require_placed, tenders_of
from pos.orders.tenders import TenderInput, hand_over, keep_card_tokens, require_nothing_charged
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
    :raises ShiftNotOpen: when the register has no open shift.
    :raises NotFound: when there is no such order.
    :raises CurrencyMismatch: when the order is in another one.
    :raises OrderNotEditable: when it is completed or voided.
    :raises TenderMismatch: when the tenders exceed what is due.
    """
    with unit_of_work() as unit:
        staff_id = permit(command, SELL).staff_id if command else staff_id
        till = open_till(register, occurred_at=now, now=now)
        order = lock_order(order_id)
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
        keep_card_tokens(tenders)
        due = order.total - settled([*earlier, *taken])
        if not order.training:
            publish(facts.tenders_added(order, taken, due=due, day=till.business_date, now=now), occurred_at=now)
        complete_if_settled(order, [*earlier, *taken], now=now, shift=till.shift)
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
            complete_if_settled(order, tenders_of(order), now=now)
