"""What paid in the end for goods that paid for other goods: exchanges are followed to the money of the first order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db.models import Q

from pos.cash.models import TenderType
from pos.orders.models import Refund, Tender


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Money behind exchanged goods, in minor units. :param type: what paid it; None for goods without a receipt.

    :param tender: that paid it, of an order before; None for goods without a receipt.
    """

    type: TenderType | None
    amount: int
    kind: str = ""
    tender: Tender | None = None

    @property
    def is_cash(self) -> bool:
        """Whether it may go back in cash. Nobody knows what paid for goods without a receipt."""
        return self.type is None or self.kind == TenderType.Kind.CASH

    @property
    def charged_here(self) -> bool:
        """Whether it is a card that the backend charged."""
        return self.kind == TenderType.Kind.GATEWAY

    def is_of(self, tender_id: UUID | None) -> bool:
        return self.tender is not None and self.tender.id == tender_id


def origins_left(tender: Tender, made: Iterable[Refund] = ()) -> list[Origin]:
    """Return what paid for the goods behind an exchange tender, without what went back of it.

    :param made: refunds that are not saved yet.
    """
    left = _origins(tender)
    for refund in [*_went_back(tender, left), *(each for each in made if each.counts_against is tender)]:
        left = _without(left, refund)
    return left


def room_of(first: Tender, made: Iterable[Refund] = ()) -> int:
    """Return what exchanges spent of a tender, and have not given back to it yet. It is locked from here on.

    :param made: refunds that are not saved yet.
    """
    Tender.objects.select_for_update(no_key=True).get(id=first.id)
    against = Refund.objects.filter(tender=first).exclude(state=Refund.State.FAILED).select_related("parent")
    counted = [*against, *(each for each in made if each.tender == first)]
    spent = sum(each.amount for each in counted if each.kind == TenderType.Kind.EXCHANGE)
    return spent - sum(each.amount for each in counted if each.of_order_id != first.order_id)


def taken_from(
    left: Sequence[Origin], amount: int, *, in_cash: bool, of: UUID | None = None
) -> tuple[list[Origin], list[Origin]]:
    """Take an amount, of cash first where it goes back in cash, else last. Return what, and the rest.

    :param of: the tender to take it of before all others.
    """
    taken, rest = [], []
    for origin in sorted(left, key=lambda origin: (not origin.is_of(of), origin.is_cash is not in_cash)):
        part = min(amount, origin.amount)
        amount -= part
        if part:
            taken.append(replace(origin, amount=part))
        if origin.amount > part:
            rest.append(replace(origin, amount=origin.amount - part))
    return taken, rest


def _without(left: Sequence[Origin], refund: Refund) -> list[Origin]:
    """Take a refund off; one that was paid in the place of another, of the money that the other was to give back."""
    aim = (refund.instead_of or refund).tender_id
    _, rest = taken_from(left, refund.amount, in_cash=refund.kind == TenderType.Kind.CASH, of=aim)
    return rest


def _went_back(tender: Tender, origins: Iterable[Origin]) -> list[Refund]:
    """Return what went back of an exchange tender, the oldest first: by its own type, or to a tender behind it."""
    behind = [origin.tender.id for origin in origins if origin.tender is not None]
    found = Refund.objects.filter(Q(tender=tender) | Q(tender__in=behind)).exclude(state=Refund.State.FAILED)
    all_ = found.select_related("parent", "instead_of").order_by("id")
    return [refund for refund in all_ if refund.of_order_id == tender.order_id]


def _origins(tender: Tender) -> list[Origin]:
    if tender.is_money:
        return [Origin(type=tender.type, amount=tender.paid, kind=tender.kind_taken, tender=tender)]
    spent = Refund.objects.filter(
        parent_id=tender.order.exchange_return_id, kind=TenderType.Kind.EXCHANGE
    ).select_related("tender__type", "tender__order")
    return [origin for refund in spent.order_by("id") for origin in _behind(refund)]


def _behind(spent: Refund) -> list[Origin]:
    """Return what paid for the goods that an exchange spent."""
    tender = spent.tender
    if tender is None:
        return [Origin(type=None, amount=spent.amount)]
    left = _origins(tender)
    for refund in _went_back(tender, left) if not tender.is_money else ():
        if refund.id < spent.id:
            left = _without(left, refund)
    taken, _ = taken_from(left, spent.amount, in_cash=False)
    return taken
