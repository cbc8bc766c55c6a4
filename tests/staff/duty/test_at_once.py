"""What processes remember of people is never stale, and costs an order no statement."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import close_old_connections, connection
from django.utils import timezone

from pos.memory.memory import process_memory
from pos.models import Shift
from staff.duty.models import StaffMember, StaffSession
from tenants.models import Tenant
from tests.support import make
from tests.support.crew import StaffedTerminal, person
from tests.support.day import moved
from tests.support.server_log import is_readable, statements_logged

AT_MOST = 6


@pytest.fixture
def till(committed: Tenant) -> StaffedTerminal:
    make.variant()
    make.shift()
    return StaffedTerminal().sign_in(person())


def sell(till: StaffedTerminal, **more: Any) -> tuple[int, str]:
    answer = till.post("/orders", make.order_body(**more))
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.skipif(not is_readable(), reason="the log of a server that was given cannot be read here")
def test_an_order_of_somebody_who_is_signed_in_takes_no_statement_more(till: StaffedTerminal) -> None:
    with statements_logged() as logged:
        assert sell(till)[0] == 201
        before = len(logged())
        close_old_connections()
        assert sell(till)[0] == 201
        statements = logged()[before:]

    assert len(statements) <= AT_MOST, statements
    assert len(process_memory) > 0


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ("UPDATE staff_staffmember SET is_active = false", "staff-session-ended"),
        ("UPDATE staff_staffsession SET ended_at = now(), ended_by = 'SIGNED_OUT'", "staff-session-ended"),
        ("UPDATE staff_staffsession SET last_used_at = now() - interval '1 day'", "staff-session-ended"),
        ("DELETE FROM staff_staffsession", "staff-session-ended"),
    ],
)
def test_what_changed_before_a_request_holds_for_it_in_every_process(
    till: StaffedTerminal, change: str, refused: str
) -> None:
    """The statement is another process's: nobody tells this one."""
    assert sell(till) == (201, "")
    person("BEN")
    with connection.cursor() as cursor:
        cursor.execute(f"{change} WHERE {'code' if 'member' in change else 'id::text'} <> 'BEN'")

    assert sell(till, tenders=[]) == (401, refused)


def test_the_first_member_of_staff_closes_a_till_at_which_nobody_is_signed_in(committed: Tenant) -> None:
    make.variant()
    make.shift()
    till = StaffedTerminal()
    assert sell(till) == (201, "")

    person()

    assert sell(till) == (401, "staff-session-required")


def test_tills_stay_closed_when_the_last_member_of_staff_is_no_longer_active(till: StaffedTerminal) -> None:
    assert sell(till) == (201, "")
    other = StaffedTerminal("Two")

    StaffMember.objects.update(is_active=False)

    assert sell(till) == (201, ""), "what was sold before the end of the session is theirs"
    assert sell(other) == (401, "staff-session-required")
    shift = Shift.objects.get().id
    assert moved(other, str(shift), "PAID_OUT", 100).status_code == 401
    assert other.get(f"/shifts/{shift}/x-report").status_code == 401
    assert other.get("/devices/self").json()["needs_staff"] is True


def test_a_use_is_noted_once_a_minute(till: StaffedTerminal) -> None:
    begun = StaffSession.objects.get().last_used_at
    sell(till)
    assert StaffSession.objects.get().last_used_at == begun

    StaffSession.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    sell(till)

    assert timezone.now() - StaffSession.objects.get().last_used_at < timedelta(seconds=30)
