"""Who opens, moves, counts and closes in a shop with staff; and a count that is blind."""

from itertools import takewhile

import pytest
from django.utils import timezone

from events.event import types_with_members
from events.testing.work import settle
from integrations.api import live
from kernel.ids import new_id
from kernel.permissions import TELL_DIFFERENCES
from notifications.models import Message
from pos.models import CashMovement, Shift
from staff.duty.models import StaffSession
from staff.services import issue_api_key
from tests.support import make
from tests.support.crew import StaffedTerminal, person, set_rule
from tests.support.day import closed, counted, moved, opened, sold
from tests.support.terminal import Terminal
from web.terminal import STAFF_HEADER


@pytest.fixture
def cashier(api: Terminal) -> StaffedTerminal:
    make.variant("MUG", 1000)
    for permission in ("open_shift", "close_shift", "paid_out"):
        set_rule("cashier", permission, "allow")
    for permission in ("see_over_short", "no_sale"):
        set_rule("cashier", permission, "deny")
    return StaffedTerminal().sign_in(person("ANNA"))


def test_who_counts_blind_sees_neither_what_is_expected_nor_the_difference(cashier: StaffedTerminal) -> None:
    shift = opened(cashier)
    sold(cashier)

    assert cashier.get(f"/shifts/{shift}/x-report").status_code == 403
    count = cashier.post(f"/shifts/{shift}/spot-counts", {"id": str(new_id()), "amount": {"amount": 5}}).json()
    assert (count["expected"], count["over_short"]) == (None, None)
    answer = closed(cashier, shift, 0)
    assert (answer.status_code, answer.json()["counts"]) == (200, None)
    assert cashier.get(f"/shifts/{shift}").json()["counts"] is None
    assert cashier.get(f"/shifts/{shift}/z-report").status_code == 403
    assert cashier.get(f"/receipts/{answer.json()['receipt_id']}").status_code == 403

    manager = StaffedTerminal("Office").sign_in(person("BEN", "manager"))
    assert counted(manager.get(f"/shifts/{shift}")) == (11000, 0, -11000)
    assert manager.get(f"/shifts/{shift}/z-report").status_code == 200


def test_whoever_is_not_signed_in_is_asked_to_and_not_refused_by_a_role(cashier: StaffedTerminal) -> None:
    shift = opened(cashier)
    z = closed(cashier, shift, 0).json()["receipt_id"]
    paths = (f"/shifts/{shift}/x-report", f"/shifts/{shift}/z-report", f"/receipts/{z}")
    session = cashier.headers.pop("X-Staff-Session")

    of_nobody = [cashier.get(path) for path in paths]
    cashier.headers["X-Staff-Session"] = session
    StaffSession.objects.update(ended_at=timezone.now(), ended_by="SIGNED_OUT")
    of_the_past = [cashier.get(path) for path in paths]

    assert [(each.status_code, each.json()["code"]) for each in of_nobody] == [(401, "staff-session-required")] * 3
    assert [(each.status_code, each.json()["code"]) for each in of_the_past] == [(401, "staff-session-ended")] * 3


def test_rows_keep_who_opened_moved_and_closed(cashier: StaffedTerminal) -> None:
    shift = opened(cashier)
    moved(cashier, shift, "PAID_OUT", 5)
    closed(cashier, shift, 0)

    row = Shift.objects.get()
    assert row.opened_by is not None
    assert row.opened_by == row.closed_by == CashMovement.objects.get(kind="PAID_OUT").staff_id


def test_what_a_role_denies_is_refused(cashier: StaffedTerminal) -> None:
    shift = opened(cashier)

    assert moved(cashier, shift, "NO_SALE").json()["type"].endswith(":permission-denied")
    set_rule("cashier", "close_shift", "deny")
    cashier.sign_in(person("CLEO"))
    assert closed(cashier, shift, 0).status_code == 403


def test_the_float_names_the_approval_with_which_its_shift_was_opened(cashier: StaffedTerminal) -> None:
    set_rule("cashier", "open_shift", "approval")
    cashier.sign_in(person("CLEO"))
    body = cashier.approved(
        person("BEN", "manager"), {"id": str(new_id()), "float_amount": {"amount": 5}}, "open_shift"
    )

    assert cashier.post("/shifts", body).status_code == 201

    assert str(CashMovement.objects.get(kind="FLOAT").approval_id) == body["approval_id"]


