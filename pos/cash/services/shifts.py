"""Shifts: opened on a drawer, one at a time."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction  # noqa: TID251 - a savepoint

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.permissions import Command, Need, Permission
from kernel.refusals import NotFound, Refusal
from pos.cash.models import ONE_OPEN_SHIFT, CashMovement, Shift
from pos.cash.queries import find_open_shift
from pos.events.cash import ShiftOpened
from pos.profile.queries import current_profile
from pos.registers.currencies import fixed_currency
from pos.registers.models import CashDrawer, Register
from pos.registers.queries import drawer_of
from staff.duty.permitting import permit


class ShiftNotOpen(Refusal):
    code = "shift-not-open"
    title = "Shift not open"


class ShiftAlreadyOpen(Refusal):
    code = "shift-already-open"
    title = "Shift already open"


def open_shift(
    *, id: UUID, register: Register, float_amount: int, now: datetime, command: Command | None = None
) -> Shift:
    """Open the shift of the drawer in which a register's cash goes.

    :param float_amount: the cash in the drawer, in minor units.
    :raises ShiftAlreadyOpen: when the drawer has an open shift.
    """
    with unit_of_work():
        permitted = permit(command, Need(permission=Permission.OPEN_SHIFT))
        currency = fixed_currency(register)
        drawer, location = drawer_of(register), register.location
        day = current_profile().day_of(now, timezone=location.timezone)
        try:
            with transaction.atomic():
                shift = Shift.objects.create(
                    id=id,
                    drawer=drawer,
                    number=_next_number(drawer),
                    register=register,
                    float_amount=float_amount,
                    opened_at=now,
                    opened_by=permitted.staff_id,
                    business_date=day,
                )
        except IntegrityError as error:
            if ONE_OPEN_SHIFT not in str(error):
                raise
            message = f"the drawer of register {register.code} has an open shift already"
            raise ShiftAlreadyOpen(message) from None
        CashMovement.objects.create(
            shift=shift,
            register=register,
            kind=CashMovement.Kind.FLOAT,
            amount=float_amount,
            source_id=shift.id,
            staff_id=permitted.staff_id,
            approval_id=permitted.approval_id,
            business_date=day,
            occurred_at=now,
            recorded_at=now,
        )
        publish(
            ShiftOpened(
                shift_id=shift.id,
                register_id=register.id,
                location_id=register.location_id,
                drawer_id=drawer.id,
                number=shift.number,
                staff_id=permitted.staff_id,
                currency=currency,
                float_amount=float_amount,
                business_date=day,
                time_zone=location.timezone,
                opened_at=now,
            ),
            occurred_at=now,
        )
    return shift


def _next_number(drawer: CashDrawer) -> int:
    locked = CashDrawer.objects.select_for_update(no_key=True).get(id=drawer.id)
    locked.next_shift_number += 1
    locked.save(update_fields=["next_shift_number"])
    return locked.next_shift_number - 1


def open_shift_of(register: Register) -> Shift:
    """:raises ShiftNotOpen: when the register's drawer has none."""
    shift = find_open_shift(register)
    if shift is None:
        message = f"register {register.code} has no open shift"
        raise ShiftNotOpen(message)
    return shift


def lock_open_shift(shift_id: UUID, register: Register) -> Shift:
    """Lock a shift of the drawer in which a register's cash goes; orders that refer to it go on.

    :raises NotFound: when there is no such shift, or it is of another drawer.
    :raises ShiftNotOpen: when it was closed.
    """
    locked = Shift.objects.select_for_update(no_key=True, of=("self",))
    shift = locked.select_related("register", "drawer__location").filter(id=shift_id).first()
    if shift is None or shift.drawer_id != drawer_of(register).id:
        message = f"the drawer of register {register.code} has no shift {shift_id}"
        raise NotFound(message)
    if shift.state != Shift.State.OPEN:
        message = f"shift {shift.number} was closed: open another one"
        raise ShiftNotOpen(message)
    return shift
