"""A quote is what the order comes to, and its receipt says (P8); nothing is written for it."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.testing.work import settle
from kernel.ids import new_id
from kernel.money import formatted
from pos.models import Location, TenderType
from tenants.models import Tenant
from tests.support import make
from tests.support.taxing import rate, tax_class
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened

COMMON = (
    "currency", "rounding_level", "discounts", "discount_total", "subtotal", "tax_total", "rounding_adjustment", "total",
)  # fmt: skip


@pytest.fixture
def till(api: Terminal, shop: Tenant) -> Terminal:
    make.variant("MUG", 333)
    tax_class("Goods", rate("GST", "0.05", inclusive=False), rate("QST", "0.09975", inclusive=False))
    tax_class("Fuel", rate("VAT", "0.19"))
    TenderType.objects.filter(code="cash").update(rounding_step=5)
    make.shift()
    return api


def without_ids(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in line.items() if name != "id"} for line in lines]


discounts = st.lists(
    st.one_of(
        st.decimals("0.0001", "100", places=4).map(lambda percent: {"percent": f"{percent:f}"}),
        st.just({"amount": {"amount": 1}, "name": "One"}),
    ),
    max_size=2,
)
goods = st.one_of(
    st.just({"sku": "MUG"}),
    st.tuples(st.sampled_from(["Goods", "Fuel"]), st.decimals("50", "9999", places=3)).map(
        lambda of: {"description": "x", "tax_name": of[0], "unit_price": {"amount_decimal": f"{of[1]:f}"}}
    ),
)
lines = st.tuples(goods, st.integers(1, 9), st.booleans()).map(
    lambda of: {**of[0], "quantity": str(of[1]), "discounts": [{"percent": "7.5"}] if of[2] else []}
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asked=st.lists(lines, min_size=1, max_size=4),
    off=discounts,
    level=st.sampled_from(["LINE", "ORDER"]),
    tender=st.sampled_from(["cash", "card"]),
)
def test_p8_a_quote_is_what_is_completed_and_printed(
    till: Terminal, asked: list[dict[str, Any]], off: list[dict[str, Any]], level: str, tender: str
) -> None:
    Location.objects.update(rounding_level=level)
    sent = {"lines": asked, "discounts": off, "occurred_at": "2026-11-23T12:00:00Z"}
    with nothing_happened():
        answer = till.post("/price-quotes", {**sent, "tender_type": tender}, key="")
    quoted = answer.json()
    assert answer.status_code in {200, 422}
    if answer.status_code == 422:
        assert till.post("/orders", make.order_body(**sent, tenders=[])).json()["code"] == quoted["code"]
        return
    total = quoted["total"]["amount"]
    tenders = [{"type": tender, "amount": {"amount": total}}] if total else []

    order = till.post("/orders", make.order_body(**sent, tenders=tenders)).json()

    if total or not quoted["rounding_adjustment"]["amount"]:
        assert order["status"] == "COMPLETED"
        assert [order[name] for name in COMMON] == [quoted[name] for name in COMMON]
        receipt = till.get(f"/orders/{order['id']}/receipt").json()["text"]
        assert formatted(total, "EUR") in receipt
    assert without_ids(order["lines"]) == without_ids(quoted["lines"])


def test_a_quote_needs_no_shift_and_no_key_and_has_the_prices_of_now(api: Terminal, shop: Tenant) -> None:
    make.variant("MUG", 333)

    quoted = api.post("/price-quotes", {"lines": [{"sku": "MUG", "quantity": "3"}]}, key="")

    assert (quoted.status_code, quoted.json()["total"]["amount"]) == (200, 999)
    settle()


def test_what_a_quote_names_and_the_shop_lacks_is_refused(till: Terminal) -> None:
    line = {"sku": "MUG", "quantity": "1"}
    for more, code in (
        ({"lines": [{"sku": "NOPE", "quantity": "1"}]}, "validation-failed"),
        ({"lines": [line], "tender_type": "coins"}, "tender-mismatch"),
        ({"lines": [line], "discounts": [{"amount": {"amount": 334}}]}, "discount-exceeds-price"),
        ({"lines": []}, "validation-failed"),
        ({"lines": [{**line, "quantity": "100000000"}] * 11}, "number-too-large"),
    ):
        refused = till.post("/price-quotes", more, key="")
        assert (refused.status_code, refused.json()["code"]) == (422, code)


@pytest.mark.parametrize("path", ["/price-quotes", "/return-quotes"])
def test_a_quote_of_two_lines_with_one_id_is_refused_at_the_second(till: Terminal, path: str) -> None:
    """The order or return of them is refused as well, when they are written."""
    service = {"description": "Fitting", "tax_name": "Fuel", "quantity": "1"}
    dear, cheap = ({**service, "unit_price": {"amount": price}} for price in (9000, 100))
    given = {"id": str(new_id())}

    refused = till.post(path, {"lines": [{**dear, **given}, {**cheap, **given}]})
    told_apart = till.post(path, {"lines": [{**dear, **given}, cheap]})

    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["pointer"], error["code"]) == (422, "/lines/1/id", "repeated-id")
    assert told_apart.json()["total"]["amount"] == 9100
