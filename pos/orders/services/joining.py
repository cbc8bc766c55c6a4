"""Sales that no shift was open for join the next one of their drawer."""

from datetime import datetime
from uuid import UUID

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from pos.cash.models import Shift
from pos.exceptions.models import ExceptionCase
from pos.orders import facts
from pos.orders.models import Order
from pos.orders.services.locking import lines_of, tenders_of

NO_SHIFT = [{"kind": ExceptionCase.Kind.NO_SHIFT.value}]


def join_first_shift(*, order_id: UUID, now: datetime) -> None:
    """Let a sale that saw no shift, and whatever waits beside it, belong to the first one that its drawer had since.

    A sale sees none only where its drawer never had one, so that this is one that was being opened beside it.
    """
    drawers = Order.objects.filter(id=order_id, shift=None).values("register__drawer")
    shift = Shift.objects.filter(drawer__in=drawers).order_by("opened_at", "id").first()
    if shift is not None:
        join_shift(shift_id=shift.id, now=now)


def join_shift(*, shift_id: UUID, now: datetime) -> None:
    """Let completed sales of a shift's drawer that have no shift belong to it, and announce each.

    They count in its Z report, or in an amendment where it is closed by then. Orders of releases before shifts were
    kept have no exception, and belong to none.
    """
    with unit_of_work():
        shift = Shift.objects.get(id=shift_id)
        waiting = Order.objects.select_for_update(no_key=True, of=("self",)).select_related("register__location")
        for order in waiting.filter(
            shift=None,
            status=Order.Status.COMPLETED,
            training=False,
            register__drawer=shift.drawer_id,
            exceptions__contains=NO_SHIFT,
        ).order_by("id"):
            order.shift = shift
            order.save(update_fields=["shift"])
            sold = facts.sold_lines(lines_of(order))
            publish(facts.joined(order, sold, tenders_of(order), now=now), occurred_at=now)
