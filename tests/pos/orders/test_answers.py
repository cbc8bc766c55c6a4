"""What a request is answered is made of the rows at hand: it is what the database would have given."""

from typing import Any

import pytest
from django.db import connection
from rest_framework.renderers import JSONRenderer

from events.testing.work import settle
from kernel.ids import new_id
from pos.models import Order, Register, Return, Shift, TenderType, Variant
from pos.orders.queries import orders
from pos.orders.serializers import OrderSerializer
from tenants.models import Tenant
from tests.support import make
from tests.support.make import order_body
from tests.support.terminal import Terminal

CASH = {"type": "cash", "amount": {"amount": 5000}}
CARD = {"type": "gateway", "amount": {"amount": 100}, "card_token": "tok_approve"}
SERVICE = {"description": "Engraving", "unit_price": {"amount": 333}, "tax_name": "Zero", "quantity": "1.5"}


def stored_answers() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT body::text FROM events_idempotencyrecord WHERE scope = 'orders' AND key = 'the-same-key'"
        )
        return [body for (body,) in cursor.fetchall()]


@pytest.fixture
def till(api: Terminal, shop: Tenant) -> Terminal:
    make.variant("MUG", 1000, barcode="4006381333931")
    make.variant("NET", 333, tax_rate="Standard, added")
    make.shift()
    return api


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"tenders": []},
        {"tenders": [CASH], "lines": [{"barcode": "4006381333931", "quantity": "0.125"}, SERVICE]},
        {"tenders": [CARD, {"type": "card", "amount": {"amount": 100}, "reference": " 4711 "}]},
        {"tenders": [CASH, CARD], "lines": [{"sku": "NET", "quantity": "3"}, {"sku": "MUG", "quantity": "1.10"}]},
        {"occurred_at": "2026-11-23T12:00:00.1234567+05:30", "note": " two\r\nlines ", "customer_email": "a@b.test"},
        {
            "lines": [{"sku": "MUG", "quantity": "1", "description": "A gift", "unit_price": {"amount": 0}}],
            "tenders": [],
        },
    ],
)
def test_an_order_is_answered_as_it_is_shown_and_replayed(till: Terminal, more: dict[str, Any]) -> None:
    body = order_body(**more)

    placed = till.post("/orders", body, key="the-same-key")

    assert placed.status_code == 201
    assert till.get(f"/orders/{body['id']}").content == placed.content
    assert till.post("/orders", body, key="the-same-key").content == placed.content
    assert till.post("/orders", body, key="another-key").content == placed.content
    assert stored_answers() == [placed.content.decode()]
    order = orders().get()
    assert placed.content == JSONRenderer().render(OrderSerializer(order).data)
    assert till.get("/orders").json()["results"] == [placed.json()]


def test_further_tenders_a_void_and_a_return_are_answered_as_the_order_is_shown(till: Terminal) -> None:
    paid, void = order_body(tenders=[CARD]), order_body(tenders=[CARD])
    for body in (paid, void):
        till.post("/orders", body)
    settle()
    path = f"/orders/{paid['id']}"

    some = till.post(f"{path}/tenders", {"tenders": [{"type": "cash", "amount": {"amount": 300}}]}, key="some-tenders")
    assert some.content == till.get(path).content
    rest = till.post(f"{path}/tenders", {"tenders": [CASH]}, key="all-tenders")
    assert (rest.content, rest.json()["status"]) == (till.get(path).content, "COMPLETED")
    assert [tender["number"] for tender in rest.json()["tenders"]] == [1, 2, 3]
    voided = till.post(f"/orders/{void['id']}/void", {"reason": "Changed their mind"})
    assert (voided.content, voided.json()["status"]) == (till.get(f"/orders/{void['id']}").content, "VOIDED")
    line = {"order_line_id": rest.json()["lines"][0]["id"], "quantity": "0.5"}
    back = {"id": str(new_id()), "order_id": paid["id"], "occurred_at": "2026-11-23T12:00:00Z", "lines": [line]}
    returned = till.post("/returns", back)
    assert returned.content == till.get(f"/returns/{back['id']}").content


def _close_the_shift() -> None:
    Shift.objects.update(state=Shift.State.CLOSED)


