"""Goods that run low are announced, whether the stock falls or the reorder point is raised."""

from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from events.testing.work import names, published, settle
from inventory.models import StockItem
from inventory.services import receive_goods, set_reorder_point
from kernel.ids import new_id
from kernel.refusals import NotFound
from pos.models import Variant
from staff.services import hire_owner
from tenants.models import Tenant
from tests.support import make
from tests.support.forms import filled_form
from tests.support.make import moved, source
from tests.support.unchanged import nothing_happened

RAN_LOW = "inventory.stock_ran_low"


@pytest.fixture
def item(shop: Tenant) -> StockItem:
    variant: Variant = make.variant()
    settle()
    receive_goods(source=source(), moved=[moved(variant, "5")])
    return StockItem.objects.get()


def point(item: StockItem, value: str) -> None:
    set_reorder_point(item_id=item.id, reorder_point=Decimal(value))


def test_in12_a_reorder_point_that_is_raised_above_the_stock_alerts(item: StockItem) -> None:
    point(item, "8")
    settle()

    (event,) = published(RAN_LOW)
    assert (event.data["on_hand"], event.data["reorder_point"]) == ("5.000", "8.000")
    assert [message.subject for message in mail.outbox] == ["Running low: MUG The MUG"]
    assert StockItem.objects.get().reorder_point == 8


@pytest.mark.parametrize(
    ("points", "alerts"),
    [
        (["4"], 0),
        (["5"], 1),
        (["8", "9"], 1),
        (["8", "2", "8"], 2),
        (["8", "8"], 1),
        (["8", "0"], 1),
    ],
)
def test_in12_only_what_was_not_low_before_alerts(item: StockItem, points: list[str], alerts: int) -> None:
    for each in points:
        point(item, each)

    assert names().count(RAN_LOW) == alerts


def test_in12_goods_that_are_gone_alert_when_a_first_reorder_point_is_set(item: StockItem) -> None:
    StockItem.objects.update(on_hand=0)

    point(item, "3")

    assert names().count(RAN_LOW) == 1


def test_in12_the_stock_at_that_moment_counts_not_the_one_that_a_page_showed(item: StockItem) -> None:
    stale = StockItem.objects.get()
    StockItem.objects.update(on_hand=20)

    point(stale, "8")

    assert RAN_LOW not in names()
    assert StockItem.objects.get().on_hand == 20


def test_in12_the_admin_raises_it_and_alerts(item: StockItem) -> None:
    owner = Client(headers={"Host": "north.localhost"})
    owner.force_login(hire_owner(username="ada", password="a long secret"))
    path = f"/admin/inventory/stockitem/{item.id}/change/"
    form: dict[str, Any] = filled_form(owner.get(path).content, "stockitem_form")

    saved = owner.post(path, {**form, "reorder_point": "8"})

    assert saved.status_code == 302
    assert names().count(RAN_LOW) == 1


def test_an_item_that_does_not_exist_is_not_found(shop: Tenant) -> None:
    with nothing_happened(), pytest.raises(NotFound):
        set_reorder_point(item_id=new_id(), reorder_point=Decimal(1))
