"""Who works at the tills, as the admin asks."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from kernel.permissions import Command, Mode, Need, OnDuty, Permission
from staff.duty.models import StaffMember


def duty_of_user(person: Any) -> OnDuty | None:
    """Return what the role at the till of a user of the admin says; None where they have none.

    Whoever is no longer active at the tills has a role that denies everything.
    """
    member = StaffMember.objects.select_related("role").filter(user_id=person.pk).first()
    if member is None:
        return None
    return member.on_duty() if member.is_active else OnDuty(staff_id=member.id, rules={})


def _duty_at(request: Any) -> OnDuty | None:
    """Read it once a request: pages ask for it several times."""
    if not hasattr(request, "duty_of_user"):
        request.duty_of_user = duty_of_user(request.user)
    found: OnDuty | None = request.duty_of_user
    return found


def user_may(request: Any, permission: Permission) -> bool:
    """Say whether the role at the till of the admin's user allows it. Where they have none, it does."""
    duty = _duty_at(request)
    return duty is None or duty.verdict(Need(permission=permission)) == Mode.ALLOW


def user_sees_differences(request: Any) -> bool:
    """Say whether the admin's user may see what should be in a drawer: by their role at the till, or where they have
    none by their permission to view shifts.
    """
    if _duty_at(request) is None:
        return bool(request.user.has_perm("pos.view_shift"))
    return user_may(request, Permission.SEE_OVER_SHORT)


def names_of_staff(ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names of staff members by their ids."""
    return dict(StaffMember.objects.filter(id__in=ids).values_list("id", "name"))


def command_of_user(person: Any, id: UUID) -> Command:
    """Return the command of an act in the admin, for `permit`: the same rules as at a till.

    :param id: of the document that it makes or changes.
    """
    return Command(id=id, by=duty_of_user(person))