def _stop_selling() -> None:
    Variant.objects.update(active=False)


def _take_no_cash() -> None:
    TenderType.objects.filter(code="cash").update(code="coins")


@pytest.mark.parametrize("change", [_close_the_shift, _stop_selling, _take_no_cash])
def test_a_request_that_placed_an_order_gets_it_again_whatever_has_changed_since(till: Terminal, change: Any) -> None:
    body = order_body(tenders=[CASH])
    placed = till.post("/orders", body)
    change()

    again = till.post("/orders", body)
    other = till.post("/orders", {**body, "note": "Other content"})
    unknown = till.post("/orders", order_body(tenders=[CASH] if change is _take_no_cash else []))

    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert {**again.json(), "tenders": []} == {**placed.json(), "tenders": []}
    assert (other.status_code, other.json()["code"]) == (409, "order-exists")
    assert unknown.json()["code"] in {"shift-not-open", "validation-failed", "tender-mismatch"}
    assert Order.objects.count() == 1


def test_a_request_that_returned_all_of_an_order_gets_its_return_again(till: Terminal) -> None:
    order = till.post("/orders", order_body()).json()
    line = {"order_line_id": order["lines"][0]["id"], "quantity": "1"}
    body = {"id": str(new_id()), "order_id": order["id"], "occurred_at": "2026-11-23T12:00:00Z", "lines": [line]}
    returned = till.post("/returns", body)

    again, other = till.post("/returns", body), till.post("/returns", {**body, "reason": "Other content"})
    more = till.post("/returns", {**body, "id": str(new_id())})

    assert (again.status_code, again.content) == (201, returned.content)
    assert (other.status_code, other.json()["code"]) == (409, "return-exists")
    assert (more.status_code, more.json()["code"]) == (422, "refund-exceeds-quantity")
    assert Return.objects.count() == 1


def test_an_order_whose_id_was_used_gives_its_receipt_number_back(till: Terminal) -> None:
    body = order_body()
    till.post("/orders", body)

    refused = till.post("/orders", {**body, "note": "Other content"})

    assert (refused.json()["code"], Register.objects.get().next_receipt_number) == ("order-exists", 2)
    assert till.post("/orders", order_body()).json()["receipt_number"] == 2


def test_a_receipt_number_that_was_given_before_is_not_taken_for_an_id_that_was_used(till: Terminal) -> None:
    till.post("/orders", order_body())
    Register.objects.update(next_receipt_number=1)

    refused = till.post("/orders", order_body())

    assert (refused.status_code, refused.json()["code"]) == (409, "already-exists")
    assert Order.objects.count() == 1


def test_lines_and_tenders_whose_ids_were_used_are_not_taken_for_the_order(till: Terminal) -> None:
    line, tender = str(new_id()), str(new_id())
    bodies = [
        order_body(lines=[{"id": line, "sku": "MUG", "quantity": "1"}], tenders=[]),
        order_body(lines=[{"id": line, "sku": "MUG", "quantity": "1"}], tenders=[]),
        order_body(tenders=[{**CASH, "id": tender}]),
        order_body(tenders=[{**CASH, "id": tender}]),
    ]

    answers = [till.post("/orders", body) for body in bodies]

    assert [each.json().get("code") for each in answers] == [None, "already-exists", None, "already-exists"]
    assert (Order.objects.count(), Register.objects.get().next_receipt_number) == (2, 2)


@pytest.mark.parametrize("path", ["/orders", "/returns"])
def test_orders_and_returns_find_goods_by_one_rule(till: Terminal, path: str) -> None:
    lines = [
        {"sku": "MUG", "unit_price": {"amount": 1}, "quantity": "1"},
        {"sku": "NOPE", "unit_price": {"amount": 1}, "quantity": "1"},
        {"description": "Engraving", "unit_price": {"amount": 1}, "tax_name": "Nope", "quantity": "1"},
    ]

    refused = till.post(path, {"id": str(new_id()), "occurred_at": "2026-11-23T12:00:00Z", "lines": lines})

    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {"pointer": "/lines/1", "code": "unknown-variant", "detail": "this shop sells no NOPE"},
        {"pointer": "/lines/2", "code": "unknown-tax-rate", "detail": "this shop has no tax rate 'Nope'"},
    ]
