"""What nobody reads is refused, and limits that are none; names that were renamed are taken under both."""

import json
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from events.testing.work import names, settle
from kernel import limits
from kernel.ids import new_id
from pos.models import Order
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support import make
from tests.support.document import asked_of, is_for_terminals, operations
from tests.support.make import order_body
from tests.support.terminal import Terminal, terminal
from web.fields import QuantityField
from web.scopes import ALL_SCOPES
from web.throttles import DeviceThrottle


@pytest.fixture
def till(api: Terminal) -> Terminal:
    make.variant("MUG", 1000)
    make.shift()
    return api


@pytest.fixture
def ask(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ARG001
    """Send something to an operation of the document, as somebody who may."""
    monkeypatch.setattr(DeviceThrottle, "allow_request", lambda *_: True)
    token = terminal("north").headers["Authorization"]
    key = f"Bearer {issue_api_key(name='all', scopes=ALL_SCOPES)}"

    def send(method: str, path: str, operation: Any, query: str, body: Any) -> Any:
        authorization = token if is_for_terminals(operation) else key
        headers = {"Host": "north.localhost", "Authorization": authorization, "Idempotency-Key": str(new_id())}
        url = asked_of(path) + query
        return APIClient().generic(method.upper(), url, json.dumps(body), "application/json", headers=headers)

    return send


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"discount": {"amount": 500}}, "/discount"),
        ({"tip": 1}, "/tip"),
        ({"lines": [{"sku": "MUG", "quantity": "1", "discount": "10%"}]}, "/lines/0/discount"),
        ({"tenders": [{"type": "cash", "amount": {"amount": 1000}, "tip": 5}]}, "/tenders/0/tip"),
        ({"tenders": [{"type": "cash", "amount": {"amount": 1000, "tip": 5}}]}, "/tenders/0/amount"),
        ({"a/b~c": 1}, "/a~1b~0c"),
    ],
)
def test_in13_an_unknown_member_is_named_and_nothing_is_sold(
    till: Terminal, change: dict[str, Any], pointer: str
) -> None:
    before = names()

    answer = till.post("/orders", order_body(**change))

    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert (Order.objects.count(), names()) == (0, before)


def test_in13_unknown_members_stand_beside_what_else_is_wrong(till: Terminal) -> None:
    answer = till.post("/orders", order_body(discount=1, lines=[]))

    errors = {error["pointer"]: error["code"] for error in answer.json()["errors"]}
    assert errors == {"/discount": "unknown-member", "/lines": "empty"}


def test_in13_every_operation_refuses_what_nobody_reads(ask: Any) -> None:
    asked = 0
    for method, path, operation in operations():
        for_query = ask(method, path, operation, "?colour=red", {})
        assert (for_query.status_code, for_query.json()["code"]) == (400, "unknown-parameter"), (method, path)
        assert for_query.json()["parameter"] == "colour"
        if method != "get":
            for_body = ask(method, path, operation, "", {"colour": "red"})
            assert for_body.status_code == 422, (method, path, for_body.content)
            assert {"pointer": "/colour", "code": "unknown-member"}.items() <= next(
                error for error in for_body.json()["errors"] if error["pointer"] == "/colour"
            ).items()
        asked += 1

    assert asked > 40


@pytest.mark.parametrize(
    ("body", "member"),
    [
        (b'{"note": "a", "note": "b"}', "note"),
        (b'{"note": "a", "no\\u0074e": "a"}', "note"),
        (b'{"lines": [{"sku": "A", "quantity": "1", "quantity": "1"}]}', "quantity"),
        (b'{"lines": [{"unit_price": {"amount": 1, "amount": 2}}]}', "amount"),
        (b'{"x": [[{"": 1, "": 1}]]}', ""),
        (b'{"a": 1, "\\ud800": 1, "\\ud800": 1}', "?"),
    ],
)
def test_in13_a_member_that_is_given_twice_is_refused_at_any_depth(till: Terminal, body: bytes, member: str) -> None:
    answer = till.client.post("/api/v1/orders", body, content_type="application/json", headers=till.headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "repeated-member")
    assert answer.json()["member"] == member
    assert Order.objects.count() == 0


@pytest.mark.parametrize("body", [b'{"a": NaN}', b'{"a": -Infinity}', b"", b"{]", b"\xff", b'{"a": 1}{}', b"9" * 5000])
def test_in13_what_is_no_json_is_told_as_such(till: Terminal, body: bytes) -> None:
    answer = till.client.post("/api/v1/orders", body, content_type="application/json", headers=till.headers)

    assert (answer.status_code, answer.json()["code"]) in {(400, "malformed-json"), (422, "validation-failed")}


