"""Figures of events: what an order, its tenders and a return add to the reports. Reads nothing.

A tender counts on the day on which it was taken, whether or not that pays its order in full. Cards that the backend
charges count with the order's completion, and so do tenders that older code took, whose events name no register.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID
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
    RefundReplaced,
    ReturnCompleted,
    ReturnedLine,
    SoldLine,
    TakenTender,
    TendersAdded,
)

Told = OrderPlaced | TendersAdded | OrderCompleted | ReturnCompleted | OrderVoided | RefundReplaced
ZERO = Decimal(0)


class Figure(msgspec.Struct, kw_only=True):
    """A row of `ReportFigure` to add to what is there."""

    kind: str
    direction: Literal["SALE", "RETURN"]
    business_date: date
    location_id: UUID
    currency: str
    position: int
    register_id: UUID | None = None
    staff_id: UUID | None = None
    hour: int | None = None
    variant_id: UUID | None = None
    shift_id: UUID | None = None
    code: str = ""
    detail: str = ""
    rate: Decimal | None = None
    name: str = ""
    documents: int = 0
    quantity: Decimal = ZERO
    gross: int = 0
    discount: int = 0
    base: int = 0
    tax: int = 0
    rounding: int = 0
    total: int = 0
    expected: int = 0
    counted: int = 0


KEY = (
    "kind", "business_date", "location_id", "direction", "register_id", "currency", "staff_id", "hour", "variant_id",
    "shift_id", "code", "detail", "rate",
)  # fmt: skip
SUMS = ("documents", "quantity", "gross", "discount", "base", "tax", "rounding", "total", "expected", "counted")


def figures_of(event: Told, position: int) -> list[Figure]:
    """Return what an event adds to the reports. An event of older code without a day counts to that of UTC."""
    if isinstance(event, OrderCompleted):
        return [] if event.training else list(_order(event, position))
    if isinstance(event, ReturnCompleted):
        return [] if event.training else list(_return(event, position))
    if isinstance(event, OrderVoided | RefundReplaced):
        return [_refund(_given_back(event, position), refund) for refund in event.refunds or ()]
    if isinstance(event, OrderPlaced) and event.training:
        return []
    where = _where(event, position, "SALE")
    taken = [tender for tender in event.tenders or () if tender.state == "SETTLED" and _counts_when_taken(tender)]
    return [_tender(where, tender) for tender in taken]


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


def _given_back(event: OrderVoided | RefundReplaced, position: int) -> dict[str, Any]:
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


def key_of(figure: Figure) -> tuple[object, ...]:
    return tuple(getattr(figure, name) for name in KEY)


def added_up(figures: Iterable[Figure]) -> list[Figure]:
    """Add up figures that are alike; the last one names them. They are in the order of their keys."""
    sums: dict[tuple[object, ...], Figure] = {}
    for figure in figures:
        key = key_of(figure)
        if key not in sums:
            sums[key] = msgspec.structs.replace(figure)
            continue
        known = sums[key]
        for name in SUMS:
            setattr(known, name, getattr(known, name) + getattr(figure, name))
        if figure.position >= known.position:
            known.position, known.name = figure.position, figure.name
    return list(sums.values())
