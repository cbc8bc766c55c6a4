"""The text search finds what PostgreSQL's own comparison without case finds, whoever wrote the rows."""

import pytest
from django.db import connection
from django.db.models import Q

from kernel.ids import new_id
from pos.catalogue.queries import variants_matching
from pos.catalogue.services import Item, put_item
from pos.models import Product, Variant
from tenants.models import Tenant
from tests.support.racing import Aside

TITLES = ("Καφές", "ΚΑΦΈΣ", "Fındık", "FINDIK", "Straße", "µ-meter", "Μμ", "Café", "Cafe\u0301", "ſet", "50% off_x")
SOUGHT = (*TITLES, "καφές", "ΚΑΦΈΣ", "σ", "ς", "findik", "fındık", "ß", "μ", "µ", "É", "s", "ı", "I", "0% OFF_")


def sold(sku: str, name: str) -> Variant:
    item = Item(sku=sku, name=name, price=100, tax_rate="Standard, included", stocked=True, barcodes=[])
    return put_item(item=item)[0]


def found_without_case(text: str) -> set[str]:
    variants = Variant.objects.filter(Q(product__name__icontains=text) | Q(sku__icontains=text))
    return {variant.title for variant in variants.select_related("product")}


def found(text: str) -> set[str]:
    return {variant.title for variant in variants_matching(text=text)}


def test_a_text_in_any_case_finds_at_least_what_a_comparison_without_case_finds(shop: Tenant) -> None:
    for number, title in enumerate(TITLES):
        sold(f"Q{number}", title)

    lost = {text: missing for text in SOUGHT if (missing := found_without_case(text) - found(text))}

    assert lost == {}
    assert found("ΚΑΦΈΣ") == {"Καφές", "ΚΑΦΈΣ"}


def test_rows_that_are_written_from_another_schema_are_found(shop: Tenant) -> None:
    variant = sold("MUG", "Mug")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SET LOCAL search_path = south, public;
            UPDATE north.pos_variant SET name = 'in blue' WHERE id = '{variant.id}';
            UPDATE north.pos_product SET name = 'Bowl' WHERE id = '{variant.product_id}';
            SET LOCAL search_path = north, public;
            """
        )

    assert found("bowl in b") == {"Bowl in blue"}


def test_a_variant_that_is_written_before_its_product_is_found_by_its_name(shop: Tenant) -> None:
    like = sold("MUG", "Mug").product
    late, now_there = new_id(), Product(id=new_id(), name="Late mug", tax_rate=like.tax_rate, tax_class=like.tax_class)
    Variant.objects.bulk_create([Variant(id=late, product_id=now_there.id, sku="LATE", price=1)])

    now_there.save(force_insert=True)

    assert found("late m") == {"Late mug"}


@pytest.mark.parametrize("rounds", [20])
def test_two_who_rename_a_product_by_different_variants_of_it_do_not_deadlock(committed: Tenant, rounds: int) -> None:
    product = sold("S", "Shirt").product
    Variant.objects.create(product=product, sku="M", price=100)
    failures: list[Exception] = []

    def rename(sku: str, names: list[str]) -> None:
        for name in names:
            try:
                sold(sku, name)
            except Exception as error:  # noqa: BLE001 - every failure is one too many
                failures.append(error)

    names = [f"Shirt {number}" for number in range(rounds)]
    both = [Aside(committed, lambda: rename("S", names)), Aside(committed, lambda: rename("M", names[::-1]))]
    for each in both:
        each.join()

    assert failures == []
