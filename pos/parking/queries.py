"""What can be asked of parked orders."""

from uuid import UUID

from django.db.models import QuerySet

from kernel.refusals import NotFound
from pos.parking.models import ParkedOrder


def parked_orders(location_id: UUID) -> QuerySet[ParkedOrder]:
    """Return what is parked at a location."""
    return ParkedOrder.objects.select_related("order").filter(order__register__location_id=location_id)


def find_parked(order_id: UUID) -> ParkedOrder:
    """:raises NotFound: when no such order is parked."""
    return _required(ParkedOrder.objects.select_related("order"), order_id)


def lock_parked(order_id: UUID) -> ParkedOrder:
    """:raises NotFound: when no such order is parked."""
    locked = ParkedOrder.objects.select_for_update(of=("self",))
    return _required(locked.select_related("order__register__location"), order_id)


def _required(found: QuerySet[ParkedOrder], order_id: UUID) -> ParkedOrder:
    parked = found.filter(order_id=order_id).first()
    if parked is None:
        message = f"no order {order_id} is parked: it was sold or discarded, or never was"
        raise NotFound(message)
    return parked
