"""Shifts: opened at a register, one at a time."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction  # noqa: TID251 - a savepoint

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.refusals import Refusal
from pos.cash.models import ONE_OPEN_SHIFT, Shift
from pos.cash.queries import find_open_shift
from pos.events.cash import ShiftOpened
from pos.profile.queries import current_profile
from pos.registers.models import Register


class ShiftNotOpen(Refusal):
    code = "shift-not-open"
    title = "Shift not open"


class ShiftAlreadyOpen(Refusal):
    code = "shift-already-open"
    title = "Shift already open"


def open_shift(*, id: UUID, register: Register, float_amount: int, now: datetime) -> Shift:
    """Open the register's shift.

    :param float_amount: the cash in the drawer, in minor units.
    :raises ShiftAlreadyOpen: when the register has an open shift.
    """
    with unit_of_work():
        try:
            with transaction.atomic():
                shift = Shift.objects.create(id=id, register=register, float_amount=float_amount, opened_at=now)
        except IntegrityError as error:
            if ONE_OPEN_SHIFT not in str(error):
                raise
            message = f"register {register.code} has an open shift already"
            raise ShiftAlreadyOpen(message) from None
        publish(
            ShiftOpened(
                shift_id=shift.id,
                register_id=register.id,
                location_id=register.location_id,
                drawer_id=None,
                number=None,
                staff_id=None,
                currency=register.location.currency,
                float_amount=float_amount,
                business_date=current_profile().day_of(now, timezone=register.location.timezone),
                time_zone=register.location.timezone,
                opened_at=now,
            ),
            occurred_at=now,
        )
    return shift


def open_shift_of(register: Register) -> Shift:
    """:raises ShiftNotOpen: when the register has none."""
    shift = find_open_shift(register.id)
    if shift is None:
        message = f"register {register.code} has no open shift"
        raise ShiftNotOpen(message)
    return shift
