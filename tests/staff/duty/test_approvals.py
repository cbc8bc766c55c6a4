"""Approvals: single-use records of one command, with who asked, who approved and why."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from events.models import Event
from events.publishing.unit_of_work import unit_of_work
from kernel.ids import new_id
from kernel.permissions import Need, Permission
from kernel.refusals import Refusal
from kernel.tenancy import in_tenant
from staff.duty.models import Approval, PinTries, StaffMember
from staff.duty.permitting import permit
from staff.duty.services.members import change_member
from tenants.models import Tenant
from tests.support.crew import Person, StaffedTerminal, command, person, set_rule
from web.commands import digest_of

VOID = Need(permission=Permission.VOID)
DISCOUNT = Need(permission=Permission.DISCOUNT, reductions=[(20, 100)])


@pytest.fixture
def anna(shop: Tenant) -> Person:
    return person("ANNA", "cashier")


@pytest.fixture
def ben(shop: Tenant) -> Person:
    return person("BEN", "shift supervisor")


@pytest.fixture
def till(anna: Person) -> StaffedTerminal:
    return StaffedTerminal().sign_in(anna)


def outcome(*needs: Need, by: Person, body: dict[str, Any], approval_id: str | None, id: str | None = None) -> str:
    """Ask for a permit, and name the refusal, or who did it."""
    asked = command(
        by, approval_id=UUID(approval_id) if approval_id else None, id=UUID(id or body["id"]), digest=digest_of(body)
    )
    try:
        with unit_of_work():
            permitted = permit(asked, *needs)
    except Refusal as refusal:
        return refusal.code
    assert permitted.staff_id == by.id
    return "approved" if permitted.approval_id else "allowed"


def a_body() -> dict[str, Any]:
    return {"id": str(new_id()), "reason": "x"}


def test_what_a_role_lets_ask_for_is_done_with_somebodys_approval(till: Any, anna: Person, ben: Person) -> None:
    body = a_body()
    assert outcome(VOID, by=anna, body=body, approval_id=None) == "approval-required"

    answer = till.approve(ben, body, "void")

    assert answer.status_code == 201
    assert answer.json()["approved_by"] == str(ben.id)
    assert outcome(VOID, by=anna, body=body, approval_id=answer.json()["id"]) == "approved"
    row = Approval.objects.get()
    assert (row.requested_by_id, row.approved_by_id, row.reason) == (anna.id, ben.id, "A regular customer")
    assert row.consumed_at is not None


def test_an_approval_is_an_event_without_pin_and_reason(till: Any, anna: Person, ben: Person) -> None:
    body = a_body()
    till.approve(ben, body, "void")

    told = Event.objects.get(type="staff.approval_granted").data

    assert (told["requested_by"], told["approved_by"], told["command_id"]) == (str(anna.id), str(ben.id), body["id"])
    assert "regular customer" not in str(told)
    assert "reason" not in told


def test_an_approval_is_used_once(till: Any, anna: Person, ben: Person) -> None:
    body = a_body()
    approval_id = till.approve(ben, body, "void").json()["id"]

    outcomes = [outcome(VOID, by=anna, body=body, approval_id=approval_id) for _ in range(2)]

    assert outcomes == ["approved", "approval-consumed"]


def test_an_approval_that_was_used_in_what_was_rolled_back_is_there_again(till: Any, anna: Person, ben: Person) -> None:
    body = a_body()
    approval_id = till.approve(ben, body, "void").json()["id"]
    asked = command(anna, approval_id=UUID(approval_id), id=UUID(body["id"]), digest=digest_of(body))

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        permit(asked, VOID)
        raise ZeroDivisionError

    assert outcome(VOID, by=anna, body=body, approval_id=approval_id) == "approved"


def test_an_approval_lives_two_minutes(till: Any, anna: Person, ben: Person) -> None:
    body = a_body()
    approval_id = till.approve(ben, body, "void").json()["id"]
    row = Approval.objects.get()
    assert row.expires_at - row.granted_at == timedelta(seconds=120)
    Approval.objects.update(expires_at=timezone.now())

    assert outcome(VOID, by=anna, body=body, approval_id=approval_id) == "approval-unusable"


def test_an_approval_is_of_one_command_with_one_content_of_one_person(till: Any, anna: Person, ben: Person) -> None:
    body = a_body()
    approval_id = till.approve(ben, body, "void").json()["id"]
    carl = person("CARL", "cashier")

    assert outcome(VOID, by=anna, body=body, approval_id=approval_id, id=str(new_id())) == "approval-unusable"
    assert outcome(VOID, by=anna, body={**body, "reason": "y"}, approval_id=approval_id) == "approval-unusable"
    assert outcome(VOID, by=carl, body=body, approval_id=approval_id) == "approval-unusable"
    assert outcome(VOID, by=anna, body=body, approval_id=str(new_id())) == "approval-unusable"
    assert outcome(VOID, by=anna, body={**body, "approval_id": approval_id}, approval_id=approval_id) == "approved"


def test_an_approval_is_of_the_actions_that_it_names(till: Any, anna: Person, ben: Person) -> None:
    body = a_body()
    one = till.approve(ben, body, "void").json()["id"]
    assert outcome(VOID, DISCOUNT, by=anna, body=body, approval_id=one) == "approval-required"

    both = till.approve(ben, body, "void", "discount").json()["id"]

    assert outcome(VOID, DISCOUNT, by=anna, body=body, approval_id=both) == "approved"


def test_nobody_approves_what_they_ask_for_unless_their_role_lets_them(shop: Tenant, ben: Person) -> None:
    set_rule("shift supervisor", "no_sale", "allow")
    body = a_body()
    till = StaffedTerminal().sign_in(ben)

    refused = till.approve(ben, body, "no_sale")

    assert (refused.status_code, refused.json()["code"]) == (403, "approval-of-own-request")
    dora = person("DORA", "manager")
    assert till.sign_in(dora).approve(dora, body, "no_sale").status_code == 201


def test_the_database_refuses_an_approval_of_ones_own_request(shop: Tenant, ben: Person) -> None:
    now = timezone.now()

    with pytest.raises(IntegrityError, match="approval_by_another"), transaction.atomic():
        Approval.objects.create(
            command_id=new_id(), digest="", requested_by=ben.member, approved_by=ben.member, device_id=new_id(),
            reason="x", granted_at=now, expires_at=now,
        )  # fmt: skip


@pytest.mark.parametrize("role", ["cashier", "senior cashier"])
def test_who_may_not_approve_does_not_approve(till: Any, role: str) -> None:
    refused = till.approve(person("CARL", role), a_body(), "discount")

    assert (refused.status_code, refused.json()["code"]) == (403, "permission-denied")
    assert Approval.objects.count() == 0


def test_an_approver_approves_only_what_they_may_do_themselves(till: Any, anna: Person, ben: Person) -> None:
    body = a_body()
    approval_id = till.approve(ben, body, "discount").json()["id"]
    much = Need(permission=Permission.DISCOUNT, reductions=[(31, 100)])

    assert outcome(much, by=anna, body=body, approval_id=approval_id) == "permission-denied"
    assert outcome(DISCOUNT, by=anna, body=body, approval_id=approval_id) == "approved"
    set_rule("shift supervisor", "void", "approval")
    assert till.sign_in(anna).approve(ben, a_body(), "void").json()["code"] == "permission-denied"


def test_an_approval_falls_with_its_approver(till: Any, anna: Person, ben: Person) -> None:
    body = a_body()
    approval_id = till.approve(ben, body, "void").json()["id"]

    change_member(staff_id=ben.id, changed={"is_active": False})

    assert outcome(VOID, by=anna, body=body, approval_id=approval_id) == "permission-denied"


def test_what_a_role_denies_no_approval_allows(till: Any, anna: Person, ben: Person) -> None:
    body = a_body()
    set_rule("cashier", "void", "deny")
    approval_id = till.sign_in(anna).approve(ben, body, "void").json()["id"]

    assert outcome(VOID, by=anna, body=body, approval_id=approval_id) == "permission-denied"
    assert outcome(Need(permission=Permission.SEE_OVER_SHORT), by=anna, body=body, approval_id=None) == (
        "permission-denied"
    )


def test_an_approval_that_is_not_needed_is_not_used(till: Any, anna: Person, ben: Person) -> None:
    body = a_body()
    approval_id = till.approve(ben, body, "void").json()["id"]

    assert outcome(Need(permission=Permission.SELL), by=anna, body=body, approval_id=approval_id) == "allowed"
    assert Approval.objects.get().consumed_at is None


def test_wrong_pins_of_approvers_are_counted_like_those_of_a_sign_in(till: Any, ben: Person) -> None:
    wrong = Person(member=ben.member, pin=ben.wrong_pin)

    codes = [till.approve(wrong, a_body(), "void").json()["code"] for _ in range(6)]

    assert codes == ["pin-wrong"] * 5 + ["pin-locked"]
    assert till.try_pin("BEN", ben.pin).json()["code"] == "pin-locked"


def test_right_pins_of_approvals_that_are_refused_are_not_counted(till: Any, anna: Person, ben: Person) -> None:
    carl = person("CARL", "senior cashier")
    set_rule("shift supervisor", "no_sale", "deny")
    till.sign_in(anna)

    own = [till.approve(anna, a_body(), "void").json()["code"] for _ in range(6)]
    of_carl = [till.approve(carl, a_body(), "void").json()["code"] for _ in range(6)]
    of_ben = [till.approve(ben, a_body(), "no_sale").json()["code"] for _ in range(12)]

    assert set(own + of_carl + of_ben) == {"permission-denied"}
    till.sign_in(ben)
    assert [till.approve(ben, a_body(), "void").json()["code"] for _ in range(6)] == ["approval-of-own-request"] * 6
    assert PinTries.objects.exclude(tries=0).count() == 0
    assert [till.try_pin(each.code, each.pin).status_code for each in (anna, carl, ben)] == [201, 201, 201]


def test_where_nobody_is_signed_in_nothing_is_approved(shop: Tenant, ben: Person) -> None:
    refused = StaffedTerminal().approve(ben, a_body(), "void")

    assert (refused.status_code, refused.json()["code"]) == (401, "staff-session-required")


def test_without_a_person_everything_is_permitted(shop: Tenant) -> None:
    assert permit(None, VOID) == permit(command(None), VOID)
    assert permit(None, VOID).staff_id is None


def test_commands_that_come_at_once_use_an_approval_once(committed: Tenant) -> None:
    anna, ben = person("ANNA"), person("BEN", "shift supervisor")
    body = a_body()
    approval_id = StaffedTerminal().sign_in(anna).approve(ben, body, "void").json()["id"]
    together = Barrier(8)
    asked = command(anna, approval_id=UUID(approval_id), id=UUID(body["id"]), digest=digest_of(body))

    def use(_number: int) -> str:
        with in_tenant(committed):
            together.wait(timeout=20)
            try:
                with unit_of_work():
                    permit(asked, VOID)
            except Refusal as refusal:
                return refusal.code
            finally:
                connection.close()
        return "approved"

    with ThreadPoolExecutor(max_workers=8) as pool:
        outcomes = list(pool.map(use, range(8)))

    assert sorted(outcomes) == ["approval-consumed"] * 7 + ["approved"]
    assert StaffMember.objects.count() == 2
