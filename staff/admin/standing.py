"""How far somebody's role at the till reaches in the admin: whoever has one gives nobody more than it holds.

Somebody without one, an owner for instance, is held by the permissions of the admin alone.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from kernel.permissions import DENIED, Mode, OnDuty, Permission, Rule
from kernel.refusals import Refusal
from staff.duty.models import Role, StaffMember
from staff.duty.queries import duty_of_user
from staff.reach import covers

RANK = {Mode.DENY: 0, Mode.APPROVAL: 1, Mode.ALLOW: 2}


class BeyondReach(Refusal):
    code = "beyond-reach"
    title = "More than one's own role"
    status = 403


def reaches_role(person: Any, role: Role) -> bool:
    """Say whether a person's own role holds all that another one does."""
    return _holds(duty_of_user(person), role.read_rules(), approves=role.approves, own=role.approves_own)


def reaches_member(person: Any, member: StaffMember) -> bool:
    """Say whether a person may change somebody: not themselves, and nobody whose role or user holds more.

    What a member's role says holds for what their user does in the admin: it would bind the owner otherwise.
    """
    duty = duty_of_user(person)
    if member.user is not None and not covers(person, member.user):
        return False
    return duty is None or (duty.staff_id != member.pk and reaches_role(person, member.role))


def require_reach(person: Any, rules: Mapping[Permission, Rule], *, approves: bool, own: bool) -> None:
    """:raises BeyondReach: when a role would hold more than the person's own."""
    if not _holds(duty_of_user(person), rules, approves=approves, own=own):
        message = "nobody gives a role more than their own holds"
        raise BeyondReach(message)


def _holds(duty: OnDuty | None, rules: Mapping[Permission, Rule], *, approves: bool, own: bool) -> bool:
    if duty is None:
        return True
    within = all(_within(rule, duty.rules.get(permission, DENIED)) for permission, rule in rules.items())
    return within and duty.approves >= approves and duty.approves_own >= own


def _within(rule: Rule, own: Rule) -> bool:
    if RANK[rule.mode] != RANK[own.mode] or rule.mode != Mode.ALLOW:
        return RANK[rule.mode] <= RANK[own.mode]
    return _up_to(rule.percent, own.percent) and _up_to(rule.amount, own.amount)


def _up_to(limit: Decimal | None, own: Decimal | None) -> bool:
    return own is None or (limit is not None and limit <= own)
