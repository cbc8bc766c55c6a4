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
        duty = approver.on_duty()
        denied = [action for action in actions if duty.rules.get(action, DENIED).mode != Mode.ALLOW]
        if not duty.approves or denied:
            raise PermissionDenied(denied or actions, "the role of whoever approves does not let them approve {}")
        if approver.id == requested_by.staff_id and not duty.approves_own:
            message = "nobody approves what they ask for themselves: let somebody else type their code and PIN"
            raise OwnApproval(message)
        approval = Approval.objects.create(
            actions=sorted(set(map(str, actions))),
            command_id=command_id,
            digest=digest,
            requested_by_id=requested_by.staff_id,
            approved_by=approver,
            own_allowed=duty.approves_own,
            device_id=till.device_id,
            reason=reason,
            granted_at=now,
            expires_at=now + LASTS,
        )
        publish(
            ApprovalGranted(
                approval_id=approval.id,
                actions=approval.actions,
                command_id=command_id,
                requested_by=requested_by.staff_id,
                approved_by=approver.id,
                device_id=till.device_id,
                register_id=till.register_id,
                granted_at=now,
                expires_at=approval.expires_at,
            )
        )
    return approval
