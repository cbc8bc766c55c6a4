"""Figures as they are added up, before they are kept."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec

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
    drawer_id: UUID | None = None
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
