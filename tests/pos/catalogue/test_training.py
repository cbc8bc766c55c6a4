"""Goods that were sold in training only: they can be withdrawn, and stand in no report (N4)."""

import pytest

from events.testing.work import settle
from inventory.models import StockMovement
from pos.models import Variant
from pos.reports.definitions import REPORTS
from pos.reports.models import ReportFigure
from staff.services import issue_api_key
from tests.support import make
from tests.support.people import owner
from tests.support.terminal import Terminal
from web.scopes import REPORTS_READ


@pytest.fixture
def trained(api: Terminal) -> Variant:
    mug = make.variant("MUG", 1000)
    make.shift()
    paid = {"type": "cash", "amount": {"amount": 1000}}
    for tenders in ([paid], []):
        sold = api.post("/orders", make.order_body(training=True, tenders=tenders))
        assert sold.status_code == 201, sold.content
    settle()
    return mug


def test_n4_goods_of_training_are_archived(api: Terminal, trained: Variant) -> None:
    chosen = {"action": "archive", "_selected_action": [str(trained.product_id)], "confirmed": "yes"}

    owner().post("/admin/pos/product/", chosen)
    answer = api.post(f"/variants/{trained.id}/archive", {})

    assert answer.status_code == 200
    trained.refresh_from_db()
    assert (trained.active, trained.product.archived_at is None) == (False, False)


def test_n4_goods_of_training_are_in_no_report_and_in_no_stock(api: Terminal, trained: Variant) -> None:
    reader = Terminal("north.localhost", issue_api_key(name="reader", scopes=[REPORTS_READ]))

    for name in REPORTS:
        answer = reader.get(f"/reports/{name}", **{"from": "2026-11-20", "to": "2026-11-30"})
        assert answer.json().get("rows") == [], answer.content
    assert not ReportFigure.objects.exists()
    assert not StockMovement.objects.exists()
    assert "The MUG" not in owner().get("/admin/").content.decode()
