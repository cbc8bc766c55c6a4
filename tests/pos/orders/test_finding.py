"""Orders and returns are found by what people know of them; what nobody reads is refused (SH11)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from kernel.ids import new_id
from pos.models import Location, Order, Register
from tests.support import make
from tests.support.terminal import Terminal


@pytest.fixture
def till(api: Terminal) -> Terminal:
    """A till of a shop with three orders: 1000 of Ada, completed; 1000 and 2000, of which one is voided."""
    make.variant("MUG", 1000)
    make.variant("CUP", 2000)
    make.order(make.cash(1000), email="Ada@shop.example")
    voided = make.order(lines=[make.asked("CUP")])
    assert api.post(f"/orders/{voided.id}/void", {"reason": "changed their mind"}).status_code == 200
    make.order(make.cash(1000))
    return api


def _found(till: Terminal, path: str = "/orders", **query: Any) -> list[str]:
    answer = till.get(path, **query)
    assert answer.status_code == 200, answer.content
    return [row.get("receipt") or row["status"] for row in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"receipt": "R1-000002"}, ["R1-000002"]),
        ({"receipt": "r1-2"}, ["R1-000002"]),
        ({"receipt": "R1-R000002"}, []),
        ({"receipt": "R2-000002"}, []),
        ({"receipt_number": 1}, ["R1-000001"]),
        ({"receipt_number": 99}, []),
        ({"receipt_number": 99, "status": "VOIDED"}, []),
        ({"status": "VOIDED"}, ["VOIDED"]),
        ({"status": "COMPLETED"}, ["R1-000001", "R1-000002"]),
        ({"customer_email": "ada@SHOP.example"}, ["R1-000001"]),
        ({"customer_email": "grace@shop.example"}, []),
        ({"total": 2000}, ["VOIDED"]),
        ({"total": 1000, "currency": "EUR"}, ["R1-000001", "R1-000002"]),
        ({"total": 1000, "currency": "USD"}, []),
        ({"total": 1000, "customer_email": "ada@shop.example"}, ["R1-000001"]),
        ({"register_id": "019ac8f2-1b30-7f05-8a6c-2f8d0f6b9c02"}, []),
    ],
)
def test_sh11_orders_are_found_by_what_is_asked_for(till: Terminal, query: dict[str, Any], found: list[str]) -> None:
    assert _found(till, **query) == found


def test_sh11_a_number_finds_the_orders_of_all_registers(till: Terminal) -> None:
    branch = Location.objects.create(code="B", name="Branch", currency="EUR")
    other = Register.objects.create(code="X-1", name="Till", location=branch)
    order = Order.objects.get(receipt_number=1)
    Order.objects.filter(receipt_number=2).update(register=other, series="X-1", receipt_number=1)

    assert sorted(_found(till, receipt_number=1)) == ["R1-000001", "X-1-000001"]
    assert _found(till, receipt="X-1-000001") == ["X-1-000001"]
    assert _found(till, register_id=str(order.register_id)) == ["R1-000001", "VOIDED"]


def test_sh11_a_period_has_its_begin_and_not_its_end_and_follows_its_pages(till: Terminal) -> None:
    """The orders were recorded in another order than that of their ids."""
    begin = timezone.now().replace(microsecond=0)
    first, second, third = Order.objects.order_by("id")
    for order, hours in ((first, 3), (second, 1), (third, 2)):
        Order.objects.filter(id=order.id).update(recorded_at=begin + timedelta(hours=hours))

    def at(hours: int) -> str:
        return (begin + timedelta(hours=hours)).isoformat()

    page = till.get("/orders", recorded_from=at(1), limit=2).json()
    after = till.client.get(page["next"], headers=till.headers).json()

    assert _found(till, recorded_from=at(1), recorded_before=at(3)) == ["VOIDED", "R1-000002"]
    assert _found(till, recorded_before=at(1)) == []
    assert _found(till, recorded_from=at(3), status="COMPLETED") == ["R1-000001"]
    assert [row["id"] for row in [*page["results"], *after["results"]]] == [
        str(second.id),
        str(third.id),
        str(first.id),
    ]
    assert after["next"] is None


def test_sh11_returns_are_found_by_what_is_asked_for(till: Terminal) -> None:
    order = Order.objects.get(receipt_number=1)
    returned = make.return_(order, make.returning(order))
    bare = {"id": str(new_id()), "occurred_at": "2026-11-23T12:00:00Z"}
    line = {"sku": "CUP", "unit_price": {"amount": 500}, "quantity": "1"}
    assert till.post("/returns", {**bare, "lines": [line]}).status_code == 201
    moment = returned.recorded_at.isoformat()

    asked: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["R1-R000001", "R1-R000002"]),
        ({"receipt": "R1-R000002"}, ["R1-R000002"]),
        ({"receipt": "R1-000002"}, []),
        ({"number": 1}, ["R1-R000001"]),
        ({"order_id": str(order.id)}, ["R1-R000001"]),
        ({"order_id": str(new_id())}, []),
        ({"customer_email": "ADA@shop.example"}, ["R1-R000001"]),
        ({"register_id": str(order.register_id)}, ["R1-R000001", "R1-R000002"]),
        ({"register_id": str(new_id())}, []),
        ({"total": 500, "currency": "EUR"}, ["R1-R000002"]),
        ({"recorded_from": moment, "total": 1000}, ["R1-R000001"]),
        ({"recorded_before": moment}, []),
    ]
    assert [sorted(_found(till, "/returns", **query)) for query, _ in asked] == [found for _, found in asked]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"receipt_number": "R1-000018"}, "invalid"),
        ({"receipt_number": "1e2"}, "invalid"),
        ({"receipt_number": "-1"}, "invalid"),
        ({"receipt_number": "1.0"}, "invalid"),
        ({"receipt_number": "9" * 30}, "max_value"),
        ({"receipt_number": ""}, "invalid"),
        ({"receipt": ""}, "blank"),
        ({"receipt": "banana"}, "receipt"),
        ({"receipt": "18"}, "receipt"),
        ({"receipt": "R1-"}, "receipt"),
        ({"receipt": "R" * 60}, "max_length"),
        ({"status": "voided"}, "invalid_choice"),
        ({"status": ""}, "invalid_choice"),
        ({"register_id": "R1"}, "invalid"),
        ({"recorded_from": "2026-11-26"}, "invalid"),
        ({"recorded_before": "yesterday"}, "invalid"),
        ({"recorded_from": ""}, "invalid"),
        ({"customer_email": ""}, "blank"),
        ({"customer_email": "ada"}, "invalid"),
        ({"total": "10.00"}, "invalid"),
        ({"total": "10", "currency": "eur"}, "invalid"),
        ({"currency": "EUR"}, "invalid"),
    ],
)
def test_sh11_a_value_that_cannot_be_meant_is_refused_at_its_parameter(
    till: Terminal, query: dict[str, str], code: str
) -> None:
    answer = till.get("/orders", **query)

    assert answer.status_code == 422, answer.content
    (error,) = answer.json()["errors"]
    assert error["pointer"] == f"/{list(query)[-1]}"
    assert error["code"] == code


def test_sh11_an_unknown_parameter_is_refused_with_those_that_are_known(till: Terminal) -> None:
    for path in ("/orders", f"/orders/{Order.objects.all()[0].id}", "/events", "/variants"):
        answer = till.get(path, colour="red")
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown-parameter")
        assert answer.json()["parameter"] == "colour"

    known = (
        "currency, cursor, customer_email, limit, receipt, receipt_number, recorded_before, recorded_from, register_id,"
        " status, total"
    )
    assert (
        till.get("/orders", colour="red").json()["detail"] == f"There is no parameter 'colour' here; known are {known}."
    )


def test_sh11_a_parameter_that_is_given_twice_or_without_a_value_is_no_list_of_everything(till: Terminal) -> None:
    twice = till.client.get("/api/v1/orders?status=VOIDED&status=PLACED", headers=till.headers)
    empty = till.get("/variants", barcode="")

    assert (twice.status_code, twice.json()["code"]) == (400, "repeated-parameter")
    assert empty.json()["errors"] == [
        {"pointer": "/barcode", "code": "blank", "detail": "This parameter is empty: give it a value, or leave it out."}
    ]
