"""Members of staff: taken on, given a PIN, changed, no longer active; and their roles."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone

from events.operations import audit
from events.publishing.unit_of_work import unit_of_work
from kernel.limits import NAME
from kernel.refusals import NotFound, Refusal
from kernel.text import require_line
from staff.duty.models import Role, StaffMember, StaffSession
from staff.duty.pins import FEWEST_DIGITS, MOST_DIGITS, draw_pin, pin_hash
from staff.duty.rules import DEFAULT_ROLES
from staff.duty.services.signing import end_sessions
from staff.duty.tries import forget_tries

End = StaffSession.End


class StaffCodeTaken(Refusal):
    code = "staff-code-taken"
    title = "Staff code taken"


class PinLengthInvalid(Refusal):
    code = "pin-length-invalid"
    title = "Invalid length of a PIN"
    status = 422


def define_roles_at_the_till() -> None:
    """Make the roles that a new shop begins with."""
    for role in DEFAULT_ROLES:
        Role.objects.get_or_create(
            name=role.name,
            defaults={"rules": role.rules(), "approves": role.approves, "approves_own": role.approves_own},
        )


def take_on(
    *, code: str, name: str, role: Role, digits: int = FEWEST_DIGITS, user: Any = None
) -> tuple[StaffMember, str]:
    """Take somebody on; return them with their PIN, which is drawn, and cannot be shown again.

    :param code: capital letters and digits. :param user: their user of the admin, if they have one.
    :raises StaffCodeTaken: when somebody has this code.
    :raises TextRefused: when the name is empty, too long, or holds a control character.
    :raises PinLengthInvalid: when a PIN cannot be as long as that.
    """
    require_line(name, NAME, "the name of a staff member", field="name")
    pin = _drawn(digits)
    with unit_of_work():
        if StaffMember.objects.filter(code=code).exists():
            message = f"somebody has the staff code {code} already"
            raise StaffCodeTaken(message, field="code")
        member = StaffMember.objects.create(
            code=code,
            name=name,
            role=role,
            user=user,
            pin_hash=pin_hash(pin),
            pin_digits=digits,
            pin_set_at=timezone.now(),
        )
        audit.record(action="staff member taken on", subject=f"staff:{member.id}", detail=f"{code}, {role.name}")
    return member, pin


def give_pin(*, staff_id: UUID, digits: int = FEWEST_DIGITS) -> str:
    """Draw a new PIN for somebody, which ends their sessions and their lock; return it: it is not shown again.

    :raises NotFound: when there is no such person.
    :raises PinLengthInvalid: when a PIN cannot be as long as that.
    """
    pin = _drawn(digits)
    hashed = pin_hash(pin)
    with unit_of_work():
        member = _locked(staff_id)
        member.pin_hash, member.pin_digits, member.pin_set_at = hashed, digits, timezone.now()
        member.save(update_fields=["pin_hash", "pin_digits", "pin_set_at"])
        forget_tries(member.id)
        end_sessions(End.PIN_CHANGED, member.pin_set_at, staff=member)
        audit.record(action="PIN given", subject=f"staff:{member.id}", detail=member.code)
    return pin


def change_member(*, staff_id: UUID, changed: Mapping[str, Any]) -> None:
    """Change somebody's `code`, `name`, `role`, `is_active` or `user`; another role, or none any more, ends sessions.

    :raises NotFound: when there is no such person.
    """
    with unit_of_work():
        member = _locked(staff_id)
        changes = []
        for field, value in changed.items():
            changes.append(f"{field}: {getattr(member, field)} → {value}")
            setattr(member, field, value)
        member.save(update_fields=list(changed))
        now = timezone.now()
        if not member.is_active:
            end_sessions(End.DEACTIVATED, now, staff=member)
        if "role" in changed:
            end_sessions(End.ROLE_CHANGED, now, staff=member)
        audit.record(action="staff member changed", subject=f"staff:{member.id}", detail="; ".join(changes))


def make_role(*, role: Role) -> None:
    """Make a role."""
    with unit_of_work():
        role.save(force_insert=True)
        audit.record(action="role at the till made", subject=f"till-role:{role.id}", detail=role.name)


def change_role(*, role_id: UUID, changed: Mapping[str, Any]) -> None:
    """Change a role's `name`, `rules`, `approves`, `approves_own` or `idle_minutes`; its members' sessions end.

    :raises NotFound: when there is no such role.
    """
    with unit_of_work():
        role = Role.objects.select_for_update(no_key=True).filter(pk=role_id).first()
        if role is None:
            message = f"this shop has no role {role_id}"
            raise NotFound(message)
        changes = []
        for field, value in changed.items():
            changes.append(f"{field}: {getattr(role, field)} → {value}")
            setattr(role, field, value)
        role.save(update_fields=list(changed))
        end_sessions(End.ROLE_CHANGED, timezone.now(), staff__role=role)
        audit.record(action="role at the till changed", subject=f"till-role:{role.id}", detail="; ".join(changes))


def _locked(staff_id: UUID) -> StaffMember:
    member = StaffMember.objects.select_for_update(no_key=True).filter(pk=staff_id).first()
    if member is None:
        message = f"this shop has no staff member {staff_id}"
        raise NotFound(message)
    return member


def _drawn(digits: int) -> str:
    if not FEWEST_DIGITS <= digits <= MOST_DIGITS:
        message = f"a PIN has {FEWEST_DIGITS} to {MOST_DIGITS} digits"
        raise PinLengthInvalid(message, field="digits")
    return draw_pin(digits)
