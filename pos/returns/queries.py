"""What can be asked of returns."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from kernel.ids import parsed_id
from pos.orders.queries import of_customer, orders_named, orders_of_receipt, recorded
from pos.registers.queries import parsed_number, parsed_receipt, register_ids
from pos.returns.models import Return, ReturnLine


def returns() -> QuerySet[Return]:
    return Return.objects.select_related("register").prefetch_related("lines", "refunds__type")


def lines_of_return() -> Subquery:
    """Say how many lines a return has."""
    lines = ReturnLine.objects.filter(parent=OuterRef("pk")).order_by().values("parent")
    return Subquery(lines.annotate(nested=Count("*")).values("nested"))


def returns_matching(
    *,
    receipt: str = "",
    number: int | None = None,
    order_id: UUID | None = None,
    register_id: UUID | None = None,
    recorded_from: datetime | None = None,
    recorded_before: datetime | None = None,
    customer_email: str = "",
    total: int | None = None,
    currency: str = "",
) -> QuerySet[Return]:
    """Find returns by what is known of them, each by an index.

    :param receipt: as it is printed: `R1-R000007`. What no return has as its number finds nothing.
    :param number: the number alone, of whatever register.
    :param customer_email: of the order whose goods came back, in whatever letters it was typed.
    """
    found = returns()
    if receipt:
        found = found.filter(id__in=returns_of_receipt(receipt))
    if number is not None:
        found = found.filter(register_id__in=register_ids(), number=number)
    if order_id:
        found = found.filter(order_id=order_id)
    if customer_email:
        found = found.filter(order__in=of_customer(customer_email))
    return recorded(
        found, register_id=register_id, recorded_from=recorded_from, recorded_before=recorded_before, total=total,
        currency=currency,
    )  # fmt: skip


def returns_named(word: str) -> QuerySet[Return]:
    """Find returns by the number of a receipt, with or without its series, or an id.

    The receipt, the id and the customer's mail address of an order find what came back of it.
    """
    if (found_id := parsed_id(word)) is not None:
        return Return.objects.filter(Q(id=found_id) | Q(order_id=found_id))
    if (number := parsed_number(word)) is not None:
        return Return.objects.filter(register_id__in=register_ids(), number=number)
    if (receipt := parsed_receipt(word)) is not None and receipt[1]:
        return returns_of_receipt(word)
    return Return.objects.filter(order__in=orders_named(word))


def returns_of_receipt(text: str) -> QuerySet[Return]:
    """Return the return of a receipt, by the number that is printed on it."""
    series, returned, number = parsed_receipt(text) or ("", False, 0)
    if not returned:
        return Return.objects.none()
    return Return.objects.filter(register_id__in=register_ids(series), number=number)


def stream_of_receipt(text: str) -> str | None:
    """Return the stream of the order or the return whose receipt has this number."""
    order_id = orders_of_receipt(text).values_list("id", flat=True).first()
    if order_id is not None:
        return f"order:{order_id}"
    return_id = returns_of_receipt(text).values_list("id", flat=True).first()
    return None if return_id is None else f"return:{return_id}"


def shifts_of_returns(return_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return in which shift each of these returns was made."""
    return dict(Return.objects.filter(id__in=return_ids).values_list("id", "shift_id"))
