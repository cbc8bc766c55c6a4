"""What was sold or stocked is archived, with an event; only what nothing refers to is deleted (SH5)."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from events.models import Event
from events.testing.work import names, settle
from inventory.models import StockItem
from kernel.ids import new_id
from kernel.refusals import NotFound
from pos.catalogue.services import archive_product, archive_variant
from pos.models import Product, Variant
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support import make, people
from tests.support.terminal import Terminal
from tests.support.unchanged import SESSION, nothing_happened


def _stock(till: Terminal, variant: Variant) -> None:
    settle()
    goods = {"id": str(new_id()), "lines": [{"variant_id": str(variant.id), "quantity": "5"}]}
    assert till.post("/goods-receipts", goods).status_code == 201
    settle()


def _archived() -> list[str]:
    return [name for name in names() if name.endswith("_archived")]


def test_sh5_an_archived_variant_is_not_sold_and_its_stock_is_shown(api: Terminal) -> None:
    mug = make.variant("MUG")
    _stock(api, mug)
    make.shift()

    answer = api.post(f"/variants/{mug.id}/archive", {})
    settle()

    assert answer.status_code == 200
    assert api.get("/variants").json()["results"] == []
    assert api.get(f"/variants/{mug.id}").status_code == 404
    for name in ({"sku": "MUG"}, {"variant_id": str(mug.id)}):
        refused = api.post("/orders", make.order_body(lines=[{**name, "quantity": "1"}], tenders=[]))
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "unknown-variant")
    assert api.get("/stock", variant_id=str(mug.id)).json()["results"][0]["on_hand"] == "5.000"
    assert _archived() == ["pos.variant_archived"]
    said = Event.objects.get(type="pos.variant_archived")
    assert said.stream == f"variant:{mug.id}"


def test_sh5_what_was_archived_once_is_not_announced_again(api: Terminal) -> None:
    mug = make.variant("MUG")
    key = str(new_id())

    first, again = (api.post(f"/variants/{mug.id}/archive", {}, key) for _ in range(2))
    anew = api.post(f"/variants/{mug.id}/archive", {})
    unknown = api.post(f"/variants/{new_id()}/archive", {})

    assert first.json() == again.json() == anew.json()
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not-found")
    assert _archived() == ["pos.variant_archived"]


def test_sh5_a_product_is_archived_with_all_its_variants(api: Terminal) -> None:
    mug = make.variant("MUG")
    Variant.objects.create(product=mug.product, sku="MUG-2", price=1)

    assert api.post(f"/products/{mug.product_id}/archive", {}).status_code == 200
    archive_product(product_id=mug.product_id, now=make.NOW)

    assert _archived() == ["pos.variant_archived", "pos.variant_archived", "pos.product_archived"]
    assert not Variant.objects.filter(archived_at=None).exists()
    assert not Variant.objects.filter(active=True).exists()
    with pytest.raises(NotFound):
        archive_product(product_id=new_id(), now=make.NOW)


def test_sh5_an_archived_variant_stays_withdrawn(shop: Tenant) -> None:
    mug = make.variant("MUG")
    archive_variant(variant_id=mug.id, now=make.NOW)

    with pytest.raises(IntegrityError, match="variant_archived_is_not_active"), transaction.atomic():
        Variant.objects.filter(id=mug.id).update(active=True)


@pytest.mark.parametrize("happened", ["sold", "stocked", "returned"])
def test_sh5_what_was_sold_or_stocked_is_not_deleted(api: Terminal, happened: str) -> None:
    mug = make.variant("MUG")
    if happened == "sold":
        make.order(make.cash(1000))
    elif happened == "stocked":
        _stock(api, mug)
    else:
        make.shift()
        line = {"sku": "MUG", "unit_price": {"amount": 5}, "quantity": "1"}
        returned = {"id": str(new_id()), "occurred_at": "2026-11-23T12:00:00Z", "lines": [line]}
        assert api.post("/returns", returned).status_code == 201
    client = people.owner()
    bulk = {"action": "delete_selected", "post": "yes"}

    with nothing_happened(but=SESSION):
        tried: list[Any] = [
            client.post(f"/admin/pos/variant/{mug.id}/delete/", {"post": "yes"}, follow=True),
            client.post(f"/admin/pos/product/{mug.product_id}/delete/", {"post": "yes"}, follow=True),
            client.post("/admin/pos/variant/", {**bulk, "_selected_action": [str(mug.id)]}, follow=True),
            client.post("/admin/pos/product/", {**bulk, "_selected_action": [str(mug.product_id)]}, follow=True),
        ]

    assert ["MUG was sold or stocked, so it stays on record" in answer.content.decode() for answer in tried] == [
        True
    ] * 4
    for row in (mug, mug.product):
        with pytest.raises(IntegrityError, match="sold or stocked"), transaction.atomic():
            row.delete()
        row.refresh_from_db() if row.pk else None


def test_sh5_what_nothing_refers_to_is_deleted_and_the_others_are_told(shop: Tenant) -> None:
    mug, cup = make.variant("MUG", barcode="111"), make.variant("CUP")
    client = people.owner()

    client.post(f"/admin/pos/variant/{mug.id}/delete/", {"post": "yes"})
    client.post(f"/admin/pos/product/{cup.product_id}/delete/", {"post": "yes"})

    assert not Variant.objects.exists()
    assert Product.objects.filter(id=mug.product_id).exists()
    assert _archived() == ["pos.variant_archived"] * 2


def test_sh5_the_admin_archives_what_was_chosen_after_a_question(api: Terminal) -> None:
    mug, cup = make.variant("MUG"), make.variant("CUP")
    _stock(api, mug)
    client = people.owner()

    asked = {"action": "archive", "_selected_action": [str(mug.id)]}
    question = client.post("/admin/pos/variant/", asked)
    assert "It cannot be taken back" in question.content.decode()
    assert _archived() == []
    client.post("/admin/pos/variant/", {**asked, "confirmed": "yes"})
    client.post(
        "/admin/pos/product/", {"action": "archive", "_selected_action": [str(cup.product_id)], "confirmed": "yes"}
    )

    assert _archived() == ["pos.variant_archived", "pos.variant_archived", "pos.product_archived"]
    assert StockItem.objects.get(variant_id=mug.id).on_hand == 5
    assert "MUG" in client.get("/admin/pos/variant/?archived_at__isempty=0").content.decode()


def test_sh13_a_key_archives_with_the_scope_of_the_catalogue(shop: Tenant) -> None:
    mug = make.variant("MUG")
    reader = Terminal("north.localhost", issue_api_key(name="a", scopes=["catalogue:read"]))
    writer = Terminal("north.localhost", issue_api_key(name="b", scopes=["catalogue:write"]))

    assert reader.post(f"/variants/{mug.id}/archive", {}).status_code == 403
    assert writer.post(f"/variants/{mug.id}/archive", {}).status_code == 200