def test_what_needs_an_approval_is_taken_with_it_and_the_row_names_it(cashier: StaffedTerminal) -> None:
    set_rule("cashier", "paid_out", "approval")
    cashier.sign_in(person("CLEO"))
    shift, manager = opened(cashier), person("BEN", "manager")
    body = {"id": str(new_id()), "kind": "PAID_OUT", "amount": {"amount": 500}, "reason_code": "TEST"}
    path = f"/shifts/{shift}/cash-movements"

    assert cashier.post(path, body).json()["type"].endswith(":approval-required")
    answer = cashier.post(path, cashier.approved(manager, body, "paid_out"))

    assert answer.status_code == 201
    assert str(CashMovement.objects.get(kind="PAID_OUT").approval_id) == answer.json()["approval_id"]


def test_a_report_of_a_drawer_is_not_mailed_to_who_counts_blind(cashier: StaffedTerminal) -> None:
    shift = opened(cashier)
    receipt = closed(cashier, shift, 0).json()["receipt_id"]

    refused = cashier.post(f"/receipts/{receipt}/deliveries", {"to": "anna@example.test"})

    assert refused.json()["type"].endswith(":permission-denied")
    settle()
    assert not Message.objects.filter(recipient="anna@example.test").exists()
    manager = StaffedTerminal("Office").sign_in(person("BEN", "manager"))
    assert manager.post(f"/receipts/{receipt}/deliveries", {"to": "ben@example.test"}).status_code == 202


def test_what_a_drawer_has_sold_in_all_is_not_shown_to_who_counts_blind(cashier: StaffedTerminal) -> None:
    shift = opened(cashier)
    late = StaffedTerminal("Late").sign_in(person("CLEO"))
    closed(cashier, shift, 0)
    sold(late)
    settle()

    shown, listed = cashier.get(f"/shifts/{shift}").json(), cashier.get("/shifts").json()["results"][0]
    assert [(each["grand_total"], each["amendments"][0]["grand_total"]) for each in (shown, listed)] == [
        (None, None)
    ] * 2
    manager = StaffedTerminal("Office").sign_in(person("BEN", "manager"))
    assert manager.get(f"/shifts/{shift}").json()["amendments"][0]["grand_total"]["amount"] == 1000


def feed_types(reader: Terminal) -> set[str]:
    return {event["type"] for event in reader.get("/events", limit=1000).json()["events"]}


def streamed(reader: Terminal) -> str:
    answer = reader.get("/events/stream", after=0)
    read = list(takewhile(lambda line: b"still here" not in line, answer))
    for close in answer._resource_closers:  # noqa: SLF001 - `answer.close()` would close the test's connection
        close()
    return b"".join(read).decode()


def test_events_that_tell_differences_are_read_at_a_till_only_by_who_may_see_them(
    cashier: StaffedTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BEAT_SECONDS", 0.0)
    shift = opened(cashier)
    closed(cashier, shift, 0)
    settle()
    manager = StaffedTerminal("Office").sign_in(person("BEN", "manager"))
    key = Terminal("north.localhost", issue_api_key(name="books", scopes=["events:read"]))

    assert "pos.shift_closed" in feed_types(manager)
    assert "pos.shift_closed" in feed_types(key)
    assert "pos.shift_opened" in feed_types(cashier)
    assert "pos.shift_closed" not in feed_types(cashier)
    assert cashier.get("/events", types="pos.shift_closed").json()["events"] == []
    assert "event: pos.shift_closed" in streamed(manager)
    assert "event: pos.shift_opened" in streamed(cashier)
    assert "event: pos.shift_closed" not in streamed(cashier)
    del cashier.headers[STAFF_HEADER]
    assert "pos.shift_closed" not in feed_types(cashier)


def test_types_that_tell_differences_are_known_by_their_members() -> None:
    assert types_with_members(TELL_DIFFERENCES) == ["pos.shift_amended", "pos.shift_closed"]
