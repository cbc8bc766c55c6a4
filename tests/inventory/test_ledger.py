"""The stock ledger: append-only, once for each line, and always the sum of its movements."""

import threading
import time
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Sum
from django.utils import timezone

from events.publishing.unit_of_work import unit_of_work
from events.testing.work import drain, names, published, settle
from inventory.models import StockedVariant, StockItem, StockMovement
from inventory.services import (
    DocumentExists,
    Posting,
    Source,
    StockMove,
    UnknownVariants,
    adjust_stock,
    post_movements,
    receive_goods,
)
from kernel.bounds import NumberTooLarge
from kernel.ids import new_id
from kernel.limits import LARGEST_QUANTITY, MOST_GOODS
from pos.models import ShelfLevel, Variant
from tenants.models import Tenant
from tests.support import make
from tests.support.make import moved, source
from tests.support.racing import in_thread
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened


@pytest.fixture
def mug(shop: Tenant) -> Variant:
    variant = make.variant()
    settle()
    return variant


def test_an_item_tells_when_it_moved_last(mug: Variant) -> None:
    before = timezone.now()

    receive_goods(source=source(), moved=[moved(mug, "3")])

    after = StockItem.objects.get(variant_id=mug.id).updated_at
    receive_goods(source=source(), moved=[moved(mug, "1")])
    assert before <= after < StockItem.objects.get(variant_id=mug.id).updated_at


def test_sold_goods_leave_the_stock(mug: Variant) -> None:
    receive_goods(source=source(), moved=[moved(mug, "10")])
    make.order(make.cash(3000), lines=[make.asked("MUG", "2"), make.asked("MUG", "1")])

    settle()

    assert StockItem.objects.get().on_hand == 7
    kinds = StockMovement.objects.order_by("id").values_list("kind", "quantity")
    assert list(kinds) == [("RECEIPT", 10), ("ORDER", -2), ("ORDER", -1)]
    assert ShelfLevel.objects.get().on_hand == 7


def test_services_move_no_stock(shop: Tenant) -> None:
    make.variant("WRAP", stocked=False)
    make.order(make.cash(1000), lines=[make.asked("WRAP")])

    settle()

    assert StockMovement.objects.count() == 0


def test_what_is_oversold_goes_below_zero_and_is_accepted(mug: Variant) -> None:
    make.order(make.cash(2000), lines=[make.asked("MUG", "2")])

    settle()

    assert StockItem.objects.get().on_hand == -2


def test_crossing_the_reorder_point_and_zero_is_said_once(mug: Variant) -> None:
    receive_goods(source=source(), moved=[moved(mug, "5")])
    StockItem.objects.update(reorder_point=3)

    for quantity in ("-1", "-1", "-1", "-2", "-1"):
        adjust_stock(source=source("adjustment"), moved=[moved(mug, quantity)])

    assert names().count("inventory.stock_ran_low") == 1
    assert published("inventory.stock_ran_low")[0].data["on_hand"] == "3.000"
    assert names().count("inventory.product_out_of_stock") == 1
    assert [event.data["on_hand"] for event in published("inventory.stock_changed")] == [
        "5.000", "4.000", "3.000", "2.000", "0.000", "-1.000",
    ]  # fmt: skip


def test_a_line_is_posted_once(mug: Variant) -> None:
    document, line = source(), moved(mug, "1")
    receive_goods(source=document, moved=[line])

    with nothing_happened(), pytest.raises(IntegrityError):
        post_movements(postings=[Posting(source=document, kind=StockMovement.Kind.RECEIPT, moved=[line])])


@pytest.mark.parametrize(
    "statement", ["UPDATE inventory_stockmovement SET quantity = 9", "DELETE FROM inventory_stockmovement"]
)
def test_the_ledger_cannot_be_rewritten(mug: Variant, statement: str) -> None:
    receive_goods(source=source(), moved=[moved(mug, "1")])

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert StockMovement.objects.get().quantity == 1


def test_goods_that_nobody_knows_are_refused(mug: Variant) -> None:
    service = make.variant("WRAP", stocked=False)
    settle()

    for unknown in (service, Variant(id=new_id())):
        with nothing_happened(), pytest.raises(UnknownVariants):
            receive_goods(source=source(), moved=[moved(mug, "1"), moved(unknown, "1")])


