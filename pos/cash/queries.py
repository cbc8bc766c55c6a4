"""What can be asked of cash: a drawer's shifts, and tender types."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from kernel.refusals import NotFound
from pos.cash.models import CashMovement, Shift, TenderType
from pos.memory.shop import Kind
from pos.registers.models import CashDrawer, Register

OPEN_SHIFTS: Kind[UUID, Shift] = Kind(name="open shift by drawer", models=(Shift,))
TENDER_TYPES: Kind[str, TenderType] = Kind(name="tender type by code", models=(TenderType,))


def find_open_shift(register: Register) -> Shift | None:
    """Return the open shift of the drawer in which a register's cash goes."""
    return OPEN_SHIFTS.recall_one(register.drawer_id, _open_shift) if register.drawer_id else None


def shift_of_till(register: Register, shift_id: UUID) -> Shift | None:
    """Find a shift of the drawer in which a register's cash goes, or a closed one of a drawer where it may have gone.

    A register gets another drawer of its location once its shift is closed: what was sold before lies in the old one.
    """
    drawers = Q(drawer=register.drawer_id) | Q(state=Shift.State.CLOSED, drawer__location=register.location_id)
    return Shift.objects.filter(drawers, id=shift_id).first()


def closed_shift_at(register: Register, moment: datetime) -> Shift | None:
    """Return the closed shift of a register's drawer that had begun last at a moment."""
    return _closed(register).filter(opened_at__lte=moment).first()


def newest_closed_shift(register: Register) -> Shift | None:
    """Return the closed shift of a register's drawer that began last."""
    return _closed(register).first()


def _closed(register: Register) -> QuerySet[Shift]:
    closed = Shift.objects.filter(drawer=register.drawer_id, state=Shift.State.CLOSED)
    return closed.order_by("-opened_at", "-id")


def all_shifts() -> QuerySet[Shift]:
    """Select shifts with what is shown of them, the newest first."""
    return Shift.objects.select_related("register__location", "drawer").order_by("-opened_at", "-id")


def find_shift(shift_id: UUID) -> Shift:
    """:raises NotFound: when there is no such shift."""
    shift = all_shifts().filter(id=shift_id).first()
    if shift is None:
        message = f"no shift {shift_id} exists"
        raise NotFound(message)
    return shift


def all_drawers() -> QuerySet[CashDrawer]:
    return CashDrawer.objects.select_related("location").prefetch_related("registers").order_by("series")


def movements_of(shift: Shift) -> list[CashMovement]:
    return list(shift.movements.select_related("register").order_by("recorded_at", "id"))


def moved_total(shift: Shift) -> int:
    """Return what was put into the drawer without a sale, less what was taken out; the float is not in it."""
    moved = shift.movements.exclude(kind=CashMovement.Kind.FLOAT).aggregate(total=Sum("amount"))["total"]
    return int(moved or 0)


def register_codes() -> dict[UUID, str]:
    return dict(Register.objects.values_list("id", "code"))


def tender_names() -> dict[str, str]:
    """Return the names of tender types, by code."""
    return dict(TenderType.objects.values_list("code", "name"))


def tender_types(codes: Collection[str]) -> dict[str, TenderType]:
    """Return the tender types of these codes, by code; those that the shop lacks are missing."""
    return TENDER_TYPES.recall(codes, _tender_types)


def _open_shift(drawer_id: UUID) -> Shift | None:
    return Shift.objects.filter(drawer_id=drawer_id, state=Shift.State.OPEN).first()


def _tender_types(codes: Collection[str]) -> dict[str, TenderType]:
    return {type_.code: type_ for type_ in TenderType.objects.filter(code__in=codes)}
