"""What can be asked of cash: a register's open shift, and tender types."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from pos.cash.models import Shift, TenderType
from pos.memory.shop import Kind

OPEN_SHIFTS: Kind[UUID, Shift] = Kind(name="open shift by register", models=(Shift,))
TENDER_TYPES: Kind[str, TenderType] = Kind(name="tender type by code", models=(TenderType,))


def find_open_shift(register_id: UUID) -> Shift | None:
    return OPEN_SHIFTS.recall_one(register_id, _open_shift)


def find_shift(register_id: UUID, shift_id: UUID) -> Shift | None:
    """Find a shift of a register, open or closed."""
    return Shift.objects.filter(register_id=register_id, id=shift_id).first()


def closed_shift_at(register_id: UUID, moment: datetime) -> Shift | None:
    """Return the closed shift of a register that had begun last at a moment."""
    return _closed(register_id).filter(opened_at__lte=moment).first()


def newest_closed_shift(register_id: UUID) -> Shift | None:
    """Return the closed shift of a register that began last."""
    return _closed(register_id).first()


def _closed(register_id: UUID) -> QuerySet[Shift]:
    return Shift.objects.filter(register_id=register_id, state=Shift.State.CLOSED).order_by("-opened_at", "-id")


def tender_types(codes: Collection[str]) -> dict[str, TenderType]:
    """Return the tender types of these codes, by code; those that the shop lacks are missing."""
    return TENDER_TYPES.recall(codes, _tender_types)


def _open_shift(register_id: UUID) -> Shift | None:
    return Shift.objects.filter(register_id=register_id, state=Shift.State.OPEN).first()


def _tender_types(codes: Collection[str]) -> dict[str, TenderType]:
    return {type_.code: type_ for type_ in TenderType.objects.filter(code__in=codes)}
