"""What can be asked of orders."""

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery

from pos.orders.models import Order, OrderLine, Tender


def lines_of_order() -> Subquery:
    """Say how many lines an order has: the number of its last one."""
    return Subquery(OrderLine.objects.filter(order=OuterRef("pk")).order_by("-number").values("number")[:1])


def orders() -> QuerySet[Order]:
    """Return the orders with their lines and tenders, each in the order of its numbers."""
    lines = OrderLine.objects.order_by("number")
    tenders = Tender.objects.select_related("type").order_by("number")
    return Order.objects.select_related("register__location").prefetch_related(
        Prefetch("lines", lines), Prefetch("tenders", tenders)
    )
