"""Goods of a product that was just put into the catalogue are taken at once: what is on its way to inventory is read."""

from decimal import Decimal
from typing import Any

import pytest

from events.event import EventUnreadable
from events.models import ParkedEvent
from events.testing.work import drain, published, settle
from inventory.models import StockedVariant, StockItem, StockMovement
from kernel.ids import new_id
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened

KNOWS = "inventory.know_variants"
BOX = {"sku": "BOX", "name": "Box", "price": {"amount": 100}, "tax_name": "Zero"}


@pytest.fixture
def product(api: Terminal) -> str:
    item = {"sku": "TEA", "name": "Tea", "price": {"amount": 525}, "tax_name": "Zero"}
    return str(api.post("/products", item).json()["id"])


def receipt(variant_id: str, **line: Any) -> dict[str, Any]:
    return {"id": str(new_id()), "lines": [{"variant_id": variant_id, "quantity": "5", **line}]}


@pytest.mark.parametrize(("path", "more"), [("/goods-receipts", {}), ("/stock-adjustments", {"reason": "found"})])
def test_in17_goods_of_a_new_product_are_taken_at_once_and_said_whole(
    api: Terminal, product: str, path: str, more: dict[str, str]
) -> None:
    taken = api.post(path, receipt(product, **more))
    drain(KNOWS)

    assert taken.status_code == 201, taken.content
    assert StockItem.objects.values_list("sku", "title", "on_hand").get() == ("TEA", "Tea", Decimal(5))
    assert [event.data["sku"] for event in published("inventory.stock_changed")] == ["TEA"]
    assert StockedVariant.objects.count() == StockMovement.objects.count() == 1


def test_in17_what_was_read_ahead_is_what_the_subscriber_makes_of_it(api: Terminal, product: str) -> None:
    api.post("/goods-receipts", receipt(product))
    ahead = StockedVariant.objects.values().get()

    settle()

    assert StockedVariant.objects.values().get() == ahead
    assert StockItem.objects.get().title == "Tea"


def test_in17_a_variant_that_the_catalogue_does_not_have_is_refused_for_good(api: Terminal, product: str) -> None:
    with nothing_happened():
        answer = api.post("/goods-receipts", receipt(str(new_id())))

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-variant")


@pytest.mark.parametrize("heard", [True, False])
def test_in17_a_service_has_no_stock_and_has_once_it_became_goods(api: Terminal, *, heard: bool) -> None:
    service = api.post("/products", {**BOX, "stocked": False}).json()["id"]
    if heard:
        settle()
    with nothing_happened():
        refused = api.post("/goods-receipts", receipt(service))
    api.post("/products", {**BOX, "stocked": True})

    taken = api.post("/goods-receipts", receipt(service))

    assert (refused.status_code, refused.json()["code"]) == (422, "unknown-variant")
    assert taken.status_code == 201


def test_in17_of_several_that_wait_the_newest_counts(api: Terminal, product: str) -> None:
    api.post("/products", {"sku": "TEA", "name": "Green tea", "price": {"amount": 525}, "tax_name": "Zero"})

    api.post("/goods-receipts", receipt(product))

    assert StockItem.objects.get().title == "Green tea"


def test_in17_what_failed_for_inventory_is_taken_too(
    api: Terminal, product: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.subscribers.know_variant", lambda **_: 1 / 0)
    drain(KNOWS)

    answer = api.post("/goods-receipts", receipt(product))

    assert ParkedEvent.objects.filter(subscriber=KNOWS).count() == 1
    assert answer.status_code == 201


def test_in17_what_only_newer_code_can_read_is_waited_for(
    api: Terminal, product: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, key = receipt(product), str(new_id())

    def unreadable(*_: object) -> None:
        raise EventUnreadable("version 3")

    with monkeypatch.context() as patched, nothing_happened():
        patched.setattr("inventory.services.decode", unreadable)
        early = api.post("/goods-receipts", asked, key=key)

    assert (early.status_code, early.json()["code"]) == (409, "variant-not-heard-of")
    assert early.headers["Retry-After"] == str(early.json()["retry_after"]) == "1"
    assert api.post("/goods-receipts", asked, key=key).status_code == 201
