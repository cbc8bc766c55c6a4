"""What tills keep a copy of: ways to pay, taxes, categories; asked for again, they are sent when they have changed."""

import pytest

from pos.models import Category, Product, TaxRate, TenderType
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support import make, people
from tests.support.terminal import Terminal


def _again(till: Terminal, path: str, tag: str) -> int:
    headers = {**till.headers, "If-None-Match": tag}
    return till.client.get(f"/api/v1{path}", headers=headers).status_code


def test_the_ways_to_pay_the_taxes_and_the_categories_are_listed(api: Terminal) -> None:
    drinks = Category.objects.create(name="Drinks")
    Category.objects.create(name="Tea", parent=drinks)

    tenders = {row["code"]: row for row in api.get("/tender-types").json()["results"]}
    taxes = {row["name"]: row for row in api.get("/taxes").json()["results"]}
    categories = {row["name"]: row for row in api.get("/categories").json()["results"]}

    assert (tenders["cash"]["kind"], tenders["cash"]["gives_change"], tenders["card"]["gives_change"]) == (
        "CASH", True, False,
    )  # fmt: skip
    assert (taxes["Standard, added"]["rate"], taxes["Standard, added"]["inclusive"]) == ("0.200000", False)
    assert (categories["Drinks"]["parent_id"], categories["Tea"]["parent_id"]) == (None, str(drinks.id))


@pytest.mark.parametrize("path", ["/tender-types", "/taxes", "/categories"])
def test_a_list_that_is_held_already_is_not_sent_again_until_it_changes(api: Terminal, path: str) -> None:
    Category.objects.create(name="Drinks")
    tag = api.get(path).headers["ETag"]

    assert [_again(api, path, held) for held in (tag, f"W/{tag}", f'"x", {tag}', "*", '"x"', "")] == [
        304, 304, 304, 304, 200, 200,
    ]  # fmt: skip
    TenderType.objects.filter(code="cash").update(name="Coins")
    TaxRate.objects.filter(name="Zero").update(name="None")
    Category.objects.update(name="Food")
    assert _again(api, path, tag) == 200
    assert api.get(path).headers["ETag"] != tag


def test_sh13_a_key_reads_the_lists_with_the_scope_of_the_catalogue(shop: Tenant) -> None:
    reader = Terminal("north.localhost", issue_api_key(name="a", scopes=["catalogue:read"]))
    other = Terminal("north.localhost", issue_api_key(name="b", scopes=["stock:read"]))

    for path in ("/tender-types", "/taxes", "/categories"):
        assert (reader.get(path).status_code, other.get(path).status_code) == (200, 403)


def test_a_variant_names_its_product_and_its_category(api: Terminal) -> None:
    variant = make.variant()
    drinks = Category.objects.create(name="Drinks")

    before = api.get(f"/variants/{variant.id}").json()
    Product.objects.update(category=drinks)
    after = api.get(f"/variants/{variant.id}").json()

    assert (before["product_id"], before["category_id"]) == (str(variant.product_id), None)
    assert after["category_id"] == str(drinks.id)


def test_a_category_is_no_part_of_its_parts(shop: Tenant) -> None:
    drinks = Category.objects.create(name="Drinks")
    tea = Category.objects.create(name="Tea", parent=drinks)
    client = people.owner()
    page = f"/admin/pos/category/{drinks.id}/change/"

    circle = client.post(page, {"name": "Drinks", "parent": str(tea.id)})
    itself = client.post(page, {"name": "Drinks", "parent": str(drinks.id)})
    twice = client.post("/admin/pos/category/add/", {"name": "Drinks", "parent": ""})
    moved = client.post(f"/admin/pos/category/{tea.id}/change/", {"name": "Tea", "parent": ""})

    assert "cannot be a part of Tea" in " ".join(circle.context["adminform"].form.errors["parent"])
    assert (itself.status_code, twice.status_code, moved.status_code) == (200, 200, 302)
    assert Category.objects.get(id=drinks.id).parent is None
