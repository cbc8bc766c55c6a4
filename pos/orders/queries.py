"""What can be asked of orders."""

from django.db.models import OuterRef, QuerySet, Subquery

from pos.orders.models import Order, OrderLine


def lines_of_order() -> Subquery:
    """Say how many lines an order has: the number of its last one."""
    return Subquery(OrderLine.objects.filter(order=OuterRef("pk")).order_by("-number").values("number")[:1])


def orders() -> QuerySet[Order]:
    return Order.objects.select_related("register__location").prefetch_related("lines", "tenders__type")