ODD_QUANTITIES = [
    "1_0", "1E2", "+1", "\u0661", " 1 ", "1 ", "1\n", "1.", ".5", "1,5", "0x1", "", "NaN", "Infinity", "1.5000", "1" * 9,
    "000000001", "1" * 5000, 1, 1.5, True, None, [], {}, "-1", "0", "0.000",
]  # fmt: skip


@pytest.mark.parametrize("quantity", ODD_QUANTITIES)
def test_in13_a_quantity_is_written_as_the_document_has_it(till: Terminal, quantity: Any) -> None:
    variant = make.variant("CUP", 1000)
    documents = {
        "/orders": order_body(lines=[{"sku": "MUG", "quantity": quantity}]),
        "/returns": {
            "id": str(new_id()),
            "occurred_at": "2026-11-23T12:00:00Z",
            "lines": [{"sku": "MUG", "unit_price": {"amount": 1}, "quantity": quantity}],
        },
        "/goods-receipts": {"id": str(new_id()), "lines": [{"variant_id": str(variant.id), "quantity": quantity}]},
    }

    for path, document in documents.items():
        answer = till.post(path, document)

        assert answer.status_code == 422, (path, answer.content)
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/lines/0/quantity"]


@pytest.mark.parametrize("quantity", ["1", "1.5", "0.001", "99999999.999", "100000000.0", "00000001.000"])
def test_in13_every_quantity_of_the_document_is_read(quantity: str) -> None:
    assert QuantityField().run_validation(quantity) == Decimal(quantity)
    assert QuantityField(min_value=-limits.LARGEST_QUANTITY).run_validation(f"-{quantity}") == -Decimal(quantity)


@pytest.mark.parametrize("path", ["/orders", "/stock", "/variants", "/payments", "/events"])
def test_in13_a_parameter_that_is_given_twice_is_refused(till: Terminal, path: str) -> None:
    answer = till.client.get(f"/api/v1{path}?limit=1&limit=2", headers=till.headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "repeated-parameter")


@pytest.mark.parametrize("limit", ["x", "0", "-1", "501", "1001", "1.5", "", "²", "9" * 5000, "1e2", "%00"])
def test_in18_every_limit_is_refused_outside_its_range(ask: Any, limit: str) -> None:
    limited = 0
    for method, path, operation in operations():
        for parameter in operation.get("parameters", []):
            if parameter["name"] == "limit" and not (limit == "501" and parameter["schema"]["maximum"] > 501):
                answer = ask(method, path, operation, f"?limit={limit}", None)
                assert answer.status_code == 422, (path, limit)
                assert [error["pointer"] for error in answer.json()["errors"]] == ["/limit"]
                limited += 1

    assert limited > 8


@pytest.mark.parametrize("cursor", ["x", "²", "-1", "9" * 5000, "%00", "", "cD1ub3RoaW5n", "Yz0x"])
def test_in08_a_cursor_that_no_page_gave_is_refused_by_every_page(ask: Any, cursor: str) -> None:
    pages = 0
    for method, path, operation in operations():
        if "cursor" in [parameter["name"] for parameter in operation.get("parameters", [])]:
            answer = ask(method, path, operation, f"?cursor={cursor}", None)
            assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid"), path
            pages += 1

    assert pages > 7


def test_pages_of_what_a_query_chose_follow_their_cursor(till: Terminal) -> None:
    for number in range(3):
        make.variant(f"CUP-{number}")

    first = till.get("/variants", q="CUP", limit=2).json()
    second = till.client.get(first["next"], headers=till.headers).json()

    assert (len(first["results"]), len(second["results"]), second["next"]) == (2, 1, None)


def test_a_renamed_member_is_taken_under_both_names_and_the_old_one_is_announced(till: Terminal) -> None:
    item = {"sku": "TEA", "name": "Tea", "price": {"amount": 525}}

    old = till.post("/products", {**item, "tax_rate": "Zero"})
    new = till.post("/products", {**item, "tax_name": "Zero"})
    both = till.post("/products", {**item, "tax_name": "Zero", "tax_rate": "Zero"})
    neither = till.post("/products", item)
    line = {"description": "Wrapping", "unit_price": {"amount": 100}, "quantity": "1"}
    nested = till.post("/orders", order_body(lines=[{**line, "tax_rate": "Zero"}], tenders=[]))

    assert (old.status_code, new.status_code, nested.status_code) == (201, 200, 201)
    assert old.json() == new.json()
    assert (new.json()["tax_name"], new.json()["tax_rate"]) == ("Zero", "Zero")
    assert old.headers["Deprecation"].startswith("@1")
    assert 'rel="deprecation"' in old.headers["Link"]
    assert "Deprecation" in nested.headers
    assert "Deprecation" not in new.headers
    assert [error["pointer"] for error in both.json()["errors"]] == ["/tax_rate"]
    assert [error["pointer"] for error in neither.json()["errors"]] == ["/tax_name"]


