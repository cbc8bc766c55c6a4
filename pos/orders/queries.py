"""What can be asked of orders."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import F, Model, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Lower

from kernel.ids import parsed_id
from pos.orders.models import Order, OrderLine, OrderLineTax, Tender
from pos.registers.queries import parsed_number, parsed_receipt, register_ids

Document = TypeVar("Document", bound=Model)


def lines_of_order() -> Subquery:
    """Say how many lines an order has: the number of its last one."""
    return Subquery(OrderLine.objects.filter(order=OuterRef("pk")).order_by("-number").values("number")[:1])


def order_lines() -> QuerySet[OrderLine]:
    """Return lines with their taxes, both in the order of their numbers."""
    return OrderLine.objects.order_by("number").prefetch_related(
        Prefetch("taxes", OrderLineTax.objects.order_by("number"))
    )


def orders() -> QuerySet[Order]:
    """Return the orders with their lines and tenders, each in the order of its numbers."""
    tenders = Tender.objects.select_related("type").order_by("number")
    return Order.objects.select_related("register__location").prefetch_related(
        Prefetch("lines", order_lines()), Prefetch("tenders", tenders)
    )


def orders_matching(
    *,
    receipt: str = "",
    receipt_number: int | None = None,
    status: str = "",
    register_id: UUID | None = None,
    recorded_from: datetime | None = None,
    recorded_before: datetime | None = None,
    customer_email: str = "",
    total: int | None = None,
    currency: str = "",
) -> QuerySet[Order]:
    """Find orders by what is known of them, each by an index.

    :param receipt: as it is printed: `R1-000018`. What no receipt has as its number finds nothing.
    :param receipt_number: the number alone, of whatever register.
    :param customer_email: in whatever letters it was typed.
    """
    found = orders()
    if receipt:
        found = found.filter(id__in=orders_of_receipt(receipt))
    if receipt_number is not None:
        found = found.filter(register_id__in=register_ids(), receipt_number=receipt_number)
    if status:
        found = found.filter(status=status)
    if customer_email:
        found = found.filter(id__in=of_customer(customer_email))
    return recorded(
        found, register_id=register_id, recorded_from=recorded_from, recorded_before=recorded_before, total=total,
        currency=currency,
    )  # fmt: skip


def recorded(
    found: QuerySet[Document],
    *,
    register_id: UUID | None,
    recorded_from: datetime | None,
    recorded_before: datetime | None,
    total: int | None,
    currency: str,
) -> QuerySet[Document]:
    """Leave those of some orders or returns that were recorded there and then, with this total."""
    wanted = {
        "register_id": register_id,
        "recorded_at__gte": recorded_from,
        "recorded_at__lt": recorded_before,
        "total": total,
        "currency": currency or None,
    }
    return found.filter(**{lookup: value for lookup, value in wanted.items() if value is not None})


def orders_named(word: str) -> QuerySet[Order]:
    """Find orders by the number of a receipt, with or without its series, a mail address, or an id."""
    if (order_id := parsed_id(word)) is not None:
        return Order.objects.filter(id=order_id)
    if "@" in word:
        return of_customer(word)
    if (number := parsed_number(word)) is not None:
        return Order.objects.filter(register_id__in=register_ids(), receipt_number=number)
    return orders_of_receipt(word)


def orders_of_receipt(text: str) -> QuerySet[Order]:
    """Return the order of a receipt, by the number that is printed on it."""
    series, returned, number = parsed_receipt(text) or ("", True, 0)
    if returned:
        return Order.objects.none()
    return Order.objects.filter(register_id__in=register_ids(series), receipt_number=number, series__iexact=series)


def of_customer(email: str) -> QuerySet[Order]:
    lowered = Order.objects.exclude(customer_email="").alias(email=Lower(F("customer_email")))
    return lowered.filter(email=email.lower())
