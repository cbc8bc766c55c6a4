"""Shifts are counted and closed, with a Z report."""

import json
from typing import Any

import pytest

from events.testing.work import published, settle
from kernel.ids import new_id
from pos.models import CashDrawer, Location, Receipt, Register, Shift, ShiftTotal
from tests.support import make
from tests.support.day import closed, counted, moved, opened, sold
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened


@pytest.fixture(autouse=True)
def _catalogue(api: Terminal) -> None:
    make.variant("MUG", 1000)


def z_of(shift: str) -> dict[str, Any]:
    receipt = Receipt.objects.get(kind="Z", source_id=shift)
    snapshot: dict[str, Any] = json.loads(receipt.snapshot)
    return snapshot


def test_c1_what_is_expected_is_the_float_and_all_cash_that_moved(api: Terminal) -> None:
    shift = opened(api, 10000)
    order = sold(api, 1500)
    sold(api, 1000, type_="card")
    api.post(
        "/returns",
        {
            "id": str(new_id()),
            "order_id": order["id"],
            "occurred_at": "2026-11-23T12:00:00Z",
            "lines": [{"order_line_id": order["lines"][0]["id"], "quantity": "0.5"}],
        },
    )
    for kind, amount in (("PAID_IN", 700), ("PAID_OUT", 300), ("PICKUP", 2000), ("NO_SALE", 0)):
        assert moved(api, shift, kind, amount).status_code == 201

    answer = closed(api, shift, 8850)

    assert answer.status_code == 200
    assert counted(answer) == (10000 + 1500 - 500 - 500 + 700 - 300 - 2000, 8850, -50)
    card = next(each for each in answer.json()["counts"] if each["tender_type"] == "card")
    assert (card["expected"]["amount"], card["counted"], card["over_short"]) == (1000, None, None)


@pytest.mark.parametrize("cash", [0, 10950, 11000, 999999])
def test_c2_any_difference_is_noted_and_closes(api: Terminal, cash: int) -> None:
    shift = opened(api, 10000)
    sold(api)

    answer = closed(api, shift, cash)

    assert answer.status_code == 200
    assert counted(answer) == (11000, cash, cash - 11000)
    assert Shift.objects.get().over_short == {"cash": cash - 11000}


def test_sh19_the_day_ends_with_a_z_report_and_its_event(api: Terminal) -> None:
    shift = opened(api)
    sold(api, 1000)
    sold(api, 1000, type_="card")
    settle()
    sold(api, 1200)

    closed(api, shift, 12000)

    z, (event,) = z_of(shift), published("pos.shift_closed")
    assert (z["receipt"], z["registers"][0]["sales"]["count"], z["registers"][0]["sales"]["total"]) == (
        "R1-Z000001",
        3,
        3000,
    )
    assert (z["registers"][0]["sales"]["first"], z["registers"][0]["sales"]["last"]) == (1, 3)
    assert [(t["type"], t["count"], t["amount"], t["change"]) for t in z["tenders"]] == [
        ("card", 1, 1000, 0),
        ("cash", 2, 2000, 200),
    ]
    assert [(t["name"], t["base"], t["amount"]) for t in z["taxes"]] == [("Standard, included", 2499, 501)]
    assert event.data["taxes"][0]["amount"] == 501
    assert (event.data["grand_total_before"], event.data["grand_total"]) == (0, 3000)
    assert event.data["counts"][0] == {"tender_type": "cash", "expected": 12000, "counted": 12000, "over_short": 0}
    settle()
    assert ShiftTotal.objects.filter(late=True).count() == 0


def test_c4_the_grand_total_is_perpetual(api: Terminal) -> None:
    first = opened(api)
    order = sold(api)
    closed(api, first, 11000)
    second = opened(api)
    sold(api)
    sold(api)
    api.post(
        "/returns",
        {
            "id": str(new_id()),
            "order_id": order["id"],
            "occurred_at": "2026-11-23T12:00:00Z",
            "lines": [{"order_line_id": order["lines"][0]["id"], "quantity": "1"}],
        },
    )
    closed(api, second, 0)

    assert [(z_of(s)["grand_total_before"], z_of(s)["grand_total"]) for s in (first, second)] == [
        (0, 1000),
        (1000, 2000),
    ]
    assert [z_of(s)["number"] for s in (first, second)] == [1, 2]


def test_c6_closing_twice_with_the_same_key_is_one_closing(api: Terminal) -> None:
    shift = opened(api)
    key = str(new_id())

    first, again = closed(api, shift, 10000, key=key), closed(api, shift, 10000, key=key)

    assert first.json() == again.json()
    assert Receipt.objects.filter(kind="Z").count() == len(published("pos.shift_closed")) == 1
    with nothing_happened():
        assert closed(api, shift, 10000).json()["type"].endswith(":shift-not-open")


def test_c5_a_drawer_that_several_registers_share_has_one_open_shift(api: Terminal) -> None:
    drawer = CashDrawer.objects.get()
    second = Register.objects.create(code="R2", name="Two", location=Location.objects.get(), drawer=drawer)
    other = terminal_of(second)
    shift = opened(api)

    assert other.post("/shifts", {"id": str(new_id()), "float_amount": {"amount": 0}}).status_code == 409
    assert other.get("/shifts/current").json()["id"] == shift
    sold(other)
    assert counted(closed(other, shift, 11000)) == (11000, 11000, 0)
    assert [each["code"] for each in z_of(shift)["registers"]] == ["R2"]


def terminal_of(register: Register) -> Terminal:
    from pos.registers.services import pair_device

    _, token = pair_device(register_code=register.code, name="Second terminal")
    return Terminal("north.localhost", token)


def test_a_late_order_amends_the_z_and_reopens_nothing(api: Terminal) -> None:
    shift = opened(api)
    sold(api)
    closed(api, shift, 11000)
    before = z_of(shift)

    late = sold(api)
    settle()

    (amended,) = published("pos.shift_amended")
    assert amended.data["order_ids"] == [late["id"]]
    assert amended.data["amends"] == "R1-Z000001"
    assert (amended.data["receipt"], amended.data["number"]) == ("R1-A000001", 1)
    assert amended.data["registers"][0]["sales"]["total"] == 1000
    assert amended.data["grand_total"] == 2000
    assert Shift.objects.get().state == "CLOSED"
    assert z_of(shift) == before
    again = opened(api)
    closed(api, again, 0)
    assert (z_of(again)["grand_total_before"], z_of(again)["registers"]) == (2000, [])
    assert api.get(f"/shifts/{shift}").json()["amendments"][0]["grand_total"]["amount"] == 2000
