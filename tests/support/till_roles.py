"""Users of the admin who have a role at the tills."""

from typing import Any

from django.test import Client

from staff.duty.services.members import change_member
from tests.support import people
from tests.support.crew import Person, person


def clerk(role: str = "cashier") -> tuple[Person, Client]:
    """Let a store manager of the admin have a role at the till."""
    user, client = people.manager()
    mia = person("MIA", role)
    change_member(staff_id=mia.id, changed={"user": user})
    return mia, client


def approved_by(who: Person, *, pin: str = "") -> dict[str, Any]:
    """Return what somebody who approves types on the page."""
    return {"approver_code": who.code, "approver_pin": pin or who.pin}
