"""Receipts of all kinds are found in one list by what people know of them (SH11)."""

from datetime import timedelta
from typing import Any

import pytest

from kernel.ids import new_id
from pos.models import Order, Receipt, Register
from tests.support import make
from tests.support.terminal import Terminal

ALL = ["R1-000001", "R1-000002", "R1-R000001", "R1-T-000001"]


@pytest.fixture
def till(api: Terminal) -> Terminal:
    """A till of a shop with two sales, one of them of Ada and returned, and one of training."""
    make.variant("MUG", 1000)
    make.variant("CUP", 2000)
    sold = make.order(make.cash(1000), email="Ada@shop.example")
    make.order(make.cash(2000), lines=[make.asked("CUP")])
    make.return_(sold, make.returning(sold))
    assert api.post("/orders", make.order_body(training=True)).status_code == 201
    return api


def found(till: Terminal, **query: Any) -> list[str]:
    answer = till.get("/receipts", **query)
    assert answer.status_code == 200, answer.content
    return [row["receipt"] for row in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ALL),
        ({"receipt": "R1-000002"}, ALL[1:2]),
        ({"receipt": "r1-r1"}, ALL[2:3]),
        ({"receipt": "r1-t-1"}, ALL[3:]),
        ({"receipt": "R2-000001"}, []),
        ({"number": 1}, [ALL[0], ALL[2], ALL[3]]),
        ({"number": 1, "kind": "RETURN"}, ALL[2:3]),
        ({"number": 99}, []),
        ({"kind": "ORDER"}, [ALL[0], ALL[1], ALL[3]]),
        ({"customer_email": "ada@SHOP.example"}, [ALL[0], ALL[2]]),
        ({"customer_email": "ada@SHOP.example", "kind": "RETURN"}, ALL[2:3]),
        ({"customer_email": "grace@shop.example"}, []),
        ({"total": 2000}, ALL[1:2]),
        ({"total": 1000, "currency": "EUR"}, [ALL[0], ALL[2], ALL[3]]),
        ({"total": 1000, "currency": "USD"}, []),
        ({"register_id": "019ac8f2-1b30-7f05-8a6c-2f8d0f6b9c02"}, []),
    ],
)
def test_sh11_receipts_are_found_by_what_is_asked_for(
    till: Terminal, query: dict[str, Any], expected: list[str]
) -> None:
    assert found(till, **query) == expected


def test_sh11_a_register_has_the_receipts_of_its_series(till: Terminal) -> None:
    mine = make.register()
    other = Register.objects.create(code="R2", name="Till 2", location=mine.location)

    assert found(till, register_id=str(mine.id)) == ALL
    assert found(till, register_id=str(other.id)) == []


def test_sh11_a_period_has_its_begin_and_not_its_end_and_follows_its_pages(till: Terminal) -> None:
    first, second, *_ = Receipt.objects.order_by("id")
    later = (Receipt.objects.order_by("-issued_at")[0].issued_at + timedelta(hours=1)).isoformat()

    pages, rows = till.get("/receipts", recorded_from=first.issued_at.isoformat(), limit=3).json(), []
    rows += pages["results"]
    rows += till.client.get(pages["next"], headers=till.headers).json()["results"]

    assert sorted(row["receipt"] for row in rows) == ALL
    assert [row["issued_at"] for row in rows] == sorted(row["issued_at"] for row in rows)
    assert found(till, recorded_from=later) == []
    assert found(till, recorded_before=second.issued_at.isoformat(), total=2000) == []


def test_sh11_a_row_says_what_it_is_of(till: Terminal) -> None:
    order = Order.objects.get(receipt_number=1, training=False)

    (row,) = till.get("/receipts", receipt="R1-000001").json()["results"]

    assert row["source_id"] == str(order.id)
    assert row["id"] == str(order.receipt_id)
    assert (row["kind"], row["series"], row["number"], row["training"], row["print_count"]) == (
        "ORDER", "R1", 1, False, 0,
    )  # fmt: skip
    assert row["total"] == {"amount": 1000, "currency": "EUR"}
    assert till.get(f"/receipts/{row['id']}").json()["hash"] == row["hash"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"colour": "red"}, 400, "unknown-parameter"),
        ({"receipt_number": "1"}, 400, "unknown-parameter"),
        ({"columns": "42"}, 400, "unknown-parameter"),
        ({"kind": "order"}, 422, "validation-failed"),
        ({"kind": ""}, 422, "validation-failed"),
        ({"number": "R1-000018"}, 422, "validation-failed"),
        ({"total": "10.00"}, 422, "validation-failed"),
        ({"currency": "EUR"}, 422, "validation-failed"),
        ({"recorded_from": "2026-11-26"}, 422, "validation-failed"),
        ({"register_id": "R1"}, 422, "validation-failed"),
        ({"customer_email": "ada"}, 422, "validation-failed"),
    ],
)
def test_sh11_what_cannot_be_meant_is_refused(till: Terminal, query: dict[str, str], status: int, code: str) -> None:
    answer = till.get("/receipts", **query)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_sh11_a_receipt_that_is_mailed_later_is_not_found_by_that_address(till: Terminal) -> None:
    receipt = Receipt.objects.order_by("id")[1]
    assert (
        till.post(f"/receipts/{receipt.id}/deliveries", {"to": "new@shop.example"}, key=str(new_id())).status_code
        == 202
    )

    assert found(till, customer_email="new@shop.example") == []