def test_a_renamed_parameter_is_taken_under_both_names(till: Terminal) -> None:
    settle()
    mug = till.get("/variants", sku="MUG").json()["results"][0]["id"]
    till.post("/goods-receipts", {"id": str(new_id()), "lines": [{"variant_id": mug, "quantity": "1"}]})

    old, new = till.get("/stock", variant=mug), till.get("/stock", variant_id=mug)
    other = till.get("/stock", variant=str(new_id()))

    assert len(old.json()["results"]) == 1
    assert old.json() == new.json()
    assert other.json()["results"] == []
    assert ("Deprecation" in old.headers, "Deprecation" in new.headers) == (True, False)


def test_members_of_answers_stand_under_both_names(till: Terminal) -> None:
    order = till.post("/orders", order_body()).json()
    asked = {"id": str(new_id()), "order_id": order["id"], "occurred_at": "2026-11-23T12:00:00Z"}
    line = {"order_line_id": order["lines"][0]["id"], "quantity": "1"}

    returned = till.post("/returns", {**asked, "lines": [line]}).json()
    shift = till.get("/shifts/current").json()

    assert (order["register_id"], order["shift_id"]) == (order["register"], order["shift"])
    assert (returned["order_id"], returned["register_id"]) == (returned["order"], returned["register"])
    assert returned["lines"][0]["order_line_id"] == returned["lines"][0]["order_line"] == line["order_line_id"]
    assert returned["refunds"][0]["tender_id"] == returned["refunds"][0]["tender"] == order["tenders"][0]["id"]
    assert shift["register_id"] == shift["register"]


def test_an_optional_text_that_is_empty_counts_as_left_out(till: Terminal) -> None:
    """A client that was made from an older document sends the defaults that it named."""
    line = {"sku": "MUG", "barcode": "", "description": "", "tax_rate": "", "quantity": "1"}
    tender = {"type": "cash", "amount": {"amount": 1000}, "reference": "", "card_token": ""}

    answer = till.post("/orders", order_body(lines=[line], tenders=[tender], customer_email="", note=""))

    assert answer.status_code == 201
    assert answer.json()["lines"][0]["description"] == "The MUG"


@pytest.mark.parametrize(
    ("path", "accept", "status", "sentence"),
    [
        ("/receipts/{receipt}?columns=40", "*/*", 422, "/columns: This is one of 42, 48."),
        ("/receipts/{receipt}", "image/png", 406, "application/json, text/plain, text/html, application/pdf is"),
        ("/orders", "text/csv", 406, "answered here; application/json is: leave the header out, or name it."),
        ("/orders?receipt=banana", "*/*", 422, "/receipt: Write a receipt's number as it is printed: R1-000018."),
        ("/returns?receipt=banana", "*/*", 422, "/receipt: Write a receipt's number as it is printed: R1-R000007."),
        ("/receipts?receipt=2", "*/*", 422, "/receipt: Write a receipt's number as it is printed: R1-000018."),
        ("/orders/{id}", "*/*", 404, "This shop has no order {id}: check the id in the path."),
        ("/returns/{id}", "*/*", 404, "This shop has no return {id}: check the id in the path."),
        ("/orders/banana", "*/*", 404, "Nothing answers at this path: /api/docs lists the paths"),
    ],
)
def test_a_problem_says_what_was_wrong_and_what_to_do(
    api: Terminal, path: str, accept: str, status: int, sentence: str
) -> None:
    make.variant()
    order, unknown = make.order(make.cash(1000)), str(new_id())
    order.refresh_from_db()
    address = path.format(receipt=order.receipt_id, id=unknown)

    answer = api.client.get(f"/api/v1{address}", headers={**api.headers, "Accept": accept})

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert sentence.format(id=unknown) in answer.json()["detail"]


def test_a_wrong_method_is_answered_with_those_that_there_are(api: Terminal) -> None:
    answer = api.client.delete("/api/v1/orders", headers=api.headers)

    assert answer.status_code == 405
    assert set(answer["Allow"].split(", ")) == {"GET", "POST", "HEAD"}
    assert answer.json()["detail"] == f"DELETE is not answered at this path; {answer['Allow']} are."
