"""`GET /reports/{name}`: JSON and CSV, for keys with the scope."""

import csv
import io
from typing import Any

import pytest

from events.testing.work import settle
from pos.models import Location, ReportFigure
from pos.orders.discounts import DiscountInput
from pos.orders.services.placing import place_order
from pos.reports import queries
from pos.reports.definitions import REPORTS
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support import make
from tests.support.terminal import Terminal
from web.scopes import ALL_SCOPES, REPORTS_READ

DAY = {"from": "2026-11-23", "to": "2026-11-23"}


@pytest.fixture
def reader(shop: Tenant) -> Terminal:
    return Terminal("north.localhost", issue_api_key(name="reader", scopes=[REPORTS_READ]))


@pytest.fixture
def sold(shop: Tenant) -> None:
    make.variant("MUG", 1000)
    order = make.order(make.cash(2000), lines=[make.asked(quantity="2")])
    settle()
    make.return_(order, make.returning(order))
    settle()


def as_csv(reader: Terminal, name: str, **query: str) -> Any:
    headers = {**reader.headers, "Accept": "text/csv"}
    return reader.client.get(f"/api/v1/reports/{name}", {**DAY, **query}, headers=headers)


def test_a_report_is_net_of_returns_with_the_gross_shown(reader: Terminal, sold: None) -> None:
    answer = reader.get("/reports/sales", **DAY)

    body = answer.json()
    assert answer.status_code == 200
    assert body["report"] == "sales"
    assert body["position"] == body["head"] > 0
    assert body["parked"] == 0
    (row,) = body["rows"]
    assert row == {
        "business_date": "2026-11-23", "location_id": str(make.register().location_id), "location": "MAIN",
        "register_id": str(make.register().id), "register": "R1", "currency": "EUR", "orders": 1, "returns": 1,
        "items": "2", "items_returned": "1", "gross": 2000, "discounts": 0, "sold": 2000, "returned": 1000,
        "total": 1000, "tax": 166, "net": 834, "rounding": 0,
    }  # fmt: skip
    assert body["totals"][0] == {name: row[name] for name in ("currency", *REPORTS["sales"].sums)}


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_json_and_csv_with_the_same_rows(reader: Terminal, sold: None, name: str) -> None:
    shown = reader.get(f"/reports/{name}", **DAY).json()["rows"]
    file = as_csv(reader, name)

    rows = list(csv.DictReader(io.StringIO(file.content.decode())))
    assert (file.status_code, file["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert file["Content-Disposition"] == f'attachment; filename="{name}-2026-11-23-2026-11-23.csv"'
    assert rows == [{key: "" if value is None else str(value) for key, value in row.items()} for row in shown]
    assert bool(rows) == (REPORTS[name].kind not in {"DISCOUNTS", "OVER_SHORT"})


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_text_of_a_csv_is_a_formula(reader: Terminal, shop: Tenant, name: str) -> None:
    make.variant()
    make.shift()
    place_order(
        id=make.new_id(), register=make.register(), device=None, lines=[make.asked()], tenders=[make.cash(1000)],
        occurred_at=make.NOW, now=make.NOW, fingerprint="", discounts=[DiscountInput(name=name, amount=10)],
    )  # fmt: skip
    ReportFigure.objects.all().delete()
    settle()
    ReportFigure.objects.filter(kind="DISCOUNTS").update(code=name)

    (row,) = csv.DictReader(io.StringIO(as_csv(reader, "discounts").content.decode()))

    assert row["discount"] == f"'{name}"
    assert row["given"] == "10"


def test_a_report_is_of_one_location_or_of_all(reader: Terminal, sold: None) -> None:
    Location.objects.create(code="B", name="B", currency="USD")

    rows = {
        named: len(reader.get("/reports/sales", **DAY, location=named).json()["rows"])
        for named in ("MAIN", str(make.register().location_id), "B")
    }
    unknown = reader.get("/reports/sales", **DAY, location="C")

    assert list(rows.values()) == [1, 1, 0]
    assert (unknown.status_code, unknown.json()["code"]) == (422, "location-unknown")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({**DAY, "colour": "red"}, 400, "unknown-parameter"),
        ({"from": "2026-11-23"}, 422, "validation-failed"),
        ({"from": "yesterday", "to": "2026-11-23"}, 422, "validation-failed"),
        ({"from": "2026-11-24", "to": "2026-11-23"}, 422, "validation-failed"),
        ({"from": "2025-11-22", "to": "2026-11-23"}, 422, "validation-failed"),
        ({**DAY, "by": "year"}, 422, "validation-failed"),
        ({**DAY, "location": ""}, 422, "validation-failed"),
    ],
)
def test_what_is_no_report_is_refused(reader: Terminal, query: dict[str, str], status: int, code: str) -> None:
    answer = reader.get("/reports/sales", **query)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_report_that_there_is_not_is_not_found(reader: Terminal) -> None:
    assert reader.get("/reports/profits", **DAY).status_code == 404


def test_a_range_has_at_most_a_year(reader: Terminal, shop: Tenant) -> None:
    assert reader.get("/reports/sales", **{"from": "2025-11-23", "to": "2026-11-23"}).status_code == 200


def test_more_rows_than_anybody_reads_are_refused(
    reader: Terminal, sold: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.variant("TEA", 333)
    make.order(make.cash(333), lines=[make.asked("TEA")])
    settle()
    monkeypatch.setattr(queries, "MOST_ROWS", 1)

    answer = reader.get("/reports/products", **DAY)

    assert (answer.status_code, answer.json()["code"]) == (422, "report-too-large")
    assert reader.get("/reports/sales", **DAY).status_code == 200


def test_only_a_key_with_the_scope_reads_reports(shop: Tenant, api: Terminal) -> None:
    others = Terminal("north.localhost", issue_api_key(name="o", scopes=sorted(set(ALL_SCOPES) - {REPORTS_READ})))

    assert others.get("/reports/sales", **DAY).status_code == 403
    assert api.get("/reports/sales", **DAY).status_code == 403
