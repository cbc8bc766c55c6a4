"""What is added to a refund in cash, where the smallest coin is worth more than a minor unit."""

from collections.abc import Sequence

from django.db.models import F, Sum

from pos.orders.models import Order, Tender
from pos.pricing.cash import cash_adjustment
from pos.pricing.rounding import rounded
from pos.returns.models import Return


def adjustment_of(order: Order, tenders: Sequence[Tender], amount: int) -> int:
    """Return what is added to the lines of a return, so that all returns of an order give back what was paid.

    An order that was paid in cash alone gives back amounts that cash can pay; of another one each return has its
    share of the order's rounding adjustment.

    :param tenders: that paid for the order, with their types. :param amount: of the lines that come back.
    """
    steps = [tender.type.rounding_step for tender in tenders]
    step = max(steps) if steps and min(steps) > 1 else 1
    if step == 1 and not order.rounding_adjustment:
        return 0
    before = Return.objects.filter(order=order).aggregate(
        given_back=Sum("total", default=0), of_lines=Sum(F("total") - F("rounding_adjustment"), default=0)
    )
    of_lines: int = before["of_lines"] + amount
    return max(0, _given_back(order, of_lines, step=step) - before["given_back"]) - amount


def _given_back(order: Order, of_lines: int, *, step: int) -> int:
    """Return what lines that came back to so much have given back in all."""
    whole = order.total - order.rounding_adjustment
    if of_lines >= whole:
        return order.total
    if step > 1:
        return min(order.total, of_lines + cash_adjustment(of_lines, step=step))
    return of_lines + rounded(order.rounding_adjustment * of_lines, whole)
