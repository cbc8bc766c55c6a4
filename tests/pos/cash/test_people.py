"""Who opens, moves, counts and closes in a shop with staff; and a count that is blind."""

import pytest

from kernel.ids import new_id
from pos.models import CashMovement, Shift
from tests.support import make
from tests.support.crew import StaffedTerminal, person, set_rule
from tests.support.day import closed, counted, moved, opened, sold
from tests.support.terminal import Terminal


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
