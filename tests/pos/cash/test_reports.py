"""X and Z reports, receipts of moved cash, and counts: what they show, in all their forms."""

import json
from typing import Any

import pytest
from wcwidth import wcswidth

from kernel.ids import new_id
from pos.models import CashCount, CashMovement, Receipt
from tests.support import make
from tests.support.day import closed, moved, opened, sold
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened


@pytest.fixture
def shift(api: Terminal) -> str:
    make.variant("MUG", 1000)
    shift = opened(api)
    sold(api, 1500)
    moved(api, shift, "PAID_OUT", 300)
    return shift


def test_c3_an_x_report_is_what_the_z_would_be(api: Terminal, shift: str) -> None:
    live = api.get(f"/shifts/{shift}/x-report").json()["snapshot"]
    issued = api.post(f"/shifts/{shift}/x-reports", {"id": str(new_id())}).json()["snapshot"]
    closed(api, shift, 10700)
    z = api.get(f"/shifts/{shift}/z-report").json()["snapshot"]

    same = ("registers", "taxes", "tenders", "movements", "float_amount", "grand_total", "grand_total_before")
    for report in (live, issued):
        assert {name: report[name] for name in same} == {name: z[name] for name in same}
        assert [count["expected"] for count in report["counts"]] == [10700]
        assert {count["counted"] for count in report["counts"]} == {None}
    assert (live["receipt"], issued["receipt"], z["receipt"]) == ("", "R1-X000001", "R1-Z000001")


def test_an_x_report_that_is_only_shown_changes_nothing(api: Terminal, shift: str) -> None:
    with nothing_happened():
        assert api.get(f"/shifts/{shift}/x-report").status_code == 200


@pytest.mark.parametrize("columns", [42, 48])
def test_a_z_is_printed_in_the_columns_of_the_printer(api: Terminal, shift: str, columns: int) -> None:
    closed(api, shift, 10650, note="The till was closed late.")

    text = api.get(f"/shifts/{shift}/z-report", columns=columns).json()["text"]

    lines = text.splitlines()
    assert max(wcswidth(line) for line in lines) <= columns
    assert text.replace("\n", "").isprintable()
    for words in (
        "Z report R1-Z000001",
        "Sales: 1",
        "10.00 EUR",
        "Paid out TEST",
        "cash over or short",
        "-0.50 EUR",
        "GRAND TOTAL",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("media", "begins"), [("text/plain", b" "), ("text/html", b"<!doctype"), ("application/pdf", b"%PDF")]
)
@pytest.mark.parametrize("report", ["x-report", "z-report"])
def test_reports_have_the_forms_of_receipts(api: Terminal, shift: str, report: str, media: str, begins: bytes) -> None:
    if report == "z-report":
        closed(api, shift, 0)

    answer = api.client.get(f"/api/v1/shifts/{shift}/{report}", headers={**api.headers, "Accept": media})

    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (200, media)
    assert answer.content.startswith(begins)


def test_coins_and_notes_stand_below_the_cash_that_they_are(api: Terminal, shift: str) -> None:
    sold(api, type_="card")
    counts = [{"tender_type": "cash", "denominations": [{"value": 5000, "count": 2}]}]
    api.post(f"/shifts/{shift}/close", {"counts": counts})

    lines = [line.strip() for line in api.get(f"/shifts/{shift}/z-report").json()["text"].splitlines()]
    notes = lines.index("2 x 50.00")
    assert lines[notes - 1].startswith("cash over or short")
    assert lines[notes + 1].startswith("card expected")


def test_what_is_expected_is_not_shown_before_the_count(api: Terminal, shift: str) -> None:
    def shown(value: Any) -> str:
        return json.dumps(value)

    current = api.get("/shifts/current").json()
    assert (current["counts"], current["grand_total"]) == (None, None)
    assert "10700" not in shown(current) + shown(api.get("/shifts").json())
    assert api.get(f"/shifts/{shift}/z-report").json()["type"].endswith(":shift-still-open")


@pytest.mark.parametrize(
    ("kind", "amount", "signed"),
    [("PAID_IN", 500, 500), ("PAID_OUT", 500, -500), ("PICKUP", 500, -500), ("NO_SALE", 0, 0)],
)
def test_moved_cash_has_its_sign_and_a_receipt(api: Terminal, shift: str, kind: str, amount: int, signed: int) -> None:
    answer = moved(api, shift, kind, amount)

    receipt = Receipt.objects.get(id=answer.json()["receipt_id"])
    assert (answer.status_code, answer.json()["amount"]["amount"]) == (201, signed)
    assert str(receipt) == "R1-C000002"
    assert json.loads(receipt.snapshot)["amount"] == signed
    assert "TEST" in api.get(f"/receipts/{receipt.id}").json()["text"]


