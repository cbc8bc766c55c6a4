"""An order that is changed: locked, with its lines and tenders, and asked whether it still can be."""

from uuid import UUID

from kernel.refusals import NotFound
from pos.orders.models import Order, OrderLine, Tender
from pos.orders.queries import order_lines
from pos.orders.services.refusals import CurrencyMismatch, OrderNotEditable


def lock_order(order_id: UUID) -> Order:
    """:raises NotFound: when there is no such order."""
    locked = Order.objects.select_for_update(no_key=True, of=("self",))
    order = locked.select_related("register__location").filter(id=order_id).first()
    if order is None:
        message = f"no order {order_id} exists"
        raise NotFound(message)
    return order


def require_currency(order: Order, currency: str) -> None:
    """:raises CurrencyMismatch: when amounts of this currency are not amounts of the order."""
    if order.currency != currency:
        message = (
            f"order {order.id} is in {order.currency}, and this register works in {currency}: use one of its location"
        )
        raise CurrencyMismatch(message, currency=order.currency)


def require_placed(order: Order) -> None:
    if order.status != Order.Status.PLACED:
        message = f"order {order.id} is {order.status.lower()}"
        raise OrderNotEditable(message)


def lines_of(order: Order) -> list[OrderLine]:
    return list(order_lines().filter(order=order))


def tenders_of(order: Order) -> list[Tender]:
    return list(order.tenders.select_related("type").order_by("number"))
