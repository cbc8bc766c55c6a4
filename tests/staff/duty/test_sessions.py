"""Signing in at a till; what a session is worth, and what ends it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from events.models import Event
from pos.registers.services import revoke_device
from staff.duty.models import Role, StaffMember, StaffSession
from staff.duty.services.members import change_member, change_role, give_pin
from tenants.models import Tenant
from tests.support import make
from tests.support.crew import StaffedTerminal, person
from web.terminal import STAFF_HEADER


def reasons() -> list[str]:
    return list(StaffSession.objects.order_by("id").values_list("ended_by", flat=True))


def names_of_events() -> list[str]:
    return list(Event.objects.order_by("position").values_list("type", flat=True))


def sell(till: StaffedTerminal) -> Any:
    return till.post("/orders", make.order_body())


def test_a_shop_without_staff_sells_as_before(shop: Tenant) -> None:
    make.variant()
    make.shift()

    assert sell(StaffedTerminal()).status_code == 201


def test_sh18_a_shop_with_staff_takes_nothing_from_a_till_at_which_nobody_is_signed_in(shop: Tenant) -> None:
    make.variant()
    make.shift()
    person()
    till = StaffedTerminal()

    refused = sell(till)

    assert (refused.status_code, refused.json()["code"]) == (401, "staff-session-required")
    assert till.get("/variants").status_code == 200
    assert till.post("/price-quotes", {"lines": [{"sku": "MUG", "quantity": "1"}]}).status_code == 200


def test_the_right_code_and_pin_begin_a_session_with_what_the_role_says(shop: Tenant) -> None:
    anna = person()
    till = StaffedTerminal()

    answer = till.try_pin("anna", anna.pin)

    session = answer.json()["session"]
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    assert session["staff"] == {"id": str(anna.id), "code": "ANNA", "name": "Anna", "role": "cashier"}
    assert session["permissions"]["discount"] == {"mode": "allow", "percent": "5", "amount": None}
    assert "resolve_exceptions" not in session["permissions"]
    till.headers[STAFF_HEADER] = answer.json()["token"]
    assert till.get("/staff-sessions/current").json() == session
    assert "staff.signed_in" in names_of_events()


def test_a_pin_is_kept_as_an_argon2id_hash_and_is_in_no_row_event_or_audit(shop: Tenant) -> None:
    from django.db import connection

    anna = person()
    StaffedTerminal().try_pin("ANNA", anna.pin)

    assert StaffMember.objects.get().pin_hash.startswith("argon2$argon2id$")
    with connection.cursor() as cursor:
        for table in ("staff_staffmember", "staff_staffsession", "staff_pintries", "events_event", "events_auditentry"):
            cursor.execute(f"SELECT to_jsonb(t) FROM {table} t")
            for (row,) in cursor.fetchall():
                assert f'"{anna.pin}"' not in str(row).replace("'", '"')


@pytest.mark.parametrize(("code", "right"), [("ANNA", False), ("NOBODY", True)])
def test_a_wrong_pin_and_an_unknown_code_get_the_same_answer(shop: Tenant, code: str, right: bool) -> None:
    anna = person()

    answer = StaffedTerminal().try_pin(code, anna.pin if right else anna.wrong_pin)

    assert (answer.status_code, answer.json()["code"]) == (401, "pin-wrong")
    assert answer.json()["detail"] == "nobody has this code and this PIN"


def test_two_who_share_a_pin_are_told_apart_by_their_codes(shop: Tenant) -> None:
    anna, ben = person("ANNA"), person("BEN")
    StaffMember.objects.filter(pk=ben.id).update(pin_hash=anna.member.pin_hash)

    answer = StaffedTerminal().try_pin("BEN", anna.pin)

    assert answer.json()["session"]["staff"]["code"] == "BEN"


def test_a_session_counts_only_at_its_device(shop: Tenant) -> None:
    here, there = StaffedTerminal().sign_in(person()), StaffedTerminal("Other")
    there.headers[STAFF_HEADER] = here.headers[STAFF_HEADER]

    refused = there.post("/shifts", {})

    assert (refused.status_code, refused.json()["code"]) == (401, "staff-session-ended")


def test_signing_out_ends_the_session_and_says_so(shop: Tenant) -> None:
    till = StaffedTerminal().sign_in(person())

    assert till.client.delete("/api/v1/staff-sessions/current", headers=till.headers).status_code == 204
    assert reasons() == ["SIGNED_OUT"]
    refused = till.post("/shifts", {})
    assert refused.json()["code"] == "staff-session-ended"
    assert "signed out" in refused.json()["detail"]
    assert names_of_events()[-1] == "staff.signed_out"
    assert till.client.delete("/api/v1/staff-sessions/current", headers=till.headers).status_code == 404


def test_a_session_that_was_idle_for_too_long_is_over(shop: Tenant) -> None:
    till = StaffedTerminal().sign_in(person())
    long_ago = timezone.now() - timedelta(minutes=15, seconds=1)
    StaffSession.objects.update(last_used_at=long_ago)

    refused = till.post("/shifts", {})

    assert (refused.status_code, refused.json()["code"]) == (401, "staff-session-ended")
    assert "idle" in refused.json()["detail"]


def test_a_session_that_is_used_goes_on(shop: Tenant) -> None:
    till = StaffedTerminal().sign_in(person())
    StaffSession.objects.update(last_used_at=timezone.now() - timedelta(minutes=14))

    assert till.get("/variants").status_code == 200

    assert timezone.now() - StaffSession.objects.get().last_used_at < timedelta(minutes=1)


def test_the_role_says_how_long_a_session_may_be_idle(shop: Tenant) -> None:
    role = Role.objects.get(name="cashier")
    change_role(role_id=role.id, changed={"idle_minutes": 1})

    StaffedTerminal().sign_in(person())

    assert StaffSession.objects.get().idle_seconds == 60


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda anna, _till: change_member(staff_id=anna.id, changed={"is_active": False}), "DEACTIVATED"),
        (lambda anna, _till: give_pin(staff_id=anna.id), "PIN_CHANGED"),
        (lambda anna, _till: change_member(staff_id=anna.id, changed={"role": Role.objects.last()}), "ROLE_CHANGED"),
        (lambda anna, _till: change_role(role_id=anna.member.role_id, changed={"approves": True}), "ROLE_CHANGED"),
        (lambda _anna, till: revoke_device(device_id=till.device.id), "DEVICE_REVOKED"),
    ],
    ids=["deactivated", "new PIN", "another role", "role changed", "device revoked"],
)
def test_a_session_ends_at_once_by_what_its_person_or_its_device_loses(shop: Tenant, act: Any, reason: str) -> None:
    anna, till = person(), StaffedTerminal()
    person("BEN")
    till.sign_in(anna)

    act(anna, till)

    assert reasons() == [reason]
    assert till.post("/shifts", {}).status_code == 401
    ended = Event.objects.get(type="staff.signed_out")
    assert ended.data["reason"] == reason


def test_what_was_changed_for_others_ends_no_session(shop: Tenant) -> None:
    StaffedTerminal().sign_in(person())
    ben = person("BEN", "manager")

    give_pin(staff_id=ben.id)
    change_role(role_id=ben.member.role_id, changed={"approves_own": False})
    change_member(staff_id=ben.id, changed={"name": "Benno"})

    assert reasons() == [""]


def test_a_pin_that_was_replaced_while_it_was_judged_begins_no_session(
    shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from staff.duty.services import signing

    anna = person()
    judge = signing.is_pin

    def judge_slowly(pin: str, hashed: str | None) -> bool:
        judged = judge(pin, hashed)
        give_pin(staff_id=anna.id)
        return judged

    monkeypatch.setattr(signing, "is_pin", judge_slowly)

    assert StaffedTerminal().try_pin("ANNA", anna.pin).status_code == 401
    assert reasons() == []


def test_an_api_key_neither_signs_in_nor_approves(shop: Tenant) -> None:
    from staff.services import issue_api_key
    from tests.support.terminal import Terminal
    from web.scopes import ALL_SCOPES

    anna = person()
    key = Terminal("north.localhost", issue_api_key(name="all", scopes=ALL_SCOPES))

    assert key.post("/staff-sessions", {"staff_code": "ANNA", "pin": anna.pin}, key="").status_code == 403
