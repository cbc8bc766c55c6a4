"""What terminals look up is found by an index: the blocks that it reads do not depend on how much a shop has."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from demo.filling import FILLED, fill
from inventory.models import StockItem
from pos.models import Location, Order, Register, Variant
from pos.registers.services import pair_device
from tenants.models import Tenant
from tests.support import make
from tests.support.explaining import Explaining
from tests.support.pricing import default_list
from tests.support.terminal import Terminal, terminal

VARIANTS, ORDERS = 20_000, 4_000
MOST_BLOCKS = 900
"""Of one statement: a page of 100 rows, each with what belongs to it."""


@pytest.fixture
def large(shop: Tenant) -> Terminal:
    with connection.cursor() as cursor:
        fill(cursor, variants=VARIANTS, orders=ORDERS)
    return terminal("north")


def test_look_ups_and_pages_read_the_same_few_blocks_in_a_shop_of_any_size(large: Terminal) -> None:
    variant, order = Variant.objects.filter(active=True)[15_000], Order.objects.order_by("id")[3_000]
    item = StockItem.objects.filter(location_id=make.register().location_id)[500]
    of_item, of_order = {"variant_id": str(item.variant_id)}, {"order_id": str(order.id)}
    parts = "pos_variant_search_parts"
    asked: dict[str, tuple[Terminal, str, dict[str, Any], str]] = {
        "a barcode": (large, "/variants", {"barcode": variant.barcodes.get().code}, "barcode_active_unique"),
        "a SKU": (large, "/variants", {"sku": variant.sku}, "variant_active_sku_unique"),
        "a rare text": (large, "/variants", {"q": variant.product.name.rsplit(" ")[-1]}, parts),
        "a frequent text": (large, "/variants", {"q": "MUG"}, parts),
        "a text that nothing has": (large, "/variants", {"q": "mugs"}, parts),
        "two characters that nothing has": (large, "/variants", {"q": "zq"}, parts),
        "a product": (large, f"/variants/{variant.id}", {}, "pos_variant_pkey"),
        "the products": (large, "/variants", {}, "pos_variant_pkey"),
        "the stock of a branch": (_branch(), "/stock", {}, "stock_item_by_location"),
        "a level": (large, "/stock", of_item, "stock_item_one_per_place"),
        "the ledger": (large, "/stock-movements", {}, "inventory_stockmovement_pkey"),
        "the ledger of a variant": (large, "/stock-movements", of_item, "stock_movement_by_item"),
        "the orders": (large, "/orders", {}, "pos_order_pkey"),
        **_documents(large, order),
        "what a list has": (large, f"/price-lists/{default_list().id}/entries", {}, "pos_priceentry_pkey"),
        "the prices of a variant": (
            large,
            f"/price-lists/{default_list().id}/entries",
            of_item,
            "pos_priceentry_variant_id",
        ),
        "the prices of a page": (large, "/variants", {"q": "MUG"}, "pos_priceentry_variant_id"),
        "an order": (large, f"/orders/{order.id}", {}, "pos_order_pkey"),
        "the payments of an order": (large, "/payments", of_order, "payment_by_order"),
        "the cards of an order": (large, "/payment-intents", of_order, "payment_intent_by_order"),
    }

    found = {name: (*_explained(till, path, query), index) for name, (till, path, query, index) in asked.items()}

    for name, (blocks, plans, index) in found.items():
        scanned = [table for table in FILLED if f"Seq Scan on {table} " in plans]
        assert (name, scanned) == (name, [])
        assert f" {index}" in plans, name
        assert blocks <= MOST_BLOCKS, name


def _documents(large: Terminal, order: Order) -> dict[str, tuple[Terminal, str, dict[str, Any], str]]:
    """What orders and returns are looked for by. Of a total or a register that few have, not all rows are read."""
    day = {"recorded_from": _moment(order, hours=-1), "recorded_before": _moment(order, hours=1)}
    mail = Order.objects.exclude(customer_email="").order_by("id")[20].customer_email.upper()
    rare = str(Register.objects.create(code="R8", name="Till 8", location=order.register.location).id)
    return {
        "an order by its receipt": (large, "/orders", {"receipt": order.receipt}, "order_receipt_number_unique"),
        "a number": (large, "/orders", {"receipt_number": order.receipt_number}, "order_receipt_number_unique"),
        "what is not completed": (large, "/orders", {"status": "VOIDED"}, "order_not_completed"),
        "what is completed": (large, "/orders", {"status": "COMPLETED"}, "pos_order_pkey"),
        "an hour of orders": (large, "/orders", day, "order_by_recorded_at"),
        "a customer": (large, "/orders", {"customer_email": mail}, "order_by_customer_email"),
        "a total": (large, "/orders", {"total": 2999}, "order_by_total"),
        "a register": (large, "/orders", {"register_id": rare}, "order_by_register"),
        "the returns": (large, "/returns", {}, "pos_return_pkey"),
        "a return by its receipt": (large, "/returns", {"receipt": "R1-R002001"}, "return_number_unique"),
        "the number of a return": (large, "/returns", {"number": 2001}, "return_number_unique"),
        "an hour of returns": (large, "/returns", day, "return_by_recorded_at"),
        "the returns of a customer": (large, "/returns", {"customer_email": mail}, "order_by_customer_email"),
        "the returns of an order": (large, "/returns", {"order_id": str(order.id)}, "pos_return_order_id"),
        "the receipts": (large, "/receipts", {}, "pos_receipt_pkey"),
        "a receipt": (large, "/receipts", {"receipt": "r1-2001"}, "receipt_number_unique"),
        "the receipts of a number": (large, "/receipts", {"number": 2001}, "receipt_number_unique"),
        "the receipts of a kind": (large, "/receipts", {"kind": "ORDER"}, "pos_receipt_pkey"),
        "the receipts of a register": (large, "/receipts", {"register_id": rare}, "receipt_number_unique"),
        "an hour of receipts": (large, "/receipts", day, "receipt_by_issued_at"),
        "the receipts of a customer": (large, "/receipts", {"customer_email": mail}, "receipt_once_per_source"),
        "a total of receipts": (large, "/receipts", {"total": 2999}, "receipt_by_total"),
        "a total of returns": (large, "/returns", {"total": 2999}, "return_by_total"),
        "the returns of a register": (large, "/returns", {"register_id": rare}, "return_by_register"),
    }


def _moment(order: Order, *, hours: int) -> str:
    return (order.recorded_at + timedelta(hours=hours)).isoformat()


def _branch() -> Terminal:
    branch = Location.objects.get(code="L9")
    Register.objects.create(code="R9", name="Till 9", location=branch)
    return Terminal("north.localhost", pair_device(register_code="R9", name="Branch")[1])


def _explained(till: Terminal, path: str, query: dict[str, Any]) -> tuple[int, str]:
    """Return the most blocks that one statement of a request touches, and all plans."""
    explaining = Explaining()
    with connection.execute_wrapper(explaining):
        assert till.get(path, **query).status_code == 200
    return max(blocks for blocks, _ in explaining.read), "\n\n".join(plan for _, plan in explaining.read)
