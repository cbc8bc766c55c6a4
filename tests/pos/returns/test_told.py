"""What `pos.return_completed` tells of goods that came back, and what their receipt and report show (SH3)."""

from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from events.testing.work import published, settle
from kernel.ids import new_id
from pos.models import Device, Receipt, ReportFigure, Return, ReturnLine
from pos.receipts.snapshot import read_snapshot
from pos.receipts.text import receipt_text
from tenants.models import Tenant
from tests.support import make
from tests.support.terminal import Terminal
from tests.support.verifying import require_sound

NOW = "2026-11-23T12:00:00Z"


@pytest.fixture(autouse=True)
def _catalogue(shop: Tenant) -> None:  # noqa: ARG001
    make.variant("MUG", 1000)
    make.shift()
    settle()


def _told() -> dict[str, Any]:
    settle()
    data: dict[str, Any] = published("pos.return_completed")[-1].data
    return data


def _returned(api: Terminal, *lines: dict[str, Any], **more: Any) -> Any:
    answer = api.post("/returns", {"id": str(new_id()), "occurred_at": NOW, "lines": list(lines), **more})
    assert answer.status_code == 201, answer.json()
    return answer.json()


def _mugs(price: dict[str, Any], quantity: str, **more: Any) -> dict[str, Any]:
    return {"sku": "MUG", "quantity": quantity, "unit_price": price, **more}


def test_sh3_a_return_without_a_receipt_tells_device_and_unit_price(api: Terminal) -> None:
    answered = _returned(api, _mugs({"amount_decimal": "333.4"}, "3"))

    told = _told()
    assert told["device_id"] == str(Device.objects.get().id)
    (line,) = told["lines"]
    assert (Decimal(line["unit_price"]), line["discounts"], line["discount_total"]) == (Decimal("333.4"), [], 0)
    assert answered["lines"][0]["unit_price"] == {"amount_decimal": "333.4", "currency": "EUR"}
    text = receipt_text(read_snapshot(Receipt.objects.get(kind="RETURN").snapshot))
    assert "3 x 3.334" in text
    require_sound()


def test_sh3_parts_of_a_line_give_back_all_of_its_discounts(api: Terminal) -> None:
    line = {"sku": "MUG", "quantity": "3", "discounts": [{"name": "Staff", "percent": "10"}]}
    sold = api.post(
        "/orders",
        make.order_body(
            lines=[line],
            discounts=[{"amount": {"amount": 100}}],
            tenders=[{"type": "cash", "amount": {"amount": 2600}}],
        ),
    ).json()
    (original,) = sold["lines"]
    parts = []
    for _ in range(3):
        _returned(api, {"order_line_id": original["id"], "quantity": "1"}, order_id=sold["id"])
        parts.append(_told())

    for told in parts:
        (line,) = told["lines"]
        of_line, of_order = line["discounts"]
        assert (of_line["name"], of_line["kind"], of_line["scope"], Decimal(of_line["rate"])) == (
            "Staff", "PERCENT", "LINE", Decimal("0.1"),
        )  # fmt: skip
        assert (of_line["amount"], of_order["scope"]) == (100, "ORDER")
        assert told["discount_total"] == line["discount_total"] == of_line["amount"] + of_order["amount"]
        assert Decimal(line["unit_price"]) == 1000
    assert sum(told["discount_total"] for told in parts) == sold["discount_total"]["amount"] == 400
    require_sound()


def test_sh3_reports_of_refunds_add_up_by_the_reason_code(api: Terminal) -> None:
    _returned(
        api,
        _mugs({"amount": 500}, "1", reason_code="BROKEN"),
        _mugs({"amount": 300}, "1"),
        reason_code="UNWANTED",
    )
    _returned(api, _mugs({"amount": 200}, "1"))

    told = [event.data["lines"] for event in published("pos.return_completed")]
    assert [[line["reason_code"] for line in lines] for lines in told] == [["BROKEN", "UNWANTED"], [None]]
    settle()
    figures = ReportFigure.objects.filter(kind="REFUNDS").values("code").annotate(all=Sum("total"))
    assert {each["code"]: each["all"] for each in figures} == {"BROKEN": 500, "UNWANTED": 300, "": 200}


def test_sh3_lines_of_older_code_that_kept_no_unit_price_agree_with_their_receipts(api: Terminal) -> None:
    order = make.order(make.cash(1000), opens=False)
    make.return_(order, make.returning(order))
    settle()

    ReturnLine.objects.update(unit_price=None, discounts=None)

    assert Return.objects.get().device_id is None
    require_sound()
