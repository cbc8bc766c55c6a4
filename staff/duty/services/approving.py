"""Approvals: a second person types their code and PIN for one command of the first."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.permissions import DENIED, Mode, OnDuty, Permission
from kernel.refusals import Refusal
from staff.duty.models import Approval
from staff.duty.permitting import PermissionDenied
from staff.duty.services.signing import Where, confirm, recognise
from staff.events import ApprovalGranted

LASTS = timedelta(seconds=120)


class OwnApproval(Refusal):
    code = "approval-of-own-request"
    title = "Approval of one's own request"
    status = 403


def approve(
    *,
    actions: Sequence[Permission],
    command_id: UUID,
    digest: str,
    requested_by: OnDuty,
    code: str,
    pin: str,
    reason: str,
    till: Where,
    now: datetime,
) -> Approval:
    """Approve a command that somebody at the same place is about to send.

    What the approver may approve is looked at again, with the command's amounts, when it comes.

    :param actions: what of the command needs the approval. :param code: the approver's, as their `pin`.
    :raises PinWrong: when nobody who is active has this code and PIN. :raises PinLocked: when too many were tried.
    :raises PermissionDenied: when the approver's role does not approve, or does not allow these actions.
    :raises OwnApproval: when it is the approver's own request, and their role does not let them.
    """
    recognised = recognise(code=code, pin=pin, till=till, now=now)
    with unit_of_work():
        approver = confirm(recognised)
        refused = _refusal(approver.on_duty(), actions, requested_by)
        if refused is None:
            approval = Approval.objects.create(
                actions=sorted(set(map(str, actions))),
                command_id=command_id,
                digest=digest,
                requested_by_id=requested_by.staff_id,
                approved_by=approver,
                own_allowed=approver.role.approves_own,
                device_id=till.device_id,
                reason=reason,
                granted_at=now,
                expires_at=now + LASTS,
            )
            publish(_granted(approval, till))
            return approval
    raise refused


def _refusal(approver: OnDuty, actions: Sequence[Permission], requested_by: OnDuty) -> Refusal | None:
    """Say why they may not approve this. It is raised after the unit of work in which their PIN leaves the count."""
    denied = [action for action in actions if approver.rules.get(action, DENIED).mode != Mode.ALLOW]
    if not approver.approves or denied:
        return PermissionDenied(denied or actions, "the role of whoever approves does not let them approve {}")
    if approver.staff_id == requested_by.staff_id and not approver.approves_own:
        message = "nobody approves what they ask for themselves: let somebody else type their code and PIN"
        return OwnApproval(message)
    return None


def _granted(approval: Approval, till: Where) -> ApprovalGranted:
    return ApprovalGranted(
        approval_id=approval.id,
        actions=approval.actions,
        command_id=approval.command_id,
        requested_by=approval.requested_by_id,
        approved_by=approval.approved_by_id,
        device_id=approval.device_id,
        register_id=till.register_id,
        granted_at=approval.granted_at,
        expires_at=approval.expires_at,
    )
