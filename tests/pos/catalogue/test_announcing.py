"""Whoever changes a variant, and however, says what it is now; a changed price is told with the old and the new one."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from events.testing.work import published, settle
from pos.models import Category, Order, Product, TaxClass, Variant
from tenants.models import Tenant
from tests.support import make, people
from tests.support.forms import filled_form


@pytest.fixture
def owner(shop: Tenant) -> Client:
    make.variant("MUG", 1000, barcode="4006381333931")
    return people.owner()


def save(client: Client, model: str, pk: Any, **typed: Any) -> None:
    page = f"/admin/pos/{model}/{pk}/change/"
    answer = client.post(page, {**filled_form(client.get(page).content, f"{model}_form"), **typed})
    assert answer.status_code == 302, answer.context["errors"]


def prices() -> list[tuple[str, str, str]]:
    told = [event.data for event in published("pos.price_changed")]
    return [(data["sku"], f"{Decimal(data['old']):g}", f"{Decimal(data['new']):g}") for data in told]


def said_of(variant: Variant) -> dict[str, Any]:
    data: dict[str, Any] = published("pos.variant_changed")[-1].data
    assert data["variant_id"] == str(variant.id)
    return data


def test_a_price_edited_on_the_page_of_a_variant_is_told_with_the_old_and_the_new_one(owner: Client) -> None:
    mug = Variant.objects.get()

    save(owner, "variant", mug.id, price="12.50")

    assert prices() == [("MUG", "1000", "1250")]
    assert Decimal(said_of(mug)["price"]) == 1250


def test_prices_edited_on_the_page_of_a_product_are_told_and_others_are_not(owner: Client) -> None:
    mug = Variant.objects.get()
    Variant.objects.create(product=mug.product, sku="MUG-L", name="large", price=1500)
    page = filled_form(owner.get(f"/admin/pos/product/{mug.product_id}/change/").content, "product_form")
    first = "0" if page["variants-0-sku"] == "MUG" else "1"

    save(owner, "product", mug.product_id, **{f"variants-{first}-price": "9.99"})

    assert prices() == [("MUG", "1000", "999")]


def test_a_new_variant_has_its_price_in_what_it_is_and_no_old_one(owner: Client) -> None:
    tax_class = TaxClass.objects.first()
    assert tax_class is not None
    page = filled_form(owner.get("/admin/pos/product/add/").content, "product_form")
    typed = {"name": "Cup", "tax_class": tax_class.pk, "variants-0-sku": "CUP", "variants-0-price": "3.00"}

    answer = owner.post("/admin/pos/product/add/", {**page, **typed, "variants-0-active": "on"})

    assert answer.status_code == 302
    assert prices() == []
    assert Decimal(said_of(Variant.objects.get(sku="CUP"))["price"]) == 300


def test_what_is_saved_as_it_was_tells_no_price(owner: Client) -> None:
    mug = Variant.objects.get()

    save(owner, "variant", mug.id)
    save(owner, "product", mug.product_id)

    assert prices() == []


def test_barcodes_edited_with_a_variant_are_those_that_are_told(owner: Client) -> None:
    mug = Variant.objects.get()
    page = filled_form(owner.get(f"/admin/pos/variant/{mug.id}/change/").content, "variant_form")
    count = int(str(page["barcodes-TOTAL_FORMS"]))
    typed = {f"barcodes-{count}-code": "96385074", f"barcodes-{count}-kind": "PLAIN", f"barcodes-{count}-quantity": "1"}

    save(owner, "variant", mug.id, **{"barcodes-TOTAL_FORMS": str(count + 1), **typed})

    assert said_of(mug)["barcodes"] == ["4006381333931", "96385074"]


def test_a_variant_is_told_whole(owner: Client) -> None:
    category = Category.objects.create(name="Kitchen")
    Product.objects.update(category=category)
    mug = Variant.objects.get()

    save(owner, "variant", mug.id)

    data = said_of(mug)
    assert (data["category"], data["tax_class"], data["barcodes"], data["active"], data["stocked"]) == (
        "Kitchen", "Standard, included", ["4006381333931"], True, True,
    )  # fmt: skip


def test_a_renamed_category_is_told_of_everything_in_it_that_is_sold(owner: Client) -> None:
    category = Category.objects.create(name="Kitchen")
    Product.objects.update(category=category)
    make.variant("TEA")
    mug = Variant.objects.get(sku="MUG")
    before = len(published("pos.variant_changed"))

    save(owner, "category", category.pk, name="Table")
    save(owner, "category", category.pk)

    assert len(published("pos.variant_changed")) == before + 1
    assert said_of(mug)["category"] == "Table"


def sold() -> Order:
    make.shift()
    order = make.order(make.cash(1000))
    settle()
    make.return_(order, make.returning(order))
    settle()
    return order


def categories(name: str) -> set[str | None]:
    return {line["category"] for event in published(name) for line in event.data["lines"]}


def test_lines_of_orders_and_returns_tell_the_category_as_it_was_when_they_were_sold(owner: Client) -> None:
    category = Category.objects.create(name="Kitchen")
    Product.objects.update(category=category)
    make.shift()
    order = make.order(make.cash(1000))
    Category.objects.update(name="Table")
    make.return_(order, make.returning(order))

    for name in ("pos.order_placed", "pos.order_completed", "pos.return_completed"):
        assert categories(name) == {"Kitchen"}
    assert [line.category for line in order.lines.all()] == ["Kitchen"]


def test_a_category_that_is_not_known_is_null(owner: Client) -> None:
    sold()

    for name in ("pos.order_placed", "pos.order_completed", "pos.return_completed"):
        assert categories(name) == {None}
