"""The catalogue: put in once for each SKU, found by barcode, SKU and text."""

import pytest

from events.testing.work import names
from pos.catalogue.barcodes import BarcodeTaken
from pos.catalogue.services import Item, UnknownTaxRate, put_item
from pos.models import Variant
from tenants.models import Tenant
from tests.support import make
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened


def test_a_sku_is_put_in_once_and_brought_up_to_date(shop: Tenant) -> None:
    first = make.variant("MUG", 1000)
    again = make.variant("MUG", 1200)

    assert again.id == first.id
    assert Variant.objects.get().price == 1200
    assert names().count("pos.variant_changed") == 2


def test_an_unknown_tax_rate_or_a_taken_barcode_is_refused_and_changes_nothing(shop: Tenant) -> None:
    make.variant("MUG", barcode="111")

    with nothing_happened(), pytest.raises(UnknownTaxRate):
        make.variant("TEA", tax_rate="Nope")
    with nothing_happened(), pytest.raises(BarcodeTaken):
        put_item(
            item=Item(sku="TEA", name="Tea", price=1, tax_rate="Zero", stocked=True, barcodes=["111"]),
        )


def test_variants_are_found_by_each_of_their_names(api: Terminal) -> None:
    make.variant("MUG", barcode="111")
    make.variant("TEA")

    def found(**query: str) -> list[str]:
        return [variant["sku"] for variant in api.get("/variants", **query).json()["results"]]

    assert found() == ["MUG", "TEA"]
    assert found(barcode="111") == ["MUG"]
    assert found(sku="TEA") == ["TEA"]
    assert found(q="the te") == ["TEA"]
    assert found(barcode="999") == []


def test_an_unknown_variant_is_404(api: Terminal) -> None:
    assert api.get(f"/variants/{make.new_id()}").json()["code"] == "not-found"


def test_a_return_names_lines_and_orders_together_or_not_at_all(api: Terminal) -> None:
    def refused(**body: object) -> str:
        with nothing_happened():
            answer = api.post("/returns", {"id": str(make.new_id()), "occurred_at": "2026-11-23T12:00:00Z", **body})
        assert answer.status_code == 422
        return str(answer.json()["detail"])

    without = {"quantity": "1", "sku": "MUG"}
    assert "order_line_id" in refused(order_id=str(make.new_id()), lines=[without])
    assert "order_id" in refused(lines=[{"quantity": "1", "order_line_id": str(make.new_id())}])


def test_a_return_may_come_twice_under_different_keys(api: Terminal) -> None:
    make.variant()
    make.shift()
    body = {
        "id": str(make.new_id()),
        "occurred_at": "2026-11-23T12:00:00Z",
        "lines": [{"quantity": "1", "sku": "MUG", "unit_price": {"amount": 5}}],
    }

    first, again = api.post("/returns", body), api.post("/returns", body)
    with nothing_happened():
        other = api.post("/returns", {**body, "reason": "another"})

    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "return-exists")


def test_cards_and_adjustments_on_the_api(api: Terminal) -> None:
    from events.testing.work import settle

    variant = make.variant()
    order = make.order(make.card(1000))
    settle()
    adjusted = {"variant_id": str(variant.id), "quantity": "0", "reason": "x"}

    intents = api.get("/payment-intents", order_id=str(order.id)).json()["results"]
    with nothing_happened():
        nothing = api.post("/stock-adjustments", {"id": str(make.new_id()), "lines": [adjusted]})
    broken = api.post("/stock-adjustments", {"id": str(make.new_id()), "lines": [{**adjusted, "quantity": "-1"}]})

    assert [(intent["state"], intent["amount"]["amount"]) for intent in intents] == [("CAPTURED", 1000)]
    assert nothing.status_code == 422
    assert broken.json()["movements"][0]["quantity"] == "-1.000"


def test_a_text_finds_a_part_of_the_title_or_the_sku_as_they_are_now(api: Terminal) -> None:
    mug, tea = make.variant("MUG-01"), make.variant("TEA-100%")
    make.variant("OXOX")

    def found(text: str) -> list[str]:
        return [variant["sku"] for variant in api.get("/variants", q=text).json()["results"]]

    assert found("g-0") == ["MUG-01"]
    assert found("THE MUG") == ["MUG-01"]
    assert found("1") == ["MUG-01", "TEA-100%"]
    assert (found("oxox"), found("oxoxox")) == (["OXOX"], [])
    assert found("0%") == ["TEA-100%"]
    assert found("%0") == found("the_mug") == found("mug-02") == []

    mug.product.name = "Bowl"
    mug.product.save()
    assert found("the bowl") == []
    assert found("bowl") == ["MUG-01"]
    Variant.objects.filter(pk=mug.pk).update(name="in blue", search="stale")
    Variant.objects.filter(pk=tea.pk).update(sku="TEA-2")

    assert found("bowl in b") == ["MUG-01"]
    assert found("tea-2") == ["TEA-2"]
    assert found("the mug") == found("stale") == found("blue tea") == []
