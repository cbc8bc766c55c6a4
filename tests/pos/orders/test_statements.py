"""How many statements an order costs, as PostgreSQL's log counts them."""

from typing import Any

import pytest
from django.db import close_old_connections

from tenants.models import Tenant
from tests.support import make
from tests.support.pricing import price_list
from tests.support.server_log import is_readable, statements_logged
from tests.support.taxing import rate, tax_class
from tests.support.terminal import terminal

AT_MOST = 6
SKUS = ("MUG", "TEA", "CUP")


def order() -> dict[str, Any]:
    """Return three lines and cash."""
    return make.order_body(
        lines=[{"sku": sku, "quantity": "1"} for sku in SKUS],
        tenders=[{"type": "cash", "amount": {"amount": 3000}}],
    )


def order_of_much() -> dict[str, Any]:
    """Return five lines of two taxes, with discounts of a line and of the order, card and cash."""
    service = {"description": "x", "unit_price": {"amount": 1000}, "tax_name": "Goods", "quantity": "1"}
    return make.order_body(
        lines=[{**service, "discounts": [{"percent": "5"}]}, *[service] * 4],
        discounts=[{"percent": "10"}],
        tenders=[
            {"type": "card", "amount": {"amount": 1000}, "reference": "AUTH123"},
            {"type": "cash", "amount": {"amount": 9000}},
        ],
    )


@pytest.mark.skipif(not is_readable(), reason="the log of a server that was given cannot be read here")
def test_an_order_of_five_lines_two_taxes_discounts_and_two_tenders_takes_no_more(committed: Tenant) -> None:
    tax_class("Goods", rate("GST", "0.05", inclusive=False), rate("QST", "0.09975", inclusive=False))
    make.shift()
    till = terminal("north")

    with statements_logged() as logged:
        warm = till.post("/orders", order_of_much())
        before = len(logged())
        close_old_connections()
        answer = till.post("/orders", order_of_much())
        statements = logged()[before:]

    assert (warm.status_code, answer.status_code, answer.json()["status"]) == (201, 201, "COMPLETED")
    assert len(answer.json()["lines"][0]["taxes"]) == 2
    assert len(statements) <= AT_MOST


@pytest.mark.skipif(not is_readable(), reason="the log of a server that was given cannot be read here")
def test_an_order_of_three_lines_and_cash_takes_at_most_6_statements(
    committed: Tenant, capsys: pytest.CaptureFixture[str]
) -> None:
    for sku in SKUS:
        make.variant(sku, 1000)
    price_list("Sale", {"MUG": {"0": 900, "10": 800}}, priority=1)
    price_list("Over", {"TEA": 1}, valid_to="2020-01-01")
    make.shift()
    till = terminal("north")

    with statements_logged() as logged:
        warm = till.post("/orders", order())
        before = len(logged())
        close_old_connections()
        answer = till.post("/orders", order())
        statements = logged()[before:]

    with capsys.disabled():
        print(f"\n{len(statements)} statements:")
        for number, statement in enumerate(statements, 1):
            print(f"{number:>3} {statement[:150]}")
    assert (warm.status_code, answer.status_code, answer.json()["status"]) == (201, 201, "COMPLETED")
    assert len(statements) <= AT_MOST
