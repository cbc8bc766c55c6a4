"""What is announced of shifts, and what their reports show: the same figures in both."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pos.cash.models import CashMovement, Shift
from pos.cash.sums import Figures, OfRegister
from pos.cash.totals import Sums
from pos.events.shift_totals import CountedTender, MovedCash, ShiftDocuments, ShiftRegister, ShiftTax, ShiftTender
from pos.profile.models import ShopProfile
from pos.receipts.models import number_written
from pos.receipts.reports import Counted, Documents, Moved, RegisterTotal, Report, TaxTotal, TenderTotal
from pos.receipts.snapshot import Place, Till, seller_of, when_of
from pos.registers.models import Register
from pos.registers.numbers import Taken


def announced(figures: Figures, codes: Mapping[UUID, str]) -> dict[str, Any]:
    """Return the figures as events have them. :param codes: of the registers."""
    return {
        "registers": [
            ShiftRegister(
                register_id=each.register_id,
                code=codes.get(each.register_id, ""),
                sales=_documents(each.sales),
                returns=_documents(each.returns),
            )
            for each in figures.registers
        ],
        "taxes": [
            ShiftTax(
                code=each.code,
                name=each.name,
                rate=None if each.rate is None else Decimal(each.rate),
                inclusive=each.inclusive,
                base=each.sold.net,
                amount=each.sold.tax,
                returned_base=each.back.net,
                returned_amount=each.back.tax,
            )
            for each in figures.taxes
        ],
        "tenders": [
            ShiftTender(
                tender_type=each.type,
                kind=each.kind,
                count=each.taken.count,
                amount=each.taken.total,
                change=each.taken.change,
                refunds=each.refunded.count,
                refunded=each.refunded.total,
            )
            for each in figures.tenders
        ],
    }


def moved(movements: Sequence[CashMovement]) -> list[MovedCash]:
    return [
        MovedCash(
            movement_id=each.id,
            kind=each.kind,
            amount=each.amount,
            reason_code=each.reason_code,
            staff_id=each.staff_id,
            approval_id=each.approval_id,
            occurred_at=each.occurred_at,
        )
        for each in movements
    ]


def counted(counts: Collection[Counted]) -> list[CountedTender]:
    return [
        CountedTender(tender_type=each.type, expected=each.expected, counted=each.counted, over_short=each.over_short)
        for each in counts
    ]


def shown(figures: Figures, codes: Mapping[UUID, str], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the figures as reports have them. :param names: of tender types, by code."""
    return {
        "registers": [_register(each, codes) for each in figures.registers],
        "taxes": [
            TaxTotal(
                code=each.code,
                name=each.name,
                rate=each.rate or "",
                inclusive=bool(each.inclusive),
                base=each.sold.net,
                amount=each.sold.tax,
                base_back=each.back.net,
                amount_back=each.back.tax,
            )
            for each in figures.taxes
        ],
        "tenders": [
            TenderTotal(
                type=each.type,
                name=names.get(each.type, each.type),
                kind=each.kind,
                count=each.taken.count,
                amount=each.taken.total,
                change=each.taken.change,
                refunds=each.refunded.count,
                refunded=each.refunded.total,
            )
            for each in figures.tenders
        ],
    }


def report(
    *,
    kind: str,
    shift: Shift,
    register: Register,
    profile: ShopProfile,
    taken: Taken | None,
    source_id: UUID,
    moment: datetime,
    day: date,
    **more: Any,
) -> Report:
    """Bring what a shift comes to into the shape of a report, of the place of its drawer: registers move.

    :param taken: its number; None for one that has none.
    """
    location = shift.drawer.location
    opened_on = shift.business_date or profile.day_of(shift.opened_at, timezone=location.timezone)
    return Report(
        kind=kind,
        series=taken.series if taken else "",
        number=taken.number if taken else 0,
        receipt=number_written(kind, taken.series, taken.number) if taken else "",
        source_id=source_id,
        shift_id=shift.id,
        shift_number=shift.number,
        seller=seller_of(profile),
        location=Place(name=location.name, address=location.address),
        drawer=shift.drawer.name,
        register=Till(code=register.code, name=register.name),
        when=when_of(moment, timezone=location.timezone, day=day),
        opened=when_of(shift.opened_at, timezone=location.timezone, day=opened_on),
        currency=location.currency,
        opened_by=shift.opened_by,
        closed_by=shift.closed_by,
        **more,
    )


def slips(movements: Sequence[CashMovement], *, timezone: str) -> list[Moved]:
    """Return movements as reports have them, without the float."""
    return [
        Moved(
            movement_id=each.id,
            kind=each.kind,
            amount=each.amount,
            reason_code=each.reason_code,
            local=when_of(each.occurred_at, timezone=timezone, day=each.business_date).local,
            staff_id=each.staff_id,
        )
        for each in movements
        if each.kind != CashMovement.Kind.FLOAT
    ]


def _register(each: OfRegister, codes: Mapping[UUID, str]) -> RegisterTotal:
    return RegisterTotal(
        register_id=each.register_id,
        code=codes.get(each.register_id, ""),
        sales=_printed(each.sales),
        returns=_printed(each.returns),
    )


def _documents(sums: Sums) -> ShiftDocuments:
    return ShiftDocuments(
        count=sums.count,
        total=sums.total,
        subtotal=sums.net,
        tax_total=sums.tax,
        discount_total=sums.discount,
        rounding=sums.rounding,
        first_number=sums.first_number,
        last_number=sums.last_number,
    )


def _printed(sums: Sums) -> Documents:
    return Documents(
        count=sums.count,
        total=sums.total,
        net=sums.net,
        tax=sums.tax,
        discount=sums.discount,
        rounding=sums.rounding,
        first=sums.first_number or 0,
        last=sums.last_number or 0,
    )
