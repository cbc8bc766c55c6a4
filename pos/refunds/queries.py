"""What can be asked of refunds: which there are of an order or a return, and what the shop owes of them."""

from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from kernel.ids import parsed_id
from pos.orders.models import Refund
from pos.orders.queries import orders_named
from pos.returns.models import Return

DEBTS = Q(state=Refund.State.FAILED, instead_of=None, amount__gt=F("paid_instead"))
"""Of `refunds()`: what was refused and is not paid in another way yet."""


def refunds() -> QuerySet[Refund]:
    """Return refunds, each with what others have paid in its place (`paid_instead`), in minor units.

    What cash has paid counts without its rounding.
    """
    paid_instead = (
        Refund.objects.filter(instead_of=OuterRef("pk"))
        .exclude(state=Refund.State.FAILED)
        .order_by()
        .values("instead_of")
        .annotate(paid=Sum(F("amount") - F("rounding")))
        .values("paid")
    )
    return Refund.objects.select_related("type", "parent__register", "order__register", "tender__type").annotate(
        paid_instead=Coalesce(Subquery(paid_instead), 0)
    )


def refunds_matching(
    *,
    state: str = "",
    owed: bool | None = None,
    order_id: UUID | None = None,
    return_id: UUID | None = None,
) -> QuerySet[Refund]:
    """Find refunds, each by an index. :param order_id: of what came back of it, or what it gave back when cancelled."""
    found = refunds()
    if state:
        found = found.filter(state=state)
    if owed is not None:
        found = found.filter(DEBTS) if owed else found.exclude(DEBTS)
    if order_id:
        found = found.filter(Q(order_id=order_id) | Q(parent__order_id=order_id))
    if return_id:
        found = found.filter(parent_id=return_id)
    return found


def refunds_named(word: str) -> QuerySet[Refund]:
    """Find refunds by their id, by that of their return or their order, or by the order's receipt or customer."""
    if (found_id := parsed_id(word)) is not None:
        named = Q(id=found_id) | Q(parent_id=found_id) | Q(order_id=found_id) | Q(parent__order_id=found_id)
        return Refund.objects.filter(named)
    orders = orders_named(word)
    return any_of(
        Refund.objects.filter(order__in=orders),
        Refund.objects.filter(parent__in=Return.objects.filter(order__in=orders)),
    )


def any_of(*found: QuerySet[Refund]) -> QuerySet[Refund]:
    """Return the refunds that any of several queries finds, each by its index."""
    first, *others = (each.values("pk") for each in found)
    return Refund.objects.filter(pk__in=first.union(*others))


def owed_of(refund: Refund) -> int:
    """Return what the shop owes of one refund, in minor units."""
    if not refund.is_owed:
        return 0
    instead = refund.replacements.exclude(state=Refund.State.FAILED)
    return refund.amount - int(instead.aggregate(paid=Sum(F("amount") - F("rounding"), default=0))["paid"])
