"""Goods of a product that was just put into the catalogue: taken once inventory has heard of it, never refused for good."""

from typing import Any

import pytest

from events.models import ParkedEvent, Subscription
from events.testing.work import drain, settle
from inventory.models import StockedVariant, StockMovement
from kernel.ids import new_id
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened

KNOWS = "inventory.know_variants"


@pytest.fixture
def product(api: Terminal) -> str:
    item = {"sku": "TEA", "name": "Tea", "price": {"amount": 525}, "tax_name": "Zero"}
    return str(api.post("/products", item).json()["id"])


def receipt(variant_id: str) -> dict[str, Any]:
    return {"id": str(new_id()), "lines": [{"variant_id": variant_id, "quantity": "5"}]}


@pytest.mark.parametrize("path", ["/goods-receipts", "/stock-adjustments"])
def test_in17_the_same_request_is_taken_once_inventory_knows(api: Terminal, product: str, path: str) -> None:
    asked, key = receipt(product), str(new_id())
    if path == "/stock-adjustments":
        asked["lines"][0]["reason"] = "found"

    with nothing_happened():
        early = api.post(path, asked, key=key)
    drain(KNOWS)
    late = api.post(path, asked, key=key)

    assert (early.status_code, early.json()["code"]) == (409, "variant-not-heard-of")
    assert early.headers["Retry-After"] == str(early.json()["retry_after"]) == "1"
    assert late.status_code == 201
    assert StockMovement.objects.count() == 1


def test_in17_a_variant_that_the_catalogue_does_not_have_is_refused_for_good(api: Terminal, product: str) -> None:
    with nothing_happened():
        answer = api.post("/goods-receipts", receipt(str(new_id())))

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-variant")


def test_in17_a_service_that_becomes_goods_is_waited_for_too(api: Terminal) -> None:
    item = {"sku": "BOX", "name": "Box", "price": {"amount": 100}, "tax_name": "Zero"}
    service = api.post("/products", {**item, "stocked": False}).json()["id"]
    settle()
    refused = api.post("/goods-receipts", receipt(service))
    api.post("/products", {**item, "stocked": True})

    with nothing_happened():
        early = api.post("/goods-receipts", receipt(service))
    settle()

    assert refused.json()["code"] == "unknown-variant"
    assert early.json()["code"] == "variant-not-heard-of"
    assert api.post("/goods-receipts", receipt(service)).status_code == 201


def test_in17_what_failed_for_inventory_is_still_on_its_way(
    api: Terminal, product: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.subscribers.know_variant", lambda **_: 1 / 0)
    drain(KNOWS)

    with nothing_happened():
        answer = api.post("/goods-receipts", receipt(product))

    assert ParkedEvent.objects.filter(subscriber=KNOWS).count() == 1
    assert Subscription.objects.get(subscriber=KNOWS).cursor > 0
    assert StockedVariant.objects.count() == 0
    assert (answer.status_code, answer.json()["code"]) == (409, "variant-not-heard-of")
