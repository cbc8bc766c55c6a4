"""P8 of returns: what is quoted is what is given back, to the minor unit, and quoting changes nothing."""

from typing import Any

import pytest

from kernel.ids import new_id
from pos.models import Order, Return, TenderType
from tenants.models import Tenant
from tests.support import make
from tests.support.crew import StaffedTerminal, person
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened

COMMON = ("currency", "tax_total", "rounding_adjustment", "total")


@pytest.fixture(autouse=True)
def _catalogue(shop: Tenant) -> None:
    make.variant("MUG", 333)
    make.shift()


def sold(quantity: str = "7", step: int = 1) -> Order:
    TenderType.objects.filter(code="cash").update(rounding_step=step)
    return make.order(make.cash(100_000), lines=[make.asked(quantity=quantity)])


def of(order: Order, quantity: str) -> dict[str, Any]:
    line = {"order_line_id": str(order.lines.get().id), "quantity": quantity}
    return {"order_id": str(order.id), "lines": [line]}


def complete(api: Terminal, body: dict[str, Any]) -> Any:
    return api.post("/returns", {"id": str(new_id()), "occurred_at": "2026-11-23T12:00:00Z", **body})


@pytest.mark.parametrize("step", [1, 5, 100])
def test_p8_parts_of_an_order_are_quoted_as_they_are_given_back(api: Terminal, step: int) -> None:
    order = sold(step=step)
    for quantity in ("1", "0.333", "2", "3.667"):
        with nothing_happened():
            quoted = api.post("/return-quotes", of(order, quantity), key="").json()
        given = complete(api, of(order, quantity)).json()

        assert [quoted[name] for name in COMMON] == [given[name] for name in COMMON]
        assert [without_id(line) for line in quoted["lines"]] == [without_id(line) for line in given["lines"]]
    assert sum(each.total for each in Return.objects.all()) == order.total


@pytest.mark.parametrize("ways", [{"refund_to": "cash"}, {"refund_to": "card"}, {"refunds": [{"type": "cash"}]}])
def test_p8_goods_without_a_receipt_are_quoted_as_they_are_given_back(api: Terminal, ways: dict[str, Any]) -> None:
    TenderType.objects.filter(code="cash").update(rounding_step=5)
    body = {"lines": [{"sku": "MUG", "quantity": "3", "unit_price": {"amount": 111}}], **ways}

    with nothing_happened():
        quoted = api.post("/return-quotes", body, key="").json()

    given = complete(api, body).json()
    assert [quoted[name] for name in COMMON] == [given[name] for name in COMMON]
    assert quoted["total"]["amount"] == (333 if ways == {"refund_to": "card"} else 335)


def test_what_cannot_come_back_is_not_quoted(api: Terminal) -> None:
    order = sold("1")
    with nothing_happened():
        refused = [
            api.post("/return-quotes", of(order, "2"), key=""),
            api.post("/return-quotes", {**of(order, "1"), "order_id": str(new_id())}, key=""),
            api.post("/return-quotes", {"lines": [{"sku": "MUG", "quantity": "1"}]}, key=""),
            api.post(
                "/return-quotes",
                {"lines": [{"sku": "MUG", "quantity": "1", "unit_price": {"amount": 10_001}}]},
                key="",
            ),
        ]

    assert [answer.json()["code"] for answer in refused] == [
        "refund-exceeds-quantity",
        "not-found",
        "validation-failed",
        "return-above-limit",
    ]


def test_a_quote_asks_nobody_though_the_return_needs_an_approval() -> None:
    till = StaffedTerminal().sign_in(person("ANNA"))
    body = {"lines": [{"sku": "MUG", "quantity": "1", "unit_price": {"amount": 333}}]}

    assert till.post("/return-quotes", body, key="").status_code == 200
    assert complete(till, body).json()["code"] == "approval-required"


def without_id(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != "id"}
