"""The REST API as a terminal meets it."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from events.subscriptions import queries
from events.testing.work import settle
from kernel.ids import new_id
from pos.models import Device, Shift
from pos.orders.api import OrderPages
from tenants.models import Tenant
from tests.support import make
from tests.support.make import order_body
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened


@pytest.fixture
def till(api: Terminal) -> Terminal:
    make.variant("MUG", 1000, barcode="4006381333931")
    make.shift()
    return api


def test_the_whole_way_of_a_terminal(api: Terminal) -> None:
    shift = api.post("/shifts", {"id": str(new_id()), "float_amount": {"amount": 10_000, "currency": "EUR"}})
    product = api.post(
        "/products",
        {"sku": "TEA", "name": "Tea", "price": {"amount": 525}, "tax_name": "Zero", "barcodes": ["12345678"]},
    )
    settle()
    goods = api.post(
        "/goods-receipts", {"id": str(new_id()), "lines": [{"variant_id": product.json()["id"], "quantity": "5"}]}
    )
    settle()
    found = api.get("/variants", barcode="12345678").json()["results"]
    order = api.post("/orders", order_body(lines=[{"barcode": "12345678", "quantity": "2"}], tenders=[]))
    paid = api.post(
        f"/orders/{order.json()['id']}/tenders", {"tenders": [{"type": "cash", "amount": {"amount": 1100}}]}
    )
    settle()
    line = paid.json()["lines"][0]["id"]
    returned = api.post(
        "/returns",
        {
            "id": str(new_id()),
            "order_id": paid.json()["id"],
            "occurred_at": "2026-11-23T12:00:00Z",
            "lines": [{"order_line_id": line, "quantity": "1"}],
        },
    )
    settle()
    stock = api.get("/stock").json()["results"]

    assert [answer.status_code for answer in (shift, product, goods, order, paid, returned)] == [201] * 6
    assert found[0]["on_hand"] == "5.000"
    assert order.json()["due"] == {"amount": 1050, "currency": "EUR"}
    assert paid.json()["change_total"] == {"amount": 50, "currency": "EUR"}
    assert returned.json()["total"] == {"amount": 525, "currency": "EUR"}
    assert stock[0]["on_hand"] == "4.000"
    assert api.get("/shifts/current").json()["id"] == shift.json()["id"]
    assert [movement["kind"] for movement in api.get("/stock-movements").json()["results"]] == [
        "RECEIPT", "ORDER", "RETURN",
    ]  # fmt: skip
    payments = api.get("/payments", order_id=paid.json()["id"]).json()["results"]
    assert payments[0]["refunds"][0]["amount"] == {"amount": 525, "currency": "EUR"}
    assert api.get(f"/returns/{returned.json()['id']}").json() == returned.json()
    assert api.get(f"/variants/{product.json()['id']}").json()["sku"] == "TEA"


def test_the_receipt_as_json_and_as_text(till: Terminal) -> None:
    order = till.post("/orders", order_body()).json()

    as_json = till.get(f"/orders/{order['id']}/receipt")
    headers = {**till.headers, "Accept": "text/plain"}
    as_text = till.client.get(f"/api/v1/orders/{order['id']}/receipt", headers=headers)

    assert as_json.json()["receipt"] == "R1-000001"
    assert as_text.content.decode() == as_json.json()["text"]
    assert all(len(line) <= 42 for line in as_text.content.decode().splitlines())
    placed = till.post("/orders", order_body(tenders=[])).json()
    assert till.get(f"/orders/{placed['id']}/receipt").json()["code"] == "order-not-editable"


@pytest.mark.parametrize("accept", ["text/plain", "text/*", "application/json", "text/plain, application/json;q=0.1"])
def test_in09_a_problem_is_json_whatever_is_accepted(till: Terminal, accept: str) -> None:
    placed = till.post("/orders", order_body(tenders=[])).json()
    paths = {f"/orders/{placed['id']}/receipt": 409, f"/orders/{new_id()}/receipt": 404, "/orders/x/receipt": 404}

    for path, status in paths.items():
        answer = till.client.get(f"/api/v1{path}", headers={**till.headers, "Accept": accept})
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
        assert json.loads(answer.content)["status"] == status
    stranger = till.client.get(
        f"/api/v1/orders/{new_id()}/receipt", headers={"Host": "north.localhost", "Accept": accept}
    )
    assert (stranger.status_code, json.loads(stranger.content)["code"]) == (401, "device-token-missing")


@pytest.mark.parametrize(
    "path", ["/api/schema", "/api/docs", "/api/v1/orders", "/api/v1/nowhere", "/api/v1/events/stream"]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_in09_what_a_path_of_the_api_refuses_is_a_problem(till: Terminal, path: str, method: str) -> None:
    browser = Client(enforce_csrf_checks=True, headers={**till.headers, "Host": "north.localhost"})

    for accept in ("text/html", "text/event-stream", "*/*"):
        answer = browser.generic(method, path, b"{}", "application/json", headers={"Accept": accept})

        assert 400 <= answer.status_code < 500
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert json.loads(answer.content)["status"] == answer.status_code


@pytest.mark.parametrize(
    ("limit", "pages"),
    [
        (500, [[1, 1], [4], [1, 2], [3], [3]]),
        (1, [[1], [1], [4], [1], [2], [3], [3]]),
        (2, [[1, 1], [4], [1, 2], [3], [3]]),
    ],
)
def test_w04_a_page_is_bounded_by_the_lines_of_its_orders(
    till: Terminal, monkeypatch: pytest.MonkeyPatch, limit: int, pages: list[list[int]]
) -> None:
    for lines in (1, 1, 4, 1, 2, 3, 3):
        placed = till.post("/orders", order_body(lines=[{"sku": "MUG", "quantity": "1"}] * lines, tenders=[]))
        assert placed.status_code == 201
    monkeypatch.setattr(OrderPages, "most_nested", 3)

    page = till.get("/orders", limit=limit).json()
    forward, backward = [page], []
    while page["next"]:
        page = till.client.get(page["next"], headers=till.headers).json()
        forward.append(page)
    backward.append(page)
    while page["previous"]:
        page = till.client.get(page["previous"], headers=till.headers).json()
        backward.append(page)

    assert [[len(order["lines"]) for order in page["results"]] for page in forward] == pages
    ids = [order["id"] for page in forward for order in page["results"]]
    assert len(ids) == len(set(ids)) == 7
    assert [order["id"] for page in reversed(backward) for order in page["results"]] == ids
    assert all(sum(len(order["lines"]) for order in page["results"]) <= 4 for page in backward)


def test_an_order_may_be_voided_by_a_terminal(till: Terminal) -> None:
    placed = till.post("/orders", order_body(tenders=[])).json()

    voided = till.post(f"/orders/{placed['id']}/void", {"reason": "changed their mind"})

    assert voided.json()["status"] == "VOIDED"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"id": "01890000-0000-4000-8000-000000000000"}, "/id"),
        ({"id": "x"}, "/id"),
        ({"lines": []}, "/lines"),
        ({"lines": [{"sku": "MUG", "quantity": "0"}]}, "/lines/0/quantity"),
        ({"lines": [{"sku": "MUG", "quantity": "1.0001"}]}, "/lines/0/quantity"),
        ({"lines": [{"quantity": "1"}]}, "/lines/0"),
        ({"lines": [{"sku": "MUG", "barcode": "1", "quantity": "1"}]}, "/lines/0"),
        ({"tenders": [{"type": "cash", "amount": 5}]}, "/tenders/0/amount"),
        ({"tenders": [{"type": "cash", "amount": {"amount": 1.5}}]}, "/tenders/0/amount"),
        ({"tenders": [{"type": "cash", "amount": {"amount": 5, "currency": "USD"}}]}, "/tenders/0/amount"),
        ({"occurred_at": "2126-01-01T00:00:00Z", "tenders": []}, "/occurred_at"),
        ({"customer_email": "nobody"}, "/customer_email"),
        ({"customer_email": f"a@{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 63}.example"}, "/customer_email"),
    ],
)
def test_bad_input_is_refused_with_a_pointer_and_changes_nothing(
    till: Terminal, change: dict[str, Any], pointer: str
) -> None:
    with nothing_happened():
        response = till.post("/orders", order_body(**change))

    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["code"] == "validation-failed"
    assert pointer in [error["pointer"] for error in problem["errors"]]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ({"sku": "MUG", "barcode": "4006381333931"}, "Name the goods once, not by barcode and sku."),
        ({}, "Name a variant_id, barcode or sku, or a service by description, unit_price and tax_name."),
        ({"tax_name": "Zero", "unit_price": {"amount": 5}}, "Name a variant_id, barcode or sku, or a service"),
        ({"description": "Engraving", "unit_price": {"amount": 5}}, "Name a variant_id, barcode or sku, or a service"),
    ],
)
def test_a_line_names_its_goods_once(till: Terminal, line: dict[str, Any], sentence: str) -> None:
    with nothing_happened():
        answer = till.post("/orders", order_body(lines=[{"quantity": "1", **line}]))

    [error] = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, "/lines/0")
    assert error["detail"].startswith(sentence)


def test_the_id_of_an_order_is_not_used_for_another_one(till: Terminal) -> None:
    asked = order_body()
    first = till.post("/orders", asked)

    with nothing_happened():
        again = till.post("/orders", {**asked, "note": "gift"})

    assert first.status_code == 201
    assert (again.status_code, again.json()["code"], again.json()["order_id"]) == (409, "order-exists", asked["id"])


def test_ids_that_were_used_before_are_refused_and_nothing_is_recorded(till: Terminal) -> None:
    line, tender = str(new_id()), str(new_id())
    asked = {"lines": [{"id": line, "sku": "MUG", "quantity": "1"}], "tenders": []}
    paying = {"id": tender, "type": "cash", "amount": {"amount": 1000}}
    first = till.post("/orders", order_body(**{**asked, "tenders": [paying]}))
    settle()

    with nothing_happened():
        answers = [
            till.post("/orders", order_body(**asked)),
            till.post("/orders", order_body(lines=asked["lines"] * 2, tenders=[])),
            till.post("/orders", order_body(lines=[{"sku": "MUG", "quantity": "1"}], tenders=[paying])),
        ]

    assert first.status_code == 201
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "already-exists")] * 3
    assert answers[0].json()["detail"] == f"Nothing was recorded. Key (id)=({line}) already exists. (in pos_orderline)"


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("/goods-receipts", [{"quantity": "5"}]),
        ("/stock-adjustments", [{"quantity": "-1", "reason": "broken"}, {"quantity": "2", "reason": "found"}]),
    ],
)
def test_a_document_is_posted_once_under_whatever_key(till: Terminal, path: str, lines: list[dict[str, str]]) -> None:
    settle()
    mug = till.get("/variants", sku="MUG").json()["results"][0]["id"]
    asked = {"id": str(new_id()), "lines": [{"variant_id": mug, **line} for line in lines]}

    first, again = till.post(path, asked), till.post(path, asked)
    with nothing_happened():
        other = till.post(path, {**asked, "lines": [{**asked["lines"][0], "quantity": "7"}]})

    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert (other.status_code, other.json()["code"]) == (409, "document-exists")
    movements = till.get("/stock-movements").json()["results"]
    assert [Decimal(each["quantity"]) for each in movements] == [Decimal(line["quantity"]) for line in lines]


def test_a_shift_that_was_closed_is_not_opened_again(api: Terminal) -> None:
    shift = make.shift()
    Shift.objects.filter(id=shift.id).update(state="CLOSED")

    with nothing_happened():
        again = api.post("/shifts", {"id": str(shift.id), "float_amount": {"amount": 0}})

    assert (again.status_code, again.json()["code"]) == (409, "already-exists")


def test_malformed_json_wrong_paths_and_methods_are_problems(till: Terminal) -> None:
    headers = {**till.headers, "Idempotency-Key": "some-good-key"}

    with nothing_happened():
        broken = till.client.post("/api/v1/orders", "{", content_type="application/json", headers=headers)
        nowhere = till.get("/nowhere")
        method = till.client.delete("/api/v1/orders", headers=headers)
        media = till.client.post("/api/v1/orders", "x", content_type="text/csv", headers=headers)

    assert (broken.status_code, broken.json()["code"]) == (400, "malformed-json")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not-found")
    assert (method.status_code, method.json()["code"]) == (405, "method-not-allowed")
    assert (media.status_code, media.json()["code"]) == (415, "unsupported-media-type")


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", "Bearer tf.north.wrong", "Basic abc"])
def test_a_bad_token_is_refused(till: Terminal, token: str) -> None:
    till.headers["Authorization"] = token

    response = till.get("/orders")

    assert response.status_code == 401
    assert response.json()["code"] in {"device-token-missing", "device-token-invalid"}


def test_a_revoked_device_is_refused(till: Terminal) -> None:
    Device.objects.update(status="REVOKED")

    assert till.get("/orders").json()["code"] == "device-revoked"


def test_pages_follow_their_cursor(till: Terminal) -> None:
    for _ in range(3):
        till.post("/orders", order_body())

    first = till.get("/orders", limit=2).json()
    second = till.client.get(first["next"], headers=till.headers).json()

    assert (len(first["results"]), len(second["results"]), second["next"]) == (2, 1, None)


def test_the_feed_gives_public_events_in_order_and_no_others(till: Terminal) -> None:
    till.post("/orders", order_body(customer_email="ada@example.test"))

    page = till.get("/events", after=0, limit=2).json()
    rest = till.get("/events", after=page["next_after"]).json()
    chosen = till.get("/events", types="pos.order_completed").json()

    types = [event["type"] for event in page["events"] + rest["events"]]
    assert types == [
        "pos.variant_changed", "pos.shift_opened", "pos.order_placed", "pos.receipt_issued", "pos.order_completed",
    ]  # fmt: skip
    assert [event["type"] for event in chosen["events"]] == ["pos.order_completed"]
    assert "ada@example.test" not in str(rest)
    assert till.get("/events", after="x").status_code == 400


@pytest.mark.parametrize(("size", "pages"), [(1, [1, 1, 1, 1, 1, 0]), (10**9, [5, 0])])
def test_w04_a_page_of_a_feed_is_bounded_by_what_its_events_hold(
    till: Terminal, monkeypatch: pytest.MonkeyPatch, size: int, pages: list[int]
) -> None:
    till.post("/orders", order_body())
    monkeypatch.setattr(queries, "FEED_PAGE_BYTES", size)

    found, after, positions = [], 0, []
    while not found or found[-1]:
        page = till.get("/events", after=after, limit=1000).json()
        found.append(len(page["events"]))
        positions += [event["position"] for event in page["events"]]
        after = page["next_after"]

    assert found == pages
    assert positions == sorted(set(positions))


def test_a_request_id_is_carried_into_the_events(till: Terminal) -> None:
    request_id = str(new_id())
    till.headers["X-Request-Id"] = request_id

    answered = till.post("/orders", order_body())

    (event,) = till.get("/events", types="pos.order_placed").json()["events"]
    assert answered.headers["X-Request-Id"] == event["correlation_id"] == request_id


def test_the_document_is_served_to_anyone_and_made_once(
    shop: Tenant, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.get("/api/schema", headers={"Host": "north.localhost"})
    monkeypatch.setattr(SchemaGenerator, "get_schema", lambda *_, **__: 1 / 0)
    again = client.get("/api/schema", headers={"Host": "south.localhost"})
    tag = first.headers["ETag"]
    known = client.get("/api/schema", headers={"Host": "north.localhost", "If-None-Match": tag})

    assert (first.status_code, again.status_code, known.status_code) == (200, 200, 304)
    assert json.loads(first.content)["openapi"] == "3.1.0"
    assert again.content == first.content


def test_the_page_of_the_document_runs_no_script_that_a_strict_policy_refuses(shop: Tenant, client: Client) -> None:
    page = client.get("/api/docs", headers={"Host": "north.localhost"}).content.decode()
    script = client.get("/api/docs?script=", headers={"Host": "north.localhost"})

    assert re.findall(r"<script(?! src=)[^>]*>", page) == []
    assert 'src="/api/docs?script="' in page
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert b"/api/schema" in script.content


def test_f4_a_card_token_with_a_tender_that_charges_nothing_is_a_problem_on_both_routes(till: Terminal) -> None:
    tender = {"type": "card", "amount": {"amount": 1000}, "card_token": "tok_decline"}
    placed = till.post("/orders", order_body(tenders=[])).json()

    with nothing_happened():
        answers = [
            till.post("/orders", order_body(tenders=[tender])),
            till.post(f"/orders/{placed['id']}/tenders", {"tenders": [tender]}),
        ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "tender-mismatch")] * 2
