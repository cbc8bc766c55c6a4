"""People at the tills of a test's shop."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from kernel.ids import new_id
from kernel.permissions import Command, OnDuty
from pos.registers.services import pair_device
from staff.duty.models import Approval, Role, StaffMember
from staff.duty.services.members import change_role, take_on
from staff.duty.services.signing import Till, sign_in
from tests.support import make
from tests.support.terminal import Terminal
from web.commands import digest_of
from web.terminal import STAFF_HEADER


@dataclass(frozen=True, kw_only=True)
class Person:
    member: StaffMember
    pin: str

    @property
    def id(self) -> UUID:
        return self.member.id

    @property
    def code(self) -> str:
        return self.member.code

    @property
    def wrong_pin(self) -> str:
        return f"{(int(self.pin) + 1) % 10_000:04d}"

    @property
    def duty(self) -> OnDuty:
        return StaffMember.objects.select_related("role").get(pk=self.id).on_duty()


def person(code: str = "ANNA", role: str = "cashier") -> Person:
    member, pin = take_on(code=code, name=code.title(), role=Role.objects.get(name=role))
    return Person(member=member, pin=pin)


def set_rule(role: str, permission: str, mode: str, **limits: str) -> None:
    row = Role.objects.get(name=role)
    change_role(role_id=row.id, changed={"rules": {**row.rules, permission: {"mode": mode, **limits}}})


class StaffedTerminal(Terminal):
    """A terminal of the shop `north` at which people sign in."""

    def __init__(self, name: str = "Counter", register: str = "R1") -> None:
        self.device, token = pair_device(register_code=register, name=name)
        super().__init__("north.localhost", token)

    @property
    def till(self) -> Till:
        return Till(device_id=self.device.id, register_id=self.device.register_id)

    def sign_in(self, who: Person) -> "StaffedTerminal":
        """Let somebody work here: what is sent from now on is theirs."""
        _, token = sign_in(code=who.code, pin=who.pin, till=self.till, now=timezone.now())
        self.headers[STAFF_HEADER] = token
        return self

    def try_pin(self, code: str, pin: str) -> Any:
        return self.post("/staff-sessions", {"staff_code": code, "pin": pin}, key="")

    def approve(self, by: Person, body: dict[str, Any], *actions: str, id: UUID | str | None = None) -> Any:
        """Let somebody approve a body that is about to be sent. :param id: of its document, where it is in no member."""
        asked = {
            "actions": list(actions),
            "subject": {"id": str(id or body["id"]), "digest": digest_of(body)},
            "staff_code": by.code,
            "pin": by.pin,
            "reason": "A regular customer",
        }
        return self.post("/approvals", asked, key="")

    def approved(self, by: Person, body: dict[str, Any], *actions: str, id: UUID | str | None = None) -> dict[str, Any]:
        answer = self.approve(by, body, *actions, id=id)
        assert answer.status_code == 201, answer.content
        return {**body, "approval_id": answer.json()["id"]}


def command(by: Person | None, approval_id: UUID | None = None, id: UUID | None = None, digest: str = "") -> Command:
    """Return a command that comes from the device at which its approval was given."""
    approval = Approval.objects.filter(pk=approval_id).first() if approval_id else None
    return Command(
        id=id or new_id(),
        by=by.duty if by else None,
        approval_id=approval_id,
        digest=digest,
        device_id=approval.device_id if approval else None,
    )


def approved_order() -> None:
    """Sell a mug at half of its price, with a supervisor's approval."""
    anna, ben = person("ANNA"), person("BEN", "manager")
    body = make.order_body(
        lines=[{"sku": "MUG", "quantity": "1", "discounts": [{"percent": "50"}]}],
        tenders=[{"type": "cash", "amount": {"amount": 500}}],
    )
    till = StaffedTerminal().sign_in(anna)
    answer = till.post("/orders", till.approved(ben, body, "discount"))
    assert answer.status_code == 201, answer.content
