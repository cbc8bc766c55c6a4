"""Shifts are opened, counted and closed, cash is moved, and money is taken in them."""

from pos.cash.services.shifts import ShiftAlreadyOpen, ShiftNotOpen, open_shift, open_shift_of
from pos.cash.services.tills import Till, open_till, till_in

__all__ = ["ShiftAlreadyOpen", "ShiftNotOpen", "Till", "open_shift", "open_shift_of", "open_till", "till_in"]
