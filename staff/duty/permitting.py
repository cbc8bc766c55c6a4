"""Whether somebody may do what they ask for: what their role says, and the approval that their command names."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from kernel.permissions import NOBODY, Command, Mode, Need, Permission, Permit
from kernel.refusals import Refusal
from staff.duty.models import Approval


class PermissionDenied(Refusal):
    """:param actions: what is denied. :param sentence: with a place for them."""

    code = "permission-denied"
    title = "Permission denied"
    status = 403

    def __init__(self, actions: Iterable[Permission], sentence: str = "your role does not let you do this: {}") -> None:
        names = [str(action) for action in actions]
        super().__init__(sentence.format(", ".join(names)), action=names[0], actions=names)


class ApprovalRequired(Refusal):
    """The same command is taken with the `approval_id` of an approval of these actions."""

    code = "approval-required"
    title = "Approval required"
    status = 403

    def __init__(self, actions: Sequence[Permission], sentence: str = "somebody else must approve this: {}") -> None:
        names = [str(action) for action in actions]
        super().__init__(sentence.format(", ".join(names)), action=names[0], actions=names)


class ApprovalUnusable(Refusal):
    """The approval does not exist, is of another command, another person or another device, or has expired."""

    code = "approval-unusable"
    title = "Approval unusable"
    status = 403


class ApprovalConsumed(Refusal):
    code = "approval-consumed"
    title = "Approval used already"


REFUSALS: tuple[type[Refusal], ...] = (PermissionDenied, ApprovalRequired, ApprovalUnusable, ApprovalConsumed)
"""What a service refuses that asks for a permit."""


def permit(command: Command | None, *needs: Need) -> Permit:
    """Let somebody do what a command needs, or refuse it; return what the rows keep of who did it.

    An approval that is needed is used up in the current unit of work: it is there again when that is rolled back.

    :param command: None where nobody asks: workers, commands of an operator. In a shop without staff, and for an API
        key, it names nobody, and everything is permitted.
    :raises PermissionDenied: when the role denies it, or the approver may not approve so much.
    :raises ApprovalRequired: when it needs an approval, and the command names none of it.
    :raises ApprovalUnusable: when the approval is of another command, person or device, or has expired.
    :raises ApprovalConsumed: when it was used.
    """
    if command is None or command.by is None:
        return NOBODY
    verdicts = [(need, command.by.verdict(need)) for need in needs]
    if denied := [need.permission for need, verdict in verdicts if verdict == Mode.DENY]:
        raise PermissionDenied(denied)
    asked = [need for need, verdict in verdicts if verdict == Mode.APPROVAL]
    if not asked:
        return Permit(staff_id=command.by.staff_id)
    if command.approval_id is None:
        raise ApprovalRequired([need.permission for need in asked])
    return Permit(staff_id=command.by.staff_id, approval_id=_use(command, asked).id)


def _use(command: Command, needs: Sequence[Need]) -> Approval:
    approval = _locked(command)
    now = timezone.now()
    if approval.consumed_at is not None:
        message = f"approval {approval.id} was used already: ask for another one"
        raise ApprovalConsumed(message)
    if approval.expires_at <= now:
        message = f"approval {approval.id} has expired: ask for another one"
        raise ApprovalUnusable(message)
    if approval.command_id != command.id or approval.digest != command.digest:
        message = f"approval {approval.id} is of another command, or of other content: ask for another one"
        raise ApprovalUnusable(message)
    if approval.device_id != command.device_id:
        message = f"approval {approval.id} was given at another device: ask for one where the command comes from"
        raise ApprovalUnusable(message)
    if left := [need.permission for need in needs if need.permission not in approval.actions]:
        raise ApprovalRequired(left, "the approval is not of this: {}")
    _require_within(approval, needs)
    approval.consumed_at = now
    approval.save(update_fields=["consumed_at"])
    return approval


def _locked(command: Command) -> Approval:
    assert transaction.get_connection().in_atomic_block, "an approval is used in the unit of work of its command"
    found: Any = Approval.objects.select_for_update(no_key=True, of=("self",)).select_related("approved_by__role")
    by = command.staff_id
    approval: Approval | None = found.filter(pk=command.approval_id, requested_by_id=by).first()
    if approval is None:
        message = f"whoever is signed in has no approval {command.approval_id}"
        raise ApprovalUnusable(message)
    return approval


def _require_within(approval: Approval, needs: Sequence[Need]) -> None:
    """:raises PermissionDenied: when the approver may not do this much themselves, or may not approve any more."""
    approver = approval.approved_by
    duty = approver.on_duty()
    beyond = [need.permission for need in needs if duty.verdict(need) != Mode.ALLOW]
    if beyond or not approver.is_active or not duty.approves:
        actions = beyond or [need.permission for need in needs]
        raise PermissionDenied(actions, "whoever has approved this may not approve so much: {}")
