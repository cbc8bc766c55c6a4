"""Money that goes back of cancelled orders, and in place of refused refunds, in the reports of tenders and of refunds."""

from typing import Any

import pytest
from django.db import connection

from events.testing.work import settle
from payments.gateways.gateway import Answer
from payments.gateways.simulator import SimulatedGateway
from pos.models import Refund
from pos.orders.refunds import RefundInput
from pos.reports.definitions import REPORTS
from pos.reports.queries import Asked, report
from tenants.models import Tenant
from tests.support import make
from tests.support.verifying import require_sound

ALL = Asked(first=make.NOW.date(), last=make.NOW.date())
OUT_BY_SQL = """
SELECT y.code, count(*), sum(f.amount)::bigint FROM pos_refund f JOIN pos_tendertype y ON y.id = f.type_id
WHERE f.state <> 'FAILED' AND f.register_id IS NOT NULL GROUP BY y.code
"""
GIVEN_BACK_BY_SQL = """
SELECT (SELECT count(*) FROM pos_return), (SELECT coalesce(sum(total), 0)::bigint FROM pos_returnline),
    count(DISTINCT f.order_id), coalesce(sum(f.amount), 0)::bigint
FROM pos_refund f JOIN pos_order o ON o.id = f.order_id AND o.status = 'VOIDED' WHERE f.instead_of_id IS NULL
"""


def by_sql(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def given_back() -> dict[str, tuple[int, int]]:
    rows = report(REPORTS["tenders"], ALL).rows
    return {row["tender_type"]: (row["refunds"], row["refunded"]) for row in rows if row["refunds"] or row["refunded"]}


def refunds() -> tuple[int, ...]:
    names = ("returns", "returned", "cancelled", "given_back")
    rows = report(REPORTS["refunds"], ALL).rows
    return tuple(sum(row[name] for row in rows) for name in names)


def require_equal() -> None:
    assert given_back() == {code: (count, amount) for code, count, amount in by_sql(OUT_BY_SQL)}
    assert [refunds()] == by_sql(GIVEN_BACK_BY_SQL)
    require_sound()


@pytest.fixture
def refusing(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    make.variant("MUG", 500)
    make.shift()
    monkeypatch.setattr(
        SimulatedGateway, "refund", lambda *_, **__: Answer(approved=False, reference="", reason="card expired")
    )
    return monkeypatch


def test_d1_what_a_cancelled_order_gives_back_is_in_both_reports(refusing: pytest.MonkeyPatch) -> None:
    make.void(make.order(make.cash(300)))
    make.void(make.order(make.cash(100), make.TenderInput(id=make.new_id(), type="card", amount=50)))
    make.void(make.order())
    settle()

    assert given_back() == {"cash": (2, 400), "card": (1, 50)}
    assert refunds() == (0, 0, 2, 450)
    require_equal()


def test_d1_a_refund_that_is_refused_and_paid_in_cash_counts_once(refusing: pytest.MonkeyPatch) -> None:
    order = make.order(make.card(1000), lines=[make.asked("MUG", "2")])
    settle()
    make.return_(order, make.returning(order, "2"))
    before = given_back()
    settle()
    refused = given_back()
    make.replaced(Refund.objects.get(), amount=400)
    settle()

    assert (before, refused) == ({}, {})
    assert given_back() == {"cash": (1, 400)}
    assert refunds() == (1, 1000, 0, 0)
    require_equal()


def test_d1_a_card_that_is_tried_again_counts_when_it_takes_the_money_back(refusing: pytest.MonkeyPatch) -> None:
    order = make.order(make.card(600), make.cash(400), lines=[make.asked("MUG", "2")])
    settle()
    make.return_(order, make.returning(order), refunds=[RefundInput(type="gateway")])
    settle()
    refused = Refund.objects.get()
    make.replaced(refused, type="gateway")
    settle()
    again = given_back()
    refusing.undo()
    make.replaced(refused, type="gateway")
    make.return_(order, make.returning(order))
    settle()

    assert again == {}
    assert sum(amount for _, amount in given_back().values()) == 1000
    require_equal()
