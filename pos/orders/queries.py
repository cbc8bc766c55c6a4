"""What can be asked of orders."""

from django.db.models import QuerySet

from pos.orders.models import Order


def orders() -> QuerySet[Order]:
    return Order.objects.select_related("register__location").prefetch_related("lines", "tenders__type")
