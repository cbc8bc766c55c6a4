"""Receipts that are looked for by what is known of the orders and returns that they are of."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from pos.orders.queries import of_customer
from pos.receipts.models import Receipt
from pos.receipts.queries import receipts_matching, receipts_written
from pos.registers.queries import series_of
from pos.returns.models import Return


def receipts_found(
    *,
    receipt: str = "",
    number: int | None = None,
    kind: str = "",
    register_id: UUID | None = None,
    recorded_from: datetime | None = None,
    recorded_before: datetime | None = None,
    customer_email: str = "",
    total: int | None = None,
    currency: str = "",
) -> QuerySet[Receipt]:
    """Find receipts by what is known of them, each by an index.

    :param receipt: as it is printed: `R1-000018`, `R1-R000007`. What no receipt has as its number finds nothing.
    :param number: the number alone, of whatever series and kind.
    :param customer_email: of the order, or of that whose goods came back, in whatever letters it was typed.
    :param total: of an order or a return.
    """
    found = receipts_matching(
        kind=kind, number=number, issued_from=recorded_from, issued_before=recorded_before, total=total
    )
    if receipt:
        found = found.filter(id__in=receipts_written(receipt).values("id"))
    if register_id is not None or currency:
        found = found.filter(series__in=series_of(register_id=register_id, currency=currency))
    if customer_email:
        orders = of_customer(customer_email).order_by().values("id")
        returns = Return.objects.filter(order__in=orders).order_by().values("id")
        found = found.filter(source_id__in=orders.union(returns, all=True))
    return found