def test_in03_more_goods_than_a_document_may_come_to_are_not_received(mug: Variant) -> None:
    lines = [moved(mug, f"{LARGEST_QUANTITY:f}")] * (int(MOST_GOODS / LARGEST_QUANTITY) + 1)

    with nothing_happened(), pytest.raises(NumberTooLarge, match="send it in parts"):
        receive_goods(source=source(), moved=lines)


@pytest.mark.parametrize("more", [{"quantity": "2"}, {"line": 2}, {"reason": "broken"}, {"variant": "CUP"}])
def test_a_document_that_exists_is_not_posted_with_other_content(mug: Variant, more: dict[str, Any]) -> None:
    other = make.variant("CUP")
    settle()
    document, lines = source("adjustment"), [moved(mug, "1")]
    adjust_stock(source=document, moved=lines)
    asked = moved(other if "variant" in more else mug, more.get("quantity", "1"), reason=more.get("reason", ""))

    with nothing_happened(), pytest.raises(DocumentExists, match="adjustment .* was posted already"):
        adjust_stock(source=document, moved=[asked] * more.get("line", 1))
    with nothing_happened():
        assert adjust_stock(source=document, moved=lines) == list(StockMovement.objects.all())


def test_an_adjustment_of_nothing_is_refused(api: Terminal, mug: Variant) -> None:
    line = {"variant_id": str(mug.id), "quantity": "0", "reason": "counted again"}

    with nothing_happened():
        answer = api.post("/stock-adjustments", {"id": str(new_id()), "lines": [line]})

    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/lines/0/quantity"]


def test_inventory_learns_what_a_variant_is_called_now(mug: Variant) -> None:
    receive_goods(source=source(), moved=[moved(mug, "1")])
    make.variant("MUG", 1200)

    settle()

    assert StockedVariant.objects.get().title == "The MUG"
    assert StockItem.objects.get().sku == "MUG"


def test_parallel_postings_lose_nothing(committed: Tenant) -> None:
    variants = [make.variant(f"SKU{number}") for number in range(4)]
    settle()
    barrier = threading.Barrier(6)

    def post() -> None:
        barrier.wait()
        for turn in range(5):
            ordered = variants if turn % 2 else list(reversed(variants))
            adjust_stock(source=source("adjustment"), moved=[moved(variant, "1") for variant in ordered])

    for thread in [in_thread(committed, post) for _ in range(6)]:
        thread.join()

    assert set(StockItem.objects.values_list("on_hand", flat=True)) == {Decimal(30)}
    for item in StockItem.objects.all():
        assert item.movements.aggregate(sum=Sum("quantity"))["sum"] == item.on_hand


def post_directly(*, source: Source, moved: list[StockMove]) -> None:
    post_movements(postings=[Posting(source=source, kind=StockMovement.Kind.ORDER, moved=moved)])


@pytest.mark.parametrize("service", [adjust_stock, post_directly])
def test_transactions_of_many_orders_do_not_deadlock(committed: Tenant, service: Any) -> None:
    first, second = make.variant("FIRST"), make.variant("SECOND")
    settle()
    errors: list[Exception] = []
    barrier = threading.Barrier(2)

    def post(variants: list[Variant]) -> None:
        try:
            barrier.wait()
            with unit_of_work():
                for variant in variants:
                    service(source=source("adjustment"), moved=[moved(variant, "1")])
                    time.sleep(0.2)
        except DatabaseError as error:
            errors.append(error)

    threads = [
        in_thread(committed, lambda: post([first, second])),
        in_thread(committed, lambda: post([second, first])),
    ]
    for thread in threads:
        thread.join()

    assert errors == []
    assert set(StockItem.objects.values_list("on_hand", flat=True)) == {Decimal(2)}


def test_the_shelf_shows_the_last_of_many_changes(mug: Variant) -> None:
    for _ in range(5):
        receive_goods(source=source(), moved=[moved(mug, "1")])

    assert drain("pos.note_shelf_levels") == 5
    assert ShelfLevel.objects.get().on_hand == 5
