"""Tenders: what is handed over for an order, the change that is given, and cards that the backend charges."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from events.publishing.safekeeping import keep
from events.publishing.unit_of_work import unit_of_work
from kernel.limits import REASON
from kernel.refusals import Refusal
from kernel.text import clipped
from pos.cash.models import TenderType
from pos.cash.queries import tender_types
from pos.cash.services import Till
from pos.orders.models import Order, Tender
from pos.pricing.cash import cash_adjustment


class TenderMismatch(Refusal):
    """The tenders do not fit what is due."""

    code = "tender-mismatch"
    title = "Tender mismatch"
    status = 422


@dataclass(frozen=True, kw_only=True)
class TenderInput:
    """What is handed over. `amount` in minor units; `card_token` for a card that the backend charges."""

    id: UUID
    type: str
    amount: int
    reference: str = ""
    card_token: str = ""


def hand_over(
    *,
    order: Order,
    till: Till,
    given: Sequence[TenderInput],
    earlier: Sequence[Tender] = (),
    staff_id: UUID | None = None,
) -> list[Tender]:
    """Make the tenders that are handed over for an order, with the change of cash that was too much. Nothing is saved.

    A tender that cash rounding changed what is due for has that rounding; those of all tenders come to the order's.

    :param earlier: the order's tenders from before.
    :raises TenderMismatch: when a type is unknown, a card that the backend charges lacks its token, another type has
        one, or more is taken than is due.
    """
    types, taken_at = tender_types({each.type for each in given}), till.columns()
    due = order.total - sum(tender.paid for tender in earlier if tender.state != Tender.State.FAILED)
    number = max((tender.number for tender in earlier), default=0)
    tenders = []
    # Cash last, so that it is cash that change comes out of.
    for each in sorted(given, key=lambda each: each.type in types and types[each.type].gives_change):
        tender_type, before = _type(types, each), order.rounding_adjustment
        if tender_type.rounding_step > 1 and due:
            due = round_due(order, due, step=tender_type.rounding_step, given=each.amount)
            if not due:
                continue  # rounded to nothing: nothing is handed over
        change = max(0, each.amount - due)
        if change and not tender_type.gives_change:
            message = f"{each.type} of {each.amount} exceeds the {due} that are due, and gives no change"
            raise TenderMismatch(message, due=due)
        if change >= each.amount:
            message = f"{each.type} of {each.amount} is not needed: nothing is due"
            raise TenderMismatch(message, due=due)
        due -= each.amount - change
        number += 1
        charged = tender_type.kind == TenderType.Kind.GATEWAY
        tenders.append(
            Tender(
                id=each.id,
                order=order,
                number=number,
                type=tender_type,
                state=Tender.State.PENDING if charged else Tender.State.SETTLED,
                amount=each.amount,
                change=change,
                rounding=order.rounding_adjustment - before,
                reference=each.reference,
                kind=tender_type.kind,
                staff_id=staff_id,
                **taken_at,
            )
        )
    return tenders


def round_due(order: Order, due: int, *, step: int, given: int | None = None) -> int:
    """Round what is due to what cash can pay, where the cash that is given pays all of it; note that on the order.

    :param step: of the type of tender. :param given: None for as much as is due.
    """
    exact = due - order.rounding_adjustment
    adjustment = cash_adjustment(exact, step=step)
    if given is not None and given < exact + adjustment:
        return due
    order.total += adjustment - order.rounding_adjustment
    order.rounding_adjustment = adjustment
    return exact + adjustment


def keep_card_tokens(given: Sequence[TenderInput]) -> None:
    """Keep the tokens of cards for whoever charges them: the log, which tells of their tenders, holds none."""
    tokens = {f"tender:{each.id}": each.card_token for each in given if each.card_token}
    if tokens:
        keep(tokens)


def fail_card_tender(*, tender_id: UUID, order_id: UUID, reason: str) -> None:
    """Take over that a card was declined: what it should have paid is due again."""
    with unit_of_work():
        Tender.objects.filter(id=tender_id, order_id=order_id, state=Tender.State.PENDING).update(
            state=Tender.State.FAILED, failure=clipped(reason, REASON)
        )


def pending_charges(tenders: Sequence[Tender]) -> list[UUID]:
    """Return the cards that were asked for and have not settled; they must not stay charged once the order is done."""
    return [tender.id for tender in tenders if tender.charged_here and tender.state != Tender.State.SETTLED]


def require_nothing_charged(tenders: Sequence[Tender]) -> None:
    """:raises TenderMismatch: when a card would be charged for training."""
    if any(tender.charged_here for tender in tenders):
        message = "an order of training charges no card: take it with another tender"
        raise TenderMismatch(message)


def _type(types: dict[str, TenderType], given: TenderInput) -> TenderType:
    tender_type = named(types, given.type)
    charged = tender_type.kind == TenderType.Kind.GATEWAY
    if charged and not given.card_token:
        message = f"{given.type} needs the card_token that the gateway gave"
        raise TenderMismatch(message)
    if tender_type.kind == TenderType.Kind.EXCHANGE:
        message = f"{given.type} is no money that could be handed over: exchange goods for the order"
        raise TenderMismatch(message)
    if given.card_token and not charged:
        message = f"{given.type} takes no card_token: nothing is charged for it here. {_charged_instead()}"
        raise TenderMismatch(message)
    return tender_type


def named(types: dict[str, TenderType], code: str) -> TenderType:
    """:raises TenderMismatch: when the shop has no such type."""
    tender_type = types.get(code)
    if tender_type is None:
        taken = ", ".join(TenderType.objects.order_by("code").values_list("code", flat=True))
        message = f"this shop has no tender type {code!r}; it has {taken or 'none yet'}"
        raise TenderMismatch(message)
    return tender_type


def _charged_instead() -> str:
    codes = TenderType.objects.filter(kind=TenderType.Kind.GATEWAY).order_by("code").values_list("code", flat=True)
    if not codes:
        return "This shop has no tender type that the backend charges"
    return f"The backend charges tenders of the type {' or '.join(codes)}"
