"""What events add to the totals of shifts: a fold that reads nothing but them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from events.event import Event
from events.log.causes import Cause
from kernel.money import written
from pos.cash.models import ShiftTotal
from pos.events import (
    LineTax,
    OrderCompleted,
    OrderJoinedShift,
    OrderPlaced,
    OrderVoided,
    RefundedTender,
    RefundRefused,
    RefundReplaced,
    ReturnCompleted,
    ReturnedLine,
    SoldLine,
    TakenTender,
    TendersAdded,
)

Subject = ShiftTotal.Subject
WHOLE = "[]"
"""The key of sales and of returns."""
_UNKNOWN_TAX = ("", "", None, None)


class Key(NamedTuple):
    """Where a sum belongs. :param of: JSON: `[code, kind]` of a tender, `[code, name, rate, inclusive]` of a tax."""

    shift_id: UUID
    register_id: UUID
    subject: str
    of: str


@dataclass(kw_only=True)
class Sums:
    count: int = 0
    total: int = 0
    net: int = 0
    tax: int = 0
    discount: int = 0
    rounding: int = 0
    change: int = 0
    first_number: int | None = None
    last_number: int | None = None

    def add(self, other: "Sums") -> None:
        for name in ADDED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        numbers = [n for n in (self.first_number, self.last_number, other.first_number, other.last_number) if n]
        self.first_number, self.last_number = min(numbers, default=None), max(numbers, default=None)


ADDED = tuple(field.name for field in fields(Sums) if not field.name.endswith("_number"))
Totals = dict[Key, Sums]
Told = (
    OrderPlaced | TendersAdded | OrderCompleted | OrderJoinedShift | ReturnCompleted | OrderVoided | RefundReplaced
    | RefundRefused
)  # fmt: skip
TYPES = (
    OrderPlaced, TendersAdded, OrderCompleted, OrderJoinedShift, ReturnCompleted, OrderVoided, RefundReplaced,
    RefundRefused,
)  # fmt: skip
Places = Mapping[UUID, UUID]
"""The shifts of returns whose events do not name one: of before they did."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """An event, its place in the log, and what is published for it is caused by."""

    event: Told
    event_id: UUID
    position: int
    cause: Cause


def returns_without_shift(events: Iterable[Event]) -> list[UUID]:
    """Return the ids of the returns whose events name no shift: older code told none."""
    return [event.return_id for event in events if isinstance(event, ReturnCompleted) and event.shift_id is None]


def add_all(totals: Totals, more: Iterable[tuple[Key, Sums]]) -> Totals:
    for key, sums in more:
        totals.setdefault(key, Sums()).add(sums)
    return totals


def sums_of(event: Told, places: Places | None = None) -> Totals:
    """Return what an event adds, by where it belongs; it may concern several shifts."""
    return add_all({}, _FOLDS[type(event)](event, places or {}))


def _placed(event: OrderPlaced, _places: Places) -> Iterator[tuple[Key, Sums]]:
    """Yield what was taken for an order that owes something. Of one that does not, its completion tells the same."""
    if event.due:
        yield from _tenders(event, [tender for tender in event.tenders or () if _is_told_when_taken(tender)])


def _added(event: TendersAdded, _places: Places) -> Iterator[tuple[Key, Sums]]:
    yield from _tenders(event, [tender for tender in event.tenders if _is_told_when_taken(tender)])


def _completed(event: OrderCompleted, _places: Places) -> Iterator[tuple[Key, Sums]]:
    if event.shift_id is None:
        return  # it joins the next shift
    yield from _sale(event, event.shift_id)
    at_once = event.recorded_at is None or event.recorded_at == event.completed_at
    yield from _tenders(event, [tender for tender in event.tenders if at_once or not _is_told_when_taken(tender)])


def _joined(event: OrderJoinedShift, _places: Places) -> Iterator[tuple[Key, Sums]]:
    assert event.shift_id is not None
    yield from _sale(event, event.shift_id)
    yield from _tenders(event, [tender for tender in event.tenders if not _is_told_when_taken(tender)])


def _sale(event: OrderCompleted | OrderJoinedShift, shift_id: UUID) -> Iterator[tuple[Key, Sums]]:
    yield (
        Key(shift_id, event.register_id, Subject.SALES, WHOLE),
        Sums(
            count=1,
            total=event.total,
            net=event.subtotal or 0,
            tax=event.tax_total or 0,
            discount=event.discount_total or 0,
            rounding=event.rounding_adjustment or 0,
            first_number=event.receipt_number,
            last_number=event.receipt_number,
        ),
    )
    yield from _taxes(shift_id, event.register_id, Subject.TAXES, event.lines)


def _is_told_when_taken(tender: TakenTender) -> bool:
    """Whether it counts when it is taken, and not when its order is completed.

    A card that the backend charges has been taken when it has paid an order; older code told nothing before that.
    """
    return not tender.charged_here and tender.shift_id is not None


def _returned(event: ReturnCompleted, places: Places) -> Iterator[tuple[Key, Sums]]:
    shift_id = event.shift_id or places[event.return_id]
    rounding = event.rounding_adjustment or 0
    yield (
        Key(shift_id, event.register_id, Subject.RETURNS, WHOLE),
        Sums(
            count=1,
            total=event.total,
            net=event.total - event.tax_total - rounding,
            tax=event.tax_total,
            discount=event.discount_total or 0,
            rounding=rounding,
            first_number=event.number,
            last_number=event.number,
        ),
    )
    yield from _taxes(shift_id, event.register_id, Subject.TAXES_BACK, event.lines)
    yield from _refunds(event.refunds, shift_id, event.register_id)


def _given_back(event: OrderVoided | RefundReplaced, _places: Places) -> Iterator[tuple[Key, Sums]]:
    """Yield what a till gave back of an order that was cancelled, or in the place of a refund that was refused."""
    for refund in event.refunds or ():
        if refund.shift_id is not None and refund.register_id is not None:
            yield from _refunds([refund], refund.shift_id, refund.register_id)


def _refused(event: RefundRefused, _places: Places) -> Iterator[tuple[Key, Sums]]:
    """Yield what a refund had added, taken back: the money did not go out."""
    if event.refund.shift_id is not None:
        for key, sums in _refunds([event.refund], event.refund.shift_id, event.register_id):
            yield key, Sums(count=-sums.count, total=-sums.total, rounding=-sums.rounding)


def _refunds(refunds: Iterable[RefundedTender], shift_id: UUID, register_id: UUID) -> Iterator[tuple[Key, Sums]]:
    for refund in refunds:
        yield (
            Key(
                refund.shift_id or shift_id,
                refund.register_id or register_id,
                Subject.REFUNDS,
                _json([refund.tender_type, refund.kind]),
            ),
            Sums(count=1, total=refund.amount, rounding=refund.rounding or 0),
        )


def _tenders(
    event: OrderPlaced | TendersAdded | OrderCompleted | OrderJoinedShift, tenders: Iterable[TakenTender]
) -> Iterator[tuple[Key, Sums]]:
    for tender in tenders:
        if tender.state != "SETTLED":
            continue
        shift_id, register_id = tender.shift_id, tender.register_id
        if isinstance(event, OrderCompleted | OrderJoinedShift):
            shift_id, register_id = shift_id or event.shift_id, register_id or event.register_id
        if shift_id is None or register_id is None:
            continue
        yield (
            Key(shift_id, register_id, Subject.TENDERS, _json([tender.tender_type, tender.kind])),
            Sums(count=1, total=tender.amount - tender.change, change=tender.change, rounding=tender.rounding or 0),
        )


def _taxes(
    shift_id: UUID, register_id: UUID, subject: str, lines: Sequence[SoldLine | ReturnedLine]
) -> Iterator[tuple[Key, Sums]]:
    """Yield the taxes of lines. `net` is what they are of; where only their sum is known, they have no name."""
    for line in lines:
        if line.taxes is None:
            unknown = Key(shift_id, register_id, subject, _json(_UNKNOWN_TAX))
            yield unknown, Sums(count=1, net=line.total - line.tax_total, tax=line.tax_total)
            continue
        for tax in line.taxes:
            yield Key(shift_id, register_id, subject, _json(_named(tax))), Sums(count=1, net=tax.base, tax=tax.amount)


def _named(tax: LineTax) -> tuple[Any, ...]:
    return tax.code or "", tax.name, written(tax.rate), tax.inclusive


def _json(parts: Sequence[Any]) -> str:
    return msgspec.json.encode(parts).decode()


_FOLDS: dict[type, Callable[[Any, Places], Iterator[tuple[Key, Sums]]]] = {
    OrderPlaced: _placed,
    TendersAdded: _added,
    OrderCompleted: _completed,
    OrderJoinedShift: _joined,
    ReturnCompleted: _returned,
    OrderVoided: _given_back,
    RefundReplaced: _given_back,
    RefundRefused: _refused,
}