def test_a_drawer_is_opened_without_a_sale_for_a_reason(api: Terminal, shift: str) -> None:
    answer = api.post(f"/shifts/{shift}/no-sale", {"id": str(new_id()), "reason_code": "CHANGE"})

    assert (answer.status_code, answer.json()["kind"]) == (201, "NO_SALE")
    with nothing_happened():
        assert api.post(f"/shifts/{shift}/no-sale", {"id": str(new_id())}).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "PAID_OUT", "amount": {"amount": 0}, "reason_code": "X"},
        {"kind": "PAID_IN", "reason_code": "X"},
        {"kind": "PAID_OUT", "amount": {"amount": 5}},
        {"kind": "NO_SALE", "amount": {"amount": 5}, "reason_code": "X"},
        {"kind": "FLOAT", "amount": {"amount": 5}, "reason_code": "X"},
        {"kind": "PICKUP", "amount": {"amount": -5}},
        {"kind": "CORRECTION", "amount": {"amount": 5}, "corrects": str(new_id())},
        {"kind": "CORRECTION"},
        {"kind": "PAID_IN", "amount": {"amount": 5, "currency": "USD"}, "reason_code": "X"},
    ],
)
def test_what_does_not_fit_is_refused(api: Terminal, shift: str, body: dict[str, Any]) -> None:
    with nothing_happened():
        assert api.post(f"/shifts/{shift}/cash-movements", {"id": str(new_id()), **body}).status_code == 422


def test_a_movement_is_corrected_once(api: Terminal, shift: str) -> None:
    wrong = moved(api, shift, "PAID_IN", 999).json()["id"]

    first = moved(api, shift, "CORRECTION", corrects=wrong, reason_code="")
    assert (first.status_code, first.json()["amount"]["amount"], first.json()["source_id"]) == (201, -999, wrong)
    with nothing_happened():
        assert moved(api, shift, "CORRECTION", corrects=wrong, reason_code="").status_code == 409
        assert moved(api, shift, "CORRECTION", corrects=str(new_id()), reason_code="").status_code == 404


def test_a_movement_of_another_shift_is_not_corrected(api: Terminal, shift: str) -> None:
    wrong = moved(api, shift, "PAID_IN", 999).json()["id"]
    closed(api, shift, 0)
    later = opened(api)

    with nothing_happened():
        refused = moved(api, later, "CORRECTION", corrects=wrong, reason_code="")
    assert (refused.status_code, "shift 2 has no movement" in refused.json()["detail"]) == (404, True)


def test_moved_cash_is_append_only(api: Terminal, shift: str) -> None:
    from django.db import IntegrityError, transaction

    for change in (lambda rows: rows.update(amount=1), lambda rows: rows.delete()):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change(CashMovement.objects.filter(kind="PAID_OUT"))


def test_a_closed_shift_takes_no_cash_and_no_count(api: Terminal, shift: str) -> None:
    closed(api, shift, 0)

    with nothing_happened():
        assert moved(api, shift, "PAID_IN", 5).status_code == 409
        body = {"id": str(new_id()), "amount": {"amount": 5}}
        assert api.post(f"/shifts/{shift}/spot-counts", body).status_code == 409
        assert api.get(f"/shifts/{shift}/x-report").status_code == 409


def test_a_spot_count_notes_what_should_be_there(api: Terminal, shift: str) -> None:
    body = {"id": str(new_id()), "denominations": [{"value": 5000, "count": 2}, {"value": 50, "count": 1}]}

    answer = api.post(f"/shifts/{shift}/spot-counts", body)

    assert answer.status_code == 201
    count = CashCount.objects.get()
    assert (count.counted, count.expected) == (10050, 10700)


@pytest.mark.parametrize(
    "counts",
    [
        [],
        [{"tender_type": "card", "amount": {"amount": 0}}],
        [{"tender_type": "cash"}],
        [{"tender_type": "cash", "amount": {"amount": 5}, "denominations": [{"value": 1, "count": 4}]}],
        [{"tender_type": "cash", "amount": {"amount": 5}}, {"tender_type": "nothing", "amount": {"amount": 5}}],
        [{"tender_type": "cash", "denominations": [{"value": 0, "count": 4}]}],
    ],
)
def test_a_count_that_contradicts_itself_is_refused(api: Terminal, shift: str, counts: Any) -> None:
    with nothing_happened():
        assert api.post(f"/shifts/{shift}/close", {"counts": counts}).status_code == 422


def test_shifts_and_drawers_are_listed(api: Terminal, shift: str) -> None:
    closed(api, shift, 0)
    again = opened(api)

    assert [each["id"] for each in api.get("/shifts").json()["results"]] == [again, shift]
    assert [each["id"] for each in api.get("/shifts", state="CLOSED").json()["results"]] == [shift]
    (drawer,) = api.get("/drawers").json()["results"]
    assert (drawer["series"], [register["code"] for register in drawer["registers"]]) == ("R1", ["R1"])
    assert [each["id"] for each in api.get("/shifts", drawer=drawer["id"]).json()["results"]] == [again, shift]
