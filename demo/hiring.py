"""People at the tills of a shop: taken on, and let go."""

from demo.people import Worker
from kernel.refusals import NotFound
from staff.duty.models import Role, StaffMember
from staff.duty.services.members import change_member, give_pin, take_on


def hire(worker: Worker) -> str:
    """Take somebody on, or back; return the PIN that they have from now on.

    :raises NotFound: when the shop has no such role.
    """
    member = StaffMember.objects.filter(code=worker.code).first()
    if member is not None:
        if not member.is_active:
            change_member(staff_id=member.id, changed={"is_active": True})
        return give_pin(staff_id=member.id)
    role = Role.objects.filter(name=worker.role).first()
    if role is None:
        message = f"this shop has no role {worker.role!r} at the till: make one in the admin"
        raise NotFound(message)
    return take_on(code=worker.code, name=worker.name, role=role)[1]


def let_go(worker: Worker) -> None:
    """Let somebody sign in no more."""
    for member in StaffMember.objects.filter(code=worker.code):
        change_member(staff_id=member.id, changed={"is_active": False})
