"""Money that goes back to an order's tenders: as it is asked for, and within what each of them paid."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from kernel.refusals import Refusal
from pos.cash.models import TenderType
from pos.cash.services import Till
from pos.orders.models import Refund, Tender
from pos.orders.origins import Origin, origins_left, room_of, taken_from
from pos.pricing.cash import cash_adjustment


class RefundExceedsPaid(Refusal):
    code = "refund-exceeds-paid"
    title = "More refunded than was paid"
    status = 422


class RefundMismatch(Refusal):
    """The refunds that are asked for do not come to the money that goes back."""

    code = "refund-mismatch"
    title = "Refund mismatch"
    status = 422


class NotRefundable(Refusal):
    """Money cannot go back that way."""

    code = "not-refundable"
    title = "Not refundable"
    status = 422


CASH = "cash"
"""The code of the tender type that a new shop has."""
NOT_PAID_OUT = (TenderType.Kind.GATEWAY, TenderType.Kind.EXCHANGE)


@dataclass(frozen=True, kw_only=True)
class RefundInput:
    """Money to pay back, in minor units.

    :param amount: None for all that the others leave.
    :param tender_id: the tender it goes against; any of the type when left out.
    :param type: the code of the tender type by which it is paid; that of the tender when left out.
    """

    amount: int | None = None
    tender_id: UUID | None = None
    type: str = ""
    reference: str = ""


def pay_back(*, tenders: Sequence[Tender], amount: int, till: Till, asked: Sequence[RefundInput] = ()) -> list[Refund]:
    """Divide money that goes back among the tenders that paid: as it is asked for, or the first tender first.

    The tenders' `refunded` rises; nothing is saved.

    :param amount: all of it, in minor units.
    :raises RefundExceedsPaid: when a tender, or all of them, did not pay that much, or got it back before.
    :raises RefundMismatch: when what is asked for does not come to the amount.
    :raises NotRefundable: when a tender cannot be paid back that way.
    """
    refunds: list[Refund] = []
    for each, part in parts_of(asked, amount):
        chosen = _chosen(tenders, each)
        for tender, share in _shares(chosen, part, each.tender_id or each.type or "what was paid"):
            refunds.extend(_back_to(tender, each, share, till, made=refunds))
    return refunds


def pay_instead(
    *, refused: Refund, tenders: Sequence[Tender], amount: int, till: Till, asked: RefundInput
) -> list[Refund]:
    """Pay what a refused refund owes, by the type that is asked for. The tenders' `refunded` rises; nothing is saved.

    Cash pays what coins can, and what is owed is paid with it: `rounding` is the difference.

    It goes against the tender of the refused refund; where other returns had that tender's money meanwhile, against
    those whose money they left. A card that had paid for exchanged goods is tried again by its own type.

    :param tenders: of its order, the refund's own first.
    :raises NotRefundable: when the shop has no such type, or it is a card that did not pay.
    :raises RefundExceedsPaid: when the tenders have no more to give back.
    """
    first = _card_behind(refused, asked.type, amount)
    own = [each for each in tenders if each == refused.counts_against] if first else []
    charged = own or [each for each in tenders if each.charged_here and each.type.code == asked.type]
    type_ = first.type if first else charged[0].type if charged else paid_out_by(asked.type)
    refunds = []
    for tender, share in _shares(charged or tenders, amount, asked.type):
        refund = refund_of(till, type_, share, tender=tender, first=first, reference=asked.reference)
        refund.parent_id, refund.order_id, refund.instead_of = refused.parent_id, refused.order_id, refused
        refunds.append(_through_gateway(refund) if charged else refund)
    paid, _ = in_coins(refunds)
    if not paid:
        message = f"{asked.type!r} has no coins for {amount} minor units: choose another tender type"
        raise NotRefundable(message)
    return paid


def in_coins(refunds: Sequence[Refund]) -> tuple[list[Refund], int]:
    """Round each refund in cash to what coins can pay, and note by how much with it; one that comes to nothing is left
    out. Return the refunds, and what that adds in all.

    It is rounded down where the tender did not pay more. The tenders' `refunded` follows; nothing is saved.
    """
    added = 0
    for refund in refunds:
        step, tender = refund.type.rounding_step, refund.counts_against
        adjustment = cash_adjustment(refund.amount, step=step) if step > 1 else 0
        if tender is not None and tender.refunded + adjustment > tender.paid:
            adjustment -= step
        refund.amount += adjustment
        refund.rounding += adjustment
        if tender is not None:
            tender.refunded += adjustment
        added += adjustment
    return [refund for refund in refunds if refund.amount], added


def note_rounding(refunds: Sequence[Refund], rounding: int) -> None:
    """Note a rounding that the amounts contain with the last refund in cash; with none where no cash goes back."""
    in_cash = [refund for refund in refunds if refund.kind == TenderType.Kind.CASH]
    if in_cash:
        in_cash[-1].rounding += rounding


def spend(*, tenders: Sequence[Tender], amount: int, till: Till, type_: TenderType, reference: str) -> list[Refund]:
    """Let what tenders paid pay for something else, the first tender first; nothing is saved.

    :param type_: of exchanges. :param reference: of what is paid for.
    :raises RefundExceedsPaid: when they did not pay that much.
    """
    return [
        refund_of(till, type_, share, tender=tender, reference=reference)
        for tender, share in _shares(tenders, amount, "what was paid")
    ]


def refund_of(
    till: Till,
    type_: TenderType,
    amount: int,
    *,
    tender: Tender | None = None,
    first: Tender | None = None,
    reference: str = "",
) -> Refund:
    """Make the row of a refund, whose owner is not set yet; the tender's `refunded` rises.

    :param first: the card of an order before that it goes back to, where `tender` is of exchanged goods.
    """
    if tender is not None:
        tender.refunded += amount
    refund = Refund(
        tender=first or tender, type=type_, kind=type_.kind, amount=amount, reference=reference, **till.columns()
    )
    refund.counts_against = tender
    return refund


def parts_of(asked: Sequence[RefundInput], amount: int) -> list[tuple[RefundInput, int]]:
    """Say how much of an amount each of the refunds is; all of it in one part where none is asked for.

    :raises RefundMismatch: when they do not come to the amount.
    """
    if not asked:
        return [(RefundInput(), amount)]
    named = sum(each.amount for each in asked if each.amount is not None)
    open_ended = [each for each in asked if each.amount is None]
    rest = amount - named
    if len(open_ended) > 1 or rest < 0 or (rest and not open_ended):
        message = f"the refunds come to {named}, and {amount} goes back; leave one amount out for the rest"
        raise RefundMismatch(message, total=amount)
    parts = [(each, rest if each.amount is None else each.amount) for each in asked]
    return [(each, part) for each, part in parts if part]


def paid_out_by(code: str) -> TenderType:
    """Return the type by which a till pays money out.

    :raises NotRefundable: when the shop has none of this code, or one that no till pays out.
    """
    type_ = TenderType.objects.filter(code=code).exclude(kind__in=NOT_PAID_OUT).first()
    if type_ is None:
        message = f"a till cannot pay money out by {code!r}: name another tender type"
        raise NotRefundable(message)
    return type_


def _chosen(tenders: Sequence[Tender], asked: RefundInput) -> list[Tender]:
    if asked.tender_id is not None:
        chosen = [tender for tender in tenders if tender.id == asked.tender_id]
        if not chosen:
            message = f"tender {asked.tender_id} did not pay for this, or did not settle"
            raise NotRefundable(message, tender_id=str(asked.tender_id))
        return chosen
    if not asked.type:
        return list(tenders)
    exchanged = [tender for tender in tenders if not tender.is_money]
    return [tender for tender in tenders if tender.type.code == asked.type and tender not in exchanged] + exchanged


def _shares(tenders: Sequence[Tender], amount: int, named: object) -> Iterator[tuple[Tender, int]]:
    left = amount
    for tender in tenders:
        share = min(left, tender.paid - tender.refunded)
        if share > 0:
            left -= share
            yield tender, share
    if left:
        message = f"of {amount} minor units, {named} can give back {amount - left}: {left} minor units too few"
        raise RefundExceedsPaid(message, left=amount - left)


def _back_to(tender: Tender, asked: RefundInput, share: int, till: Till, *, made: Sequence[Refund]) -> list[Refund]:
    """Pay a tender back by its type; what exchanged goods paid, by what paid for them, or another type but cash.

    :raises NotRefundable: when the tender cannot be paid back by the type that is asked for.
    """
    if not tender.is_money:
        return [
            _through_gateway(refund_of(till, way.type, way.amount, tender=tender, first=way.first))
            if way.first
            else refund_of(till, way.type, way.amount, tender=tender, reference=asked.reference)
            for way in _ways_of_exchanged(tender, asked, share, made=made)
        ]
    if asked.type and asked.type != tender.type.code:
        message = f"what {tender.type.code} paid goes back to it, not to {asked.type}"
        raise NotRefundable(message)
    refund = refund_of(till, tender.type, share, tender=tender, reference=asked.reference)
    refund.kind = tender.kind_taken
    return [_through_gateway(refund) if tender.charged_here else refund]


def _through_gateway(refund: Refund) -> Refund:
    refund.kind, refund.state = TenderType.Kind.GATEWAY, Refund.State.PENDING
    return refund


@dataclass(frozen=True, kw_only=True)
class _Way:
    """How a part goes back. :param first: the card of an order before that gets it, where the backend charged it."""

    type: TenderType
    amount: int
    first: Tender | None = None


def _ways_of_exchanged(tender: Tender, asked: RefundInput, share: int, *, made: Sequence[Refund]) -> list[_Way]:
    """Say by which types what exchanged goods paid goes back, and how much by each.

    Cash pays at most what cash had paid for the first goods, or what goods without a receipt were worth; a card that
    the backend charged, at most what it had paid.

    :raises NotRefundable: when it would be more.
    """
    left = origins_left(tender, made)
    if not asked.type:
        taken, _ = taken_from(left, share, in_cash=True)
        return [_way_to(origin, made) for origin in taken]
    charged = [each for each in left if each.charged_here and each.type and each.type.code == asked.type]
    if charged:
        taken, _ = taken_from(charged, share, in_cash=False)
        _require_paid(asked.type, charged, left, share)
        return [_way_to(origin, made) for origin in taken]
    type_ = paid_out_by(asked.type)
    if type_.kind == TenderType.Kind.CASH:
        _require_paid("cash", [each for each in left if each.is_cash], left, share)
    return [_Way(type=type_, amount=share)]


def _require_paid(named: str, of_it: Sequence[Origin], left: Sequence[Origin], share: int) -> None:
    """:raises NotRefundable: when a type had paid less of the exchanged goods than is to go back by it."""
    paid = sum(origin.amount for origin in of_it)
    if share > paid:
        others = sorted({each.type.code if each.type else CASH for each in left if each not in of_it})
        rest = " and ".join(others)
        message = f"{named} had paid {paid} of the exchanged goods, {rest} the rest: name another type for {share}"
        raise NotRefundable(message)


def _way_to(origin: Origin, made: Sequence[Refund]) -> _Way:
    """:raises NotRefundable: when a card that the backend charged got it back already."""
    if origin.tender is None or not origin.charged_here:
        return _Way(type=paid_out_by(origin.type.code if origin.type else CASH), amount=origin.amount)
    room = room_of(origin.tender, made)
    if origin.amount > room:
        message = (
            f"{origin.tender.type.code} had paid {origin.amount} of the exchanged goods, and {room} can still go back"
            " to it: name another tender type than cash in the refunds"
        )
        raise NotRefundable(message)
    return _Way(type=origin.tender.type, amount=origin.amount, first=origin.tender)


def _card_behind(refused: Refund, code: str, amount: int) -> Tender | None:
    """Return the card of an order before that a refused refund was to go back to, where its type is asked for.

    :raises RefundExceedsPaid: when exchanges have given its money back meanwhile.
    """
    first = refused.tender
    if first is None or first == refused.counts_against or first.type.code != code:
        return None
    if amount > (room := room_of(first)):
        message = f"of {amount} minor units, {code} can give back {room}: pay the rest by another tender type"
        raise RefundExceedsPaid(message, left=room)
    return first


def owed(refunds: Iterable[Refund]) -> int:
    """Return what the shop still owes of these refunds: what was refused, and not paid by others in their place."""
    refunds = list(refunds)
    refused = sum(each.amount for each in refunds if each.is_owed)
    return refused - sum(each.exact for each in refunds if each.instead_of_id and each.state != Refund.State.FAILED)
