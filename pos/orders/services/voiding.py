"""Orders that are not completed are given up."""

from datetime import datetime
from uuid import UUID

from django.utils import timezone

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.prefetching import hold_rows
from pos.cash.models import TenderType
from pos.events import OrderVoided
from pos.orders.models import Order, Tender
from pos.orders.services.locking import lines_of, lock_order, require_placed, tenders_of
from pos.orders.services.refusals import OrderNotEditable


def void_order(*, order_id: UUID, reason: str, now: datetime | None = None, staff_id: UUID | None = None) -> Order:
    """Give up an order that is not completed; what was charged for it goes back. The order keeps the reason.

    :param now: the current moment where it is left out. :param staff_id: who gives it up.

    :raises NotFound: when there is no such order.
    :raises OrderNotEditable: when it is completed or voided, or holds settled cash.
    """
    with unit_of_work():
        order = lock_order(order_id)
        require_placed(order)
        tenders = tenders_of(order)
        charged = [tender for tender in tenders if tender.type.kind == TenderType.Kind.GATEWAY]
        if not order.training and any(t.state == Tender.State.SETTLED and t not in charged for t in tenders):
            message = "cash or cards were taken for this order: complete it and return it instead"
            raise OrderNotEditable(message)
        hold_rows(order, lines=lines_of(order), tenders=tenders)
        order.status, order.voided_at = Order.Status.VOIDED, now or timezone.now()
        order.void_reason, order.voided_by = reason, staff_id
        order.save(update_fields=["status", "voided_at", "void_reason", "voided_by"])
        if order.training:
            return order
        publish(
            OrderVoided(
                order_id=order.id,
                register_id=order.register_id,
                reason=reason,
                abandoned_charges=[tender.id for tender in charged],
                voided_at=order.voided_at,
                staff_id=staff_id,
            )
        )
    return order
