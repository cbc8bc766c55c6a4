"""Figures of events: what an order, its tenders, a return and a closed shift add to the reports. Reads nothing.

A tender counts on the day on which it was taken, whether or not that pays its order in full. Cards that the backend
charges count with the order's completion, and so do tenders that older code took, whose events name no register.

A refund that the gateway refuses counts no longer on the day on which it was asked for.

A closed shift counts on the day on which it was closed, for whoever closed it. What amends its Z later changes nothing
in what was counted.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from kernel.money import round_half_up
from pos.events import (
    LineDiscount,
    LineTax,
    OrderCompleted,
    OrderPlaced,
    OrderVoided,
    RefundedTender,
    RefundRefused,
    RefundReplaced,
    ReturnCompleted,
    ReturnedLine,
    ShiftClosed,
    SoldLine,
    TakenTender,
    TendersAdded,
)
from pos.reports.definitions import CANCELLED, COUNTED, NOT_COUNTED
from pos.reports.rows import ZERO, Figure, key_of

GivenBack = OrderVoided | RefundReplaced | RefundRefused
Told = OrderPlaced | TendersAdded | OrderCompleted | ReturnCompleted | GivenBack | ShiftClosed


def figures_of(event: Told, position: int) -> list[Figure]:
    """Return what an event adds to the reports. An event of older code without a day counts to that of UTC."""
    if getattr(event, "training", False):
        return []
    return list(_MADE[type(event)](event, position))


def _taken(event: OrderPlaced | TendersAdded, position: int) -> Iterator[Figure]:
    where = _where(event, position, "SALE")
    for tender in event.tenders or ():
        if tender.state == "SETTLED" and _counts_when_taken(tender):
            yield _tender(where, tender)


def _order(event: OrderCompleted, position: int) -> Iterator[Figure]:
    where = _where(event, position, "SALE")
    yield _sales(where, event, event.lines)
    for tender in event.tenders:
        if not _counts_when_taken(tender):
            yield _tender({**where, "register_id": event.register_id}, tender)
    yield from _lines(where, event.lines)


def _return(event: ReturnCompleted, position: int) -> Iterator[Figure]:
    where = _where(event, position, "RETURN")
    yield _sales(where, event, event.lines)
    for refund in event.refunds:
        yield _refund({**where, "register_id": event.register_id}, refund)
    yield from _lines(where, event.lines)
    for reason in sorted({line.reason_code or "" for line in event.lines}):
        lines = [line for line in event.lines if (line.reason_code or "") == reason]
        yield Figure(
            **where,
            kind="REFUNDS",
            code=reason,
            documents=1,
            quantity=sum((line.quantity for line in lines), ZERO),
            tax=sum(line.tax_total for line in lines),
            total=sum(line.total for line in lines),
        )


def _refund(where: dict[str, Any], refund: RefundedTender) -> Figure:
    return Figure(
        **{**where, "register_id": refund.register_id or where["register_id"]},
        kind="TENDERS",
        code=refund.tender_type,
        detail=refund.kind,
        documents=1,
        rounding=refund.rounding or 0,
        total=refund.amount,
    )


def _replaced(event: RefundReplaced, position: int) -> Iterator[Figure]:
    where = _given_back(event, position)
    for refund in event.refunds:
        yield _refund(where, refund)


def _voided(event: OrderVoided, position: int) -> Iterator[Figure]:
    """Yield what a cancelled order gives back: by tender, and once among the refunds, whatever pays it in the end."""
    where = _given_back(event, position)
    paid = [_refund(where, refund) for refund in event.refunds or ()]
    yield from paid
    if paid:
        of_order = {**where, "register_id": None}
        yield Figure(**of_order, kind="REFUNDS", detail=CANCELLED, documents=1, total=sum(each.total for each in paid))


def _refused(event: RefundRefused, position: int) -> Iterator[Figure]:
    """Yield what takes a refund out of its day again."""
    told = _refund(_given_back(event, position), event.refund)
    yield msgspec.structs.replace(told, documents=-told.documents, rounding=-told.rounding, total=-told.total)


def _closed(event: ShiftClosed, position: int) -> Iterator[Figure]:
    for count in event.counts:
        yield Figure(
            kind="OVER_SHORT",
            direction="SALE",
            business_date=event.business_date,
            location_id=event.location_id,
            currency=event.currency,
            position=position,
            register_id=event.register_id,
            staff_id=event.closed_by,
            shift_id=event.shift_id,
            drawer_id=event.drawer_id,
            code=count.tender_type,
            detail=NOT_COUNTED if count.counted is None else COUNTED,
            documents=1,
            expected=count.expected,
            counted=count.counted or 0,
        )


def _given_back(event: GivenBack, position: int) -> dict[str, Any]:
    """Say where money went back of a cancelled order, or in the place of a refund that was refused."""
    return {
        "business_date": event.business_date,
        "location_id": event.location_id,
        "currency": event.currency,
        "direction": "RETURN",
        "position": position,
        "register_id": event.register_id,
    }


def _where(
    event: OrderPlaced | TendersAdded | OrderCompleted | ReturnCompleted, position: int, direction: str
) -> dict[str, Any]:
    day = event.business_date or event.occurred_at.astimezone(UTC).date()
    return {
        "business_date": day,
        "location_id": event.location_id,
        "currency": event.currency,
        "direction": direction,
        "position": position,
    }


def _sales(
    where: dict[str, Any], event: OrderCompleted | ReturnCompleted, lines: Sequence[SoldLine | ReturnedLine]
) -> Figure:
    return Figure(
        **where,
        kind="SALES",
        register_id=event.register_id,
        staff_id=event.staff_id,
        hour=_hour(event.occurred_at, event.time_zone),
        documents=1,
        quantity=sum((line.quantity for line in lines), ZERO),
        gross=sum(_gross(line) for line in lines),
        discount=sum(line.discount_total or 0 for line in lines),
        tax=sum(line.tax_total for line in lines),
        rounding=event.rounding_adjustment or 0,
        total=event.total,
    )


def _lines(where: dict[str, Any], lines: Sequence[SoldLine | ReturnedLine]) -> Iterator[Figure]:
    """Return a figure for each variant, tax and discount of each line; those that are alike are added up later."""
    seen: set[tuple[object, ...]] = set()
    for line in lines:
        yield _counted(seen, _product(where, line))
        for tax in line.taxes if line.taxes is not None else _unknown(line):
            yield _counted(seen, _tax(where, tax))
        for discount in line.discounts or ():
            yield _counted(seen, _discount(where, discount))


def _counted(seen: set[tuple[object, ...]], figure: Figure) -> Figure:
    """Count the document once, however many lines of it are alike."""
    key = key_of(figure)
    figure.documents = int(key not in seen)
    seen.add(key)
    return figure


def _product(where: dict[str, Any], line: SoldLine | ReturnedLine) -> Figure:
    return Figure(
        **where,
        kind="PRODUCTS",
        variant_id=line.variant_id,
        code="" if line.variant_id else line.sku or line.description,
        name=line.description,
        quantity=line.quantity,
        gross=_gross(line),
        discount=line.discount_total or 0,
        tax=line.tax_total,
        total=line.total,
    )


def _tax(where: dict[str, Any], tax: LineTax) -> Figure:
    return Figure(
        **where,
        kind="TAXES",
        code=tax.code or "",
        detail="INCLUDED" if tax.inclusive else "ADDED",
        rate=tax.rate,
        name=tax.name,
        base=tax.base,
        tax=tax.amount,
        total=tax.base + tax.amount,
    )


def _unknown(line: SoldLine | ReturnedLine) -> list[LineTax]:
    """Return the tax of a line of which no more is known than what it comes to."""
    base = line.total - line.tax_total
    return [LineTax(code=None, name="", rate=ZERO, inclusive=True, base=base, amount=line.tax_total)]


def _discount(where: dict[str, Any], discount: LineDiscount) -> Figure:
    return Figure(
        **where,
        kind="DISCOUNTS",
        code=discount.code or discount.name or "",
        detail=f"{discount.scope} {discount.kind}",
        rate=discount.rate,
        name=discount.name or discount.code or "",
        discount=discount.amount,
        total=discount.amount,
    )


def _tender(where: dict[str, Any], tender: TakenTender) -> Figure:
    return Figure(
        **{**where, "register_id": tender.register_id or where.get("register_id")},
        kind="TENDERS",
        code=tender.tender_type,
        detail=tender.kind,
        documents=1,
        rounding=tender.rounding or 0,
        total=tender.amount - tender.change,
    )


def _counts_when_taken(tender: TakenTender) -> bool:
    return tender.register_id is not None and not tender.charged_here


def _gross(line: SoldLine | ReturnedLine) -> int:
    """Return what goods cost before discounts, without taxes that the price lacks. Nothing of what came back."""
    if isinstance(line, ReturnedLine):
        return 0
    return line.gross if line.gross is not None else round_half_up(line.quantity * line.unit_price)


def _hour(moment: datetime, zone: str | None) -> int:
    return moment.astimezone(ZoneInfo(zone or "UTC")).hour


_MADE: dict[type, Callable[[Any, int], Iterator[Figure]]] = {
    OrderPlaced: _taken,
    TendersAdded: _taken,
    OrderCompleted: _order,
    ReturnCompleted: _return,
    OrderVoided: _voided,
    RefundReplaced: _replaced,
    RefundRefused: _refused,
    ShiftClosed: _closed,
}
