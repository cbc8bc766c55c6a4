"""Shifts: opened at a register, one at a time."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
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


@dataclass(frozen=True, kw_only=True)
class Till:
    """Where and when money changes hands: a register in its open shift.

    :param shift: of a sale that came late a closed one, or none. :param occurred_at: by the device's clock.
    :param business_date: the day of the location's books.
    """

    register: Register
    shift: Shift | None
    occurred_at: datetime
    recorded_at: datetime
    business_date: date

    def columns(self) -> dict[str, Any]:
        """Return what a row of money takes over from here, by the names of its fields."""
        return {
            "register": self.register,
            "shift": self.shift,
            "occurred_at": self.occurred_at,
            "recorded_at": self.recorded_at,
            "business_date": self.business_date,
        }


def open_till(register: Register, *, occurred_at: datetime, now: datetime, business_date: date) -> Till:
    """:raises ShiftNotOpen: when the register has no open shift."""
    return Till(
        register=register,
        shift=open_shift_of(register),
        occurred_at=occurred_at,
        recorded_at=now,
        business_date=business_date,
    )


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
