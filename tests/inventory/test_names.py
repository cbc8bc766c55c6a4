"""Goods that are received or adjusted are named as on the line of an order: by id, barcode or SKU, and by one of them."""

from decimal import Decimal
from typing import Any

import pytest

from events.testing.work import settle
from inventory.models import StockItem
from kernel.ids import new_id
from pos.catalogue.services import archive_variant
from pos.models import Barcode, Variant
from tests.support import make
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened

BOTH = pytest.mark.parametrize(("path", "more"), [("/goods-receipts", {}), ("/stock-adjustments", {"reason": "found"})])
UPC = "012345678905"


@pytest.fixture
def mug(api: Terminal) -> Variant:
    variant = make.variant("MUG", barcode=UPC)
    Barcode.objects.create(variant=variant, code="666", quantity=Decimal(6))
    Barcode.objects.create(variant=variant, code="2112345", kind="WEIGHT")
    settle()
    return variant


def document(*lines: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"id": str(new_id()), "lines": [{"quantity": "5", **line, **more} for line in lines]}


def on_hand() -> dict[str, Decimal]:
    return dict(StockItem.objects.values_list("sku", "on_hand"))


@BOTH
def test_goods_are_named_by_id_barcode_or_sku(api: Terminal, mug: Variant, path: str, more: dict[str, str]) -> None:
    names = [{"variant_id": str(mug.id)}, {"sku": "MUG"}, {"barcode": UPC}, {"barcode": f"00{UPC}"}]

    body = document(*names, **more)
    taken, again = api.post(path, body), api.post(path, body)

    assert taken.status_code == again.status_code == 201, taken.content
    assert {row["variant_id"] for row in taken.json()["movements"]} == {str(mug.id)}
    assert on_hand() == {"MUG": 20}


@BOTH
@pytest.mark.parametrize(("barcode", "pieces"), [("666", "30"), ("2112345012346", "6.17")])
def test_a_barcode_of_several_pieces_moves_them_all(
    api: Terminal, mug: Variant, path: str, more: dict[str, str], barcode: str, pieces: str
) -> None:
    assert api.post(path, document({"barcode": barcode}, **more)).status_code == 201

    assert on_hand() == {"MUG": Decimal(pieces)}


@BOTH
def test_a_line_that_names_no_goods_or_names_them_twice_is_refused(
    api: Terminal, mug: Variant, path: str, more: dict[str, str]
) -> None:
    with nothing_happened():
        refused = api.post(path, document({}, {"sku": "MUG", "barcode": UPC}, **more))

    assert refused.status_code == 422
    assert {error["pointer"].rsplit("/non")[0]: error["detail"] for error in refused.json()["errors"]} == {
        "/lines/0": "Name a variant_id, barcode or sku.",
        "/lines/1": "Name the goods once, not by barcode and sku.",
    }


@BOTH
def test_lines_that_name_what_the_shop_does_not_sell_are_pointed_at(
    api: Terminal, mug: Variant, path: str, more: dict[str, str]
) -> None:
    archive_variant(variant_id=make.variant("OLD").id, now=make.NOW)
    names = [{"sku": "MUG"}, {"sku": "CUP"}, {"barcode": "2112345012347"}, {"barcode": "2112345000008"}, {"sku": "OLD"}]

    with nothing_happened():
        refused = api.post(path, document(*names, **more))

    assert (refused.status_code, refused.json()["code"]) == (422, "validation-failed")
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [
        ("/lines/1", "unknown-variant"),
        ("/lines/2", "unknown-variant"),
        ("/lines/3", "barcode-empty"),
        ("/lines/4", "unknown-variant"),
    ]
    assert "this shop sells no CUP" in refused.json()["detail"]


def test_less_than_a_thousandth_is_refused_at_its_line(api: Terminal, mug: Variant) -> None:
    with nothing_happened():
        refused = api.post("/goods-receipts", document({"barcode": "2112345000015"}, quantity="0.001"))

    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/lines/0/quantity", "quantity-too-small")
