"""What paid in the end for goods that paid for other goods: exchanges are followed to the money of the first order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pos.cash.models import TenderType
from pos.orders.models import Refund, Tender


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Money behind exchanged goods, in minor units. :param type: what paid it; None for goods without a receipt."""

    type: TenderType | None
    amount: int
    kind: str = ""

    @property
    def is_cash(self) -> bool:
        """Whether it may go back in cash. Nobody knows what paid for goods without a receipt."""
        return self.type is None or self.kind == TenderType.Kind.CASH


def origins_left(tender: Tender, made: Iterable[Refund] = ()) -> list[Origin]:
    """Return what paid for the goods behind an exchange tender, without what went back of it.

    :param made: refunds that are not saved yet.
    """
    left = _origins(tender)
    before = Refund.objects.filter(tender=tender).exclude(state=Refund.State.FAILED).order_by("id")
    for refund in [*before, *(each for each in made if each.tender is tender)]:
        _, left = taken_from(left, refund.amount, in_cash=refund.kind == TenderType.Kind.CASH)
    return left


def taken_from(left: Sequence[Origin], amount: int, *, in_cash: bool) -> tuple[list[Origin], list[Origin]]:
    """Take an amount, of cash first where it goes back in cash, else last. Return what, and the rest."""
    taken, rest = [], []
    for origin in sorted(left, key=lambda origin: origin.is_cash is not in_cash):
        part = min(amount, origin.amount)
        amount -= part
        if part:
            taken.append(Origin(type=origin.type, amount=part, kind=origin.kind))
        if origin.amount > part:
            rest.append(Origin(type=origin.type, amount=origin.amount - part, kind=origin.kind))
    return taken, rest


def _origins(tender: Tender) -> list[Origin]:
    if tender.is_money:
        return [Origin(type=tender.type, amount=tender.paid, kind=tender.kind_taken)]
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
    before = Refund.objects.filter(tender=tender, id__lt=spent.id).exclude(state=Refund.State.FAILED).order_by("id")
    for refund in before if not tender.is_money else ():
        _, left = taken_from(left, refund.amount, in_cash=refund.kind == TenderType.Kind.CASH)
    taken, _ = taken_from(left, spent.amount, in_cash=False)
    return taken
