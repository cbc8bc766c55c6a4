"""Where and when money changes hands."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pos.cash.models import Shift
from pos.cash.services.shifts import open_shift_of
from pos.profile.models import ShopProfile
from pos.profile.queries import current_profile
from pos.registers.models import Register


@dataclass(frozen=True, kw_only=True)
class Till:
    """Where and when money changes hands: a register in the shift of its drawer.

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


def open_till(register: Register, *, occurred_at: datetime, now: datetime) -> Till:
    """Find the open shift of a register's drawer, and the day of the location's books.

    :raises ShiftNotOpen: when the drawer has no open shift.
    """
    return till_in(open_shift_of(register), register, occurred_at=occurred_at, now=now, profile=current_profile())


def till_in(
    shift: Shift | None, register: Register, *, occurred_at: datetime, now: datetime, profile: ShopProfile
) -> Till:
    """Return a register in a shift that is known, on the day of the location's books."""
    return Till(
        register=register,
        shift=shift,
        occurred_at=occurred_at,
        recorded_at=now,
        business_date=profile.day_of(occurred_at, timezone=register.location.timezone),
    )
