"""What events of version 2 carry, and that consumers of older versions get what they got."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from events.event import find_type
from events.testing.work import published, settle
from events.versions import recast
from kernel.moments import business_date
from pos.models import Location, Order
from tenants.models import Tenant
from tests.support import make
from tests.support.golden import golden

OLDER = [
    ("pos.order_placed", 1), ("pos.order_completed", 1), ("pos.return_completed", 2),
    ("pos.shift_opened", 1), ("pos.variant_changed", 1), ("payments.payment_completed", 1),
    ("payments.payment_refunded", 1), ("inventory.stock_changed", 1),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _catalogue(shop: Tenant) -> None:
    make.variant("MUG", 1000)
    make.shift()


def a_day() -> Order:
    order = make.order(make.cash(3000), lines=[make.asked("MUG", "3")])
    settle()
    make.return_(order, make.returning(order))
    settle()
    return order


def data_of(name: str) -> dict[str, Any]:
    data: dict[str, Any] = published(name)[-1].data
    return data


def test_an_order_tells_where_when_and_how_it_was_sold() -> None:
    Location.objects.update(timezone="Europe/Madrid", name="Sol")
    order = a_day()

    for name in ("pos.order_placed", "pos.order_completed"):
        data = data_of(name)
        assert (data["business_date"], data["time_zone"], data["location_name"]) == (
            "2026-11-23", "Europe/Madrid", "Sol",
        )  # fmt: skip
        assert (data["shift_id"], data["subtotal"], data["tax_total"], data["total"]) == (
            str(order.shift_id), 2500, 500, 3000,
        )  # fmt: skip
        (line,) = data["lines"]
        assert (line["number"], line["gross"], line["discounts"], line["total"]) == (1, 3000, [], 3000)
        assert Decimal(line["unit_price"]) == Decimal(line["list_price"]) == 1000
        assert line["price_source"] == "LIST"
        assert line["taxes"] == [
            {
                "code": line["taxes"][0]["code"], "name": "Standard, included", "rate": "0.200000", "inclusive": True,
                "base": 2500, "amount": 500,
            }
        ]  # fmt: skip
        (tender,) = data["tenders"]
        assert (tender["kind"], tender["state"], tender["amount"], tender["change"]) == ("CASH", "SETTLED", 3000, 0)
    assert data_of("pos.order_placed")["due"] == 0
    assert data_of("pos.order_completed")["receipt_number"] == 1


def test_what_is_due_is_what_the_tenders_of_the_placing_have_not_settled() -> None:
    make.order(make.cash(400), make.card(100))

    assert data_of("pos.order_placed")["due"] == 600
    assert [tender["state"] for tender in data_of("pos.order_placed")["tenders"]] == ["PENDING", "SETTLED"]


def test_nothing_of_an_order_s_events_is_personal_or_a_cost() -> None:
    make.order(make.cash(1000), email="ada@example.test")

    for name in ("pos.order_placed", "pos.order_completed"):
        assert "ada@" not in json.dumps(data_of(name))
        assert not [field for field in _names(data_of(name)) if "cost" in field or "email" in field]


@pytest.mark.parametrize(("name", "version"), OLDER)
def test_a_consumer_of_an_older_version_gets_the_fields_it_got_in_their_order(name: str, version: int) -> None:
    a_day()
    stored = published(name)[-1]

    served = recast(name, _as_stored(stored.data), version=find_type(name).version, to=version)

    known = golden(name, version)
    assert _shape(served) == _shape(_as_stored(known))
    assert json.dumps(served) == json.dumps(_as_stored(served))


def test_a_price_with_a_fraction_is_whole_for_consumers_of_version_1() -> None:
    line = {**golden("pos.order_placed", 2)["lines"][0], "unit_price": "12.500000"}
    placed = {**golden("pos.order_placed", 2), "lines": [line]}

    assert recast("pos.order_placed", placed, version=2, to=1)["lines"][0]["unit_price"] == 13


@pytest.mark.parametrize("name", ["pos.order_placed", "pos.order_completed", "pos.return_completed"])
def test_what_version_1_did_not_carry_is_null(name: str) -> None:
    newest, old = find_type(name).version, golden(name, 1)

    read = recast(name, old, version=1, to=newest)

    derived = {"disposition", "state"}
    assert {field for field, value in _leaves(read) if value is not None} <= {
        field for field, _ in _leaves(old)
    } | derived


def test_the_day_of_business_ends_at_the_cut_over_hour() -> None:
    at = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)

    assert business_date(at, zone="Europe/Madrid").isoformat() == "2026-11-24"
    assert business_date(at, zone="America/New_York").isoformat() == "2026-11-23"
    assert business_date(at, zone="Europe/Madrid", cut_over_hour=4).isoformat() == "2026-11-23"


def test_stock_that_moves_names_the_line_the_document_and_the_receipt() -> None:
    order = a_day()
    line = order.lines.get()

    sold, back = (each.data for each in published("inventory.stock_changed"))
    assert (sold["source_type"], sold["source_id"], sold["source_receipt"]) == ("order", str(order.id), "R1-000001")
    assert sold["causes"] == [{"line_id": str(line.id), "quantity": "-3.000", "reason": ""}]
    assert (back["kind"], back["source_type"], back["source_receipt"]) == ("RETURN", "return", "R1-R000001")


def _as_stored(data: dict[str, Any]) -> dict[str, Any]:
    """Let PostgreSQL write it, as it stands in the log."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (%s::jsonb)::text", [json.dumps(data)])
        stored: dict[str, Any] = json.loads(cursor.fetchone()[0])
        return stored


def _shape(value: Any) -> Any:
    """Names, order and types; of lists their first element."""
    if isinstance(value, dict):
        return [(name, _shape(each)) for name, each in value.items()]
    if isinstance(value, list):
        return [_shape(each) for each in value[:1]]
    return type(value)


def _leaves(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        for each, inner in value.items():
            yield from _leaves(inner, each)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, name)
    else:
        yield name, value


def _names(value: Any) -> list[str]:
    return [name for name, _ in _leaves(value)]


def test_a_price_that_changes_is_told_with_the_old_and_the_new_one() -> None:
    make.variant("MUG", 1000)
    make.variant("MUG", 1250)

    told = [(each.data["old"], each.data["new"]) for each in published("pos.price_changed")]
    assert [(Decimal(old), Decimal(new)) for old, new in told] == [(1000, 1250)]
