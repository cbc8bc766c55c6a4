"""Lists of the admin at 100,000 products: few statements, and no select of all products (SH22)."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events.testing.work import settle
from inventory.models import StockItem
from pos.models import Barcode, Category, Product, Variant
from tenants.models import Tenant
from tests.support import make, people
from tests.support.forms import filled_form
from web.admin import OnPlatformHost

ROWS = 100_000
MOST_STATEMENTS = 12
LISTS = [model for model, page in admin.site._registry.items() if not isinstance(page, OnPlatformHost)]
FILL = """
DROP INDEX pos_variant_search_parts;
ALTER TABLE pos_product DISABLE TRIGGER USER;
ALTER TABLE pos_variant DISABLE TRIGGER USER;
ALTER TABLE pos_barcode DISABLE TRIGGER USER;
INSERT INTO pos_product (id, name, kind, tax_class_id, tax_rate_id, created_at)
    SELECT uuidv7(), 'Product ' || n, 'STOCKED', p.tax_class_id, p.tax_rate_id, now()
    FROM generate_series(1, %(rows)s) n, (SELECT * FROM pos_product LIMIT 1) p;
INSERT INTO pos_variant (id, product_id, sku, name, price, active, updated_at, search)
    SELECT uuidv7(), id, 'S' || row_number() OVER (), '', 100, true, now(), lower(name) FROM pos_product
    WHERE name LIKE 'Product %%';
INSERT INTO pos_barcode (id, variant_id, code) SELECT uuidv7(), id, 'C' || sku FROM pos_variant WHERE sku LIKE 'S%%';
INSERT INTO inventory_stockitem (id, variant_id, location_id, sku, title, on_hand, reorder_point, updated_at)
    SELECT uuidv7(), v.id, l.id, v.sku, v.name, 1, 3, now() FROM pos_variant v, pos_location l WHERE v.sku LIKE 'S%%';
ANALYZE pos_product, pos_variant, pos_barcode, inventory_stockitem;
"""


def statements(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(address).status_code == 200
    return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE", "SET ")) for query in caught)


@pytest.fixture
def stocked(shop: Tenant) -> Client:
    make.variant()
    order = make.order(make.card(400), make.cash(1000), email="ada@example.test")
    settle()
    order.refresh_from_db()
    make.return_(order, make.returning(order))
    settle()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL statement_timeout = 0")
        cursor.execute(FILL, {"rows": ROWS})
    return people.owner()


def test_sh22_lists_take_few_statements_at_100_000_products_and_no_page_lists_them_all(stocked: Client) -> None:
    assert Product.objects.count() > ROWS
    assert StockItem.objects.count() >= ROWS
    stocked.get("/admin/")

    taken = {
        f"{model._meta.label}{query}": statements(
            stocked, f"/admin/{model._meta.app_label}/{model._meta.model_name}/{query}"
        )
        for model in LISTS
        for query in ("", "?q=S77")
        if not query or model in {Product, Variant, StockItem}
    }

    assert {label: count for label, count in taken.items() if count > MOST_STATEMENTS} == {}
    assert statements(stocked, "/admin/") <= 15

    variant = Variant.objects.get(sku="MUG")

    for path in (
        f"variant/{variant.pk}/change/",
        "variant/add/",
        f"product/{variant.product_id}/change/",
        "product/add/",
    ):
        page = stocked.get(f"/admin/pos/{path}")
        assert page.status_code == 200
        assert len(page.content) < 150_000, path
        assert statements(stocked, f"/admin/pos/{path}") <= 20
    query = {"app_label": "pos", "model_name": "variant", "field_name": "product", "term": "Product 777"}
    found = stocked.get("/admin/autocomplete/", query).json()["results"]
    assert "Product 777" in {each["text"] for each in found}


@pytest.mark.filterwarnings("error::django.core.paginator.UnorderedObjectListWarning")
@pytest.mark.parametrize(
    ("page", "field"), [("variant", "product"), ("product", "category"), ("priceentry", "variant")]
)
def test_pages_of_a_chooser_follow_its_names_and_repeat_and_lack_no_row(shop: Tenant, page: str, field: str) -> None:
    for number in range(45, 0, -1):
        variant = make.variant(f"S{number:02}")
        variant.product.category = Category.objects.create(name=f"Group {number:02}")
        variant.product.name = f"Product {number:02}"
        variant.product.save()
    client, asked = people.owner(), {"app_label": "pos", "model_name": page, "field_name": field, "term": ""}

    pages = [client.get("/admin/autocomplete/", {**asked, "page": number}).json() for number in (1, 2, 3)]

    texts = [each["text"] for answer in pages for each in answer["results"]]
    assert texts == sorted(set(texts))
    assert len(texts) == 45


def filled(client: Client, product: Product) -> tuple[str, Any]:
    address = f"/admin/pos/product/{product.pk}/change/"
    return address, filled_form(client.get(address).content, "product_form")


def test_sh21_variants_prices_and_barcodes_of_a_product_are_on_one_page(shop: Tenant) -> None:
    variant = make.variant("MUG", barcode="4006381333931")
    Barcode.objects.create(variant=variant, code="2112345", kind="WEIGHT")
    client = people.owner()
    address, form = filled(client, variant.product)
    assert form["variants-0-codes"] == "4006381333931"

    changed = {**form, "variants-0-price": "12.50", "variants-0-codes": "036000291452 4006381333931"}
    done = client.post(address, changed)

    assert done.status_code == 302
    variant.refresh_from_db()
    assert variant.price == 1250
    assert sorted(variant.barcodes.values_list("code", "kind")) == [
        ("036000291452", "PLAIN"),
        ("2112345", "WEIGHT"),
        ("4006381333931", "PLAIN"),
    ]


def test_sh8_a_barcode_that_another_product_has_is_refused_beside_its_variant(shop: Tenant) -> None:
    make.variant("CUP", barcode="036000291452")
    mug = make.variant("MUG", barcode="4006381333931")
    client = people.owner()
    address, form = filled(client, mug.product)

    page = client.post(address, {**form, "variants-0-codes": "036000291452"})

    assert page.status_code == 200
    assert "belongs to CUP (The CUP): remove it there first." in page.content.decode()
    assert list(mug.barcodes.values_list("code", flat=True)) == ["4006381333931"]


def test_barcodes_of_new_variants_of_a_product(shop: Tenant) -> None:
    mug = make.variant("MUG")
    client = people.owner()
    address, form = filled(client, mug.product)
    added = {
        "variants-TOTAL_FORMS": "2", "variants-1-sku": "BIG", "variants-1-price": "20", "variants-1-active": "on",
        "variants-1-codes": "111 222", "variants-1-product": str(mug.product_id),
    }  # fmt: skip

    done = client.post(address, {**form, **added})

    assert done.status_code == 302
    assert sorted(Barcode.objects.filter(variant__sku="BIG").values_list("code", flat=True)) == ["111", "222"]


def test_who_may_only_read_a_product_sees_its_barcodes(shop: Tenant) -> None:
    mug = make.variant("MUG", barcode="4006381333931")
    page = people.viewer("view_product", "view_variant").get(f"/admin/pos/product/{mug.product_id}/change/")

    assert page.status_code == 200
    assert "4006381333931" in page.content.decode()
