"""Events of the people at the tills. They hold ids only."""

from datetime import datetime
from uuid import UUID

from events.event import Category, Event, event


@event("staff.signed_in", category=Category.DOMAIN, stream="staff_session:{session_id}")
class SignedIn(Event):
    """Somebody has signed in at a register with their code and PIN."""

    session_id: UUID
    staff_id: UUID
    device_id: UUID
    register_id: UUID
    role_id: UUID
    started_at: datetime


@event("staff.signed_out", category=Category.DOMAIN, stream="staff_session:{session_id}")
class SignedOut(Event):
    """A session was ended.

    :param reason: SIGNED_OUT, DEACTIVATED, PIN_CHANGED, ROLE_CHANGED or DEVICE_REVOKED.
    """

    session_id: UUID
    staff_id: UUID
    device_id: UUID
    register_id: UUID
    reason: str
    ended_at: datetime


@event("staff.locked_out", category=Category.DOMAIN, stream="device:{device_id}")
class LockedOut(Event):
    """Too many wrong PINs were typed at a device; in the admin, where no register is, a stand-in of its user.

    :param scope: what is locked until then: STAFF_AT_DEVICE, one person at this device; STAFF, one person everywhere;
        DEVICE, this device for everybody.
    :param staff_id: null where a whole device is locked, and where nobody has the code that was typed.
    """

    device_id: UUID
    register_id: UUID | None
    scope: str
    staff_id: UUID | None
    until: datetime


@event("staff.approval_granted", category=Category.DOMAIN, stream="approval:{approval_id}")
class ApprovalGranted(Event):
    """Somebody has approved what another person asked for: `actions`, in one command, until it expires.

    :param device_id: at which; in the admin, where no register is, a stand-in of its user.
    """

    approval_id: UUID
    actions: list[str]
    command_id: UUID
    requested_by: UUID
    approved_by: UUID
    device_id: UUID
    register_id: UUID | None
    granted_at: datetime
    expires_at: datetime
