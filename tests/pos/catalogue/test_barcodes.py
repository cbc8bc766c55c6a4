"""Barcodes are removed, moved and given on; GTINs are one number; scales print weights and prices (SH8)."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from kernel.ids import new_id
from pos.catalogue.services import archive_variant
from pos.models import Barcode, OrderLine, Product, TaxRate, Variant
from pos.profile.queries import current_profile
from pos.profile.services import put_profile
from tenants.models import Tenant
from tests.support import make, people
from tests.support.forms import filled_form
from tests.support.terminal import Terminal

EAN, UPC = "0012345678905", "012345678905"
WEIGHED, PRICED = "2112345012346", "2122222005255"
"""1.234 kg of the article 2112345; 5.25 for one of the article 2122222."""
LIGHT = "2112345001005"
"""0.100 kg of the article 2112345."""


def _put(till: Terminal, sku: str, **more: Any) -> Any:
    return till.post("/products", {"sku": sku, "name": sku, "price": {"amount": 1000}, "tax_name": "Zero", **more})


def _found(till: Terminal, barcode: str) -> list[str]:
    return [row["sku"] for row in till.get("/variants", barcode=barcode).json()["results"]]


def test_sh8_a_list_that_is_shortened_removes_what_is_not_in_it(api: Terminal) -> None:
    _put(api, "MUG", barcodes=["111", "222"])

    shorter = _put(api, "MUG", barcodes=["222"])
    left_out = _put(api, "MUG")
    empty = _put(api, "MUG", barcodes=[])

    assert [answer.json()["barcodes"] for answer in (shorter, left_out, empty)] == [["222"], ["222"], []]
    assert _found(api, "111") == _found(api, "222") == []


def test_sh8_a_code_is_moved_when_its_holder_has_let_it_go_and_the_refusal_names_the_holder(api: Terminal) -> None:
    _put(api, "MUG", barcodes=["111"])

    refused = _put(api, "CUP", barcodes=["111", "333"])
    _put(api, "MUG", barcodes=[])
    moved = _put(api, "CUP", barcodes=["111", "333"])

    assert (refused.status_code, refused.json()["code"]) == (409, "barcode-taken")
    assert "barcode 111 belongs to MUG (MUG)" in refused.json()["detail"]
    assert refused.json()["sku"] == "MUG"
    assert (moved.status_code, _found(api, "111")) == (201, ["CUP"])


def test_sh8_the_code_of_an_archived_variant_goes_to_its_successor_with_its_sku(api: Terminal) -> None:
    old = make.variant("MUG", barcode="111")

    archive_variant(variant_id=old.id, now=make.NOW)
    new = _put(api, "MUG", barcodes=["111"]).json()

    assert new["id"] != str(old.id)
    assert [row["id"] for row in api.get("/variants", barcode="111").json()["results"]] == [new["id"]]
    assert Barcode.objects.filter(code="111").count() == 2


def test_sh8_a_variant_that_is_sold_again_does_not_take_its_code_back(shop: Tenant) -> None:
    old = make.variant("MUG", barcode="111")
    Variant.objects.filter(id=old.id).update(active=False)
    make.variant("CUP", barcode="111")

    with pytest.raises(IntegrityError, match="barcode_active_unique"), transaction.atomic():
        Variant.objects.filter(id=old.id).update(active=True)
    assert list(Barcode.objects.filter(live=True).values_list("variant__sku", flat=True)) == ["CUP"]


def test_sh8_a_gtin_is_found_and_taken_in_every_length(api: Terminal) -> None:
    make.shift()
    _put(api, "MUG", barcodes=[UPC])

    refused = _put(api, "CUP", barcodes=[EAN])
    again = _put(api, "MUG", barcodes=[EAN])

    assert refused.json()["code"] == "barcode-taken"
    assert again.json()["barcodes"] == [UPC]
    for code in (UPC, EAN, f"0{EAN}"):
        assert _found(api, code) == ["MUG"]
        sold = api.post("/orders", make.order_body(lines=[{"barcode": code, "quantity": "1"}]))
        assert sold.status_code == 201, sold.content
    assert _found(api, "012345678906") == []


@pytest.fixture
def scales(api: Terminal) -> Terminal:
    make.shift()
    _put(api, "CHEESE", scale_barcodes=[{"code": WEIGHED[:7], "kind": "WEIGHT"}])
    _put(api, "SALAD", scale_barcodes=[{"code": PRICED[:7], "kind": "PRICE"}])
    return api


def test_sh8_a_look_up_takes_the_weight_or_the_price_from_the_code(scales: Terminal) -> None:
    (cheese,) = scales.get("/variants", barcode=WEIGHED).json()["results"]
    (salad,) = scales.get("/variants", barcode=PRICED).json()["results"]
    plain = scales.get("/variants", sku="CHEESE").json()["results"][0]

    assert (cheese["sku"], cheese["scanned_quantity"], cheese["scanned_price"]) == ("CHEESE", "1.234", None)
    assert (salad["sku"], salad["scanned_quantity"], salad["scanned_price"]["amount"]) == ("SALAD", "1.000", 525)
    assert (plain["scanned_quantity"], plain["scale_barcodes"]) == (None, [{"code": "2112345", "kind": "WEIGHT"}])


def test_sh8_an_order_takes_the_weight_or_the_price_from_the_code(scales: Terminal) -> None:
    lines = [
        {"barcode": WEIGHED, "quantity": "1"},
        {"barcode": WEIGHED, "quantity": "2"},
        {"barcode": PRICED, "quantity": "1"},
        {"barcode": PRICED, "quantity": "1", "unit_price": {"amount": 400}},
    ]
    order = scales.post("/orders", make.order_body(lines=lines, tenders=[]))

    assert order.status_code == 201, order.content
    taken = [(line["sku"], line["quantity"], line["total"]["amount"]) for line in order.json()["lines"]]
    assert taken == [
        ("CHEESE", "1.234", 1234), ("CHEESE", "2.468", 2468), ("SALAD", "1.000", 525), ("SALAD", "1.000", 400),
    ]  # fmt: skip
    sources = OrderLine.objects.order_by("number").values_list("price_source", "list_price")
    assert list(sources) == [("WEIGHED", 1000)] * 3 + [("MANUAL", 1000)]


@pytest.mark.parametrize("code", ["2112345000008", "2199999012342", "2112345012347"])
def test_sh8_a_scale_that_printed_nothing_or_something_unknown_is_refused(scales: Terminal, code: str) -> None:
    answer = scales.post("/orders", make.order_body(lines=[{"barcode": code, "quantity": "1"}], tenders=[]))

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/lines/0"
    assert error["code"] == ("barcode-empty" if code == "2112345000008" else "unknown-variant")


@pytest.mark.parametrize("code", [LIGHT, "SLICE"])
@pytest.mark.parametrize("path", ["/price-quotes", "/orders", "/parked-orders", "/return-quotes", "/returns"])
def test_a_quantity_that_comes_to_nothing_is_refused_at_its_line(scales: Terminal, path: str, code: str) -> None:
    Barcode.objects.create(variant=Variant.objects.get(sku="CHEESE"), code="SLICE", quantity=Decimal("0.100"))
    line: dict[str, Any] = {"barcode": code, "quantity": "0.001"}
    back = {**line, "unit_price": {"amount": 1000}, "restock": True}
    body = {
        "/price-quotes": {"lines": [line]},
        "/orders": make.order_body(lines=[line]),
        "/parked-orders": {"id": str(new_id()), "label": "Ada", "lines": [line]},
        "/return-quotes": {"lines": [back]},
        "/returns": {"id": str(new_id()), "occurred_at": "2026-11-23T12:00:00Z", "lines": [back]},
    }[path]

    answer = scales.post(path, body)

    assert answer.status_code == 422, answer.content
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/lines/0/quantity", "quantity-too-small")


def test_an_offline_sale_of_a_quantity_that_comes_to_nothing_is_held(scales: Terminal) -> None:
    body = make.order_body(lines=[{"barcode": LIGHT, "quantity": "0.001"}], origin="OFFLINE")

    answer = scales.post("/orders", body)

    assert (answer.status_code, answer.json()["result"]) == (202, "quarantined")


def test_sh8_a_misread_code_is_refused_with_the_reason(scales: Terminal) -> None:
    answer = scales.post("/orders", make.order_body(lines=[{"barcode": "2112345012347", "quantity": "1"}], tenders=[]))

    (error,) = answer.json()["errors"]
    assert error["detail"] == (
        "this shop sells no 2112345012347: its last digit is not its check digit, so it was misread or mistyped"
    )


@pytest.mark.parametrize("code", ["0212345012345", "212345012345", "00212345012345"])
def test_sh8_the_code_of_a_scale_is_read_in_every_length(api: Terminal, code: str) -> None:
    make.shift()
    put_profile(values={"scale_prefixes": "02"})
    _put(api, "HAM", scale_barcodes=[{"code": "0212345", "kind": "WEIGHT"}])

    (ham,) = api.get("/variants", barcode=code).json()["results"]
    sold = api.post("/orders", make.order_body(lines=[{"barcode": code, "quantity": "1"}], tenders=[]))

    assert (ham["sku"], ham["scanned_quantity"]) == ("HAM", "1.234")
    assert [line["quantity"] for line in sold.json()["lines"]] == ["1.234"]


def test_sh8_a_barcode_and_the_code_of_a_scale_as_which_it_is_read_are_not_two_variants(scales: Terminal) -> None:
    late = "2133333012346"
    _put(scales, "CUP", barcodes=[late])

    for code in (WEIGHED, f"0{WEIGHED}", WEIGHED[:7]):
        refused = _put(scales, "MUG", barcodes=[code])
        assert (refused.status_code, refused.json()["sku"]) == (409, "CHEESE"), code
    refused = _put(scales, "MUG", scale_barcodes=[{"code": late[:7], "kind": "PRICE"}])
    twice = _put(scales, "MUG", barcodes=["2144444"], scale_barcodes=[{"code": "2144444", "kind": "PRICE"}])
    own = _put(scales, "CHEESE", barcodes=[WEIGHED[:7]])

    assert (refused.status_code, refused.json()["sku"]) == (409, "CUP")
    assert f"barcode {late} belongs to CUP (CUP)" in refused.json()["detail"]
    assert (twice.status_code, own.status_code) == (422, 409)
    assert "barcode 2112345 of a scale belongs to CHEESE" in own.json()["detail"]
    assert _put(scales, "CHEESE", barcodes=[WEIGHED[:7]], scale_barcodes=[]).status_code == 200
    again = _put(scales, "CHEESE", barcodes=[], scale_barcodes=[{"code": WEIGHED[:7], "kind": "WEIGHT"}])
    assert again.json()["scale_barcodes"] == [{"code": WEIGHED[:7], "kind": "WEIGHT"}]


def test_sh8_codes_that_are_read_as_one_another_already_stay(scales: Terminal) -> None:
    old = make.variant("OLD")
    Barcode.objects.create(variant=old, code=WEIGHED)
    body = {"barcodes": [WEIGHED], "scale_barcodes": []}

    assert _put(scales, "OLD", **body).status_code == 200
    cheese = _put(scales, "CHEESE", scale_barcodes=[{"code": WEIGHED[:7], "kind": "WEIGHT"}])
    assert cheese.status_code == 200, cheese.content
    client, page = people.owner(), f"/admin/pos/variant/{old.id}/change/"
    form = filled_form(client.get(page).content, "variant_form")
    assert client.post(page, {**form, "barcodes-0-quantity": "2"}).status_code == 302


def test_sh8_the_admin_takes_no_code_that_is_read_as_one_of_another_variant(scales: Terminal) -> None:
    cup = make.variant("CUP", barcode="2133333012346")
    client = people.owner()

    def add(path: str, row: dict[str, str]) -> bytes:
        form = filled_form(client.get(path).content, f"{path.split('/')[3]}_form")
        answer = client.post(path, {**form, **row})
        assert answer.status_code == 200
        return bytes(answer.content)

    def barcode(code: str, kind: str) -> dict[str, str]:
        prefix = "barcodes-1" if kind == "PLAIN" else "barcodes-0"
        total = "2" if kind == "PLAIN" else "1"
        row = {"code": code, "kind": kind, "quantity": "1"}
        return {"barcodes-TOTAL_FORMS": total, **{f"{prefix}-{name}": value for name, value in row.items()}}

    mug = make.variant("MUG")
    plain = add(f"/admin/pos/variant/{cup.id}/change/", barcode(WEIGHED, "PLAIN"))
    of_scale = add(f"/admin/pos/variant/{mug.id}/change/", barcode("2133333", "WEIGHT"))
    inline = add(f"/admin/pos/product/{mug.product_id}/change/", {"variants-0-codes": WEIGHED})

    assert b"belongs to CHEESE" in plain
    assert b"belongs to CUP" in of_scale
    assert b"belongs to CHEESE" in inline


def test_sh8_a_scan_of_a_pack_stands_for_its_pieces(api: Terminal) -> None:
    make.shift()
    mug = make.variant("MUG", 100, barcode="111")
    Barcode.objects.create(variant=mug, code="666", quantity=Decimal(6))

    order = api.post("/orders", make.order_body(lines=[{"barcode": "666", "quantity": "2"}], tenders=[]))

    assert [line["quantity"] for line in order.json()["lines"]] == ["12.000"]
    assert api.get("/variants", barcode="666").json()["results"][0]["scanned_quantity"] == "6.000"
    assert OrderLine.objects.get().total == 1200


def test_sh8_a_scale_is_remembered_by_what_is_fixed_of_its_codes(scales: Terminal) -> None:
    """A shop weighs thousands of different weights: each of them would be remembered apart."""

    def sell() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            lines = [{"barcode": WEIGHED, "quantity": "1"}]
            assert scales.post("/orders", make.order_body(lines=lines, tenders=[])).status_code == 201
        return [query["sql"] for query in captured if "pos_barcode" in query["sql"]]

    assert len(sell()) == 2
    Barcode.objects.filter(code=WEIGHED[:7]).update(kind="PRICE")
    scales.post("/orders", make.order_body(lines=[{"barcode": WEIGHED, "quantity": "1"}], tenders=[]))
    assert OrderLine.objects.order_by("-id")[0].total == 1234


@pytest.mark.parametrize(
    "scale",
    [
        {"code": "1112345", "kind": "WEIGHT"},
        {"code": "211234", "kind": "WEIGHT"},
        {"code": WEIGHED, "kind": "WEIGHT"},
        {"code": "2112345", "kind": "PLAIN"},
        {"code": "2112345", "kind": "weight"},
    ],
)
def test_sh8_a_code_of_a_scale_has_seven_digits_from_20_to_29(api: Terminal, scale: dict[str, str]) -> None:
    answer = _put(api, "CHEESE", scale_barcodes=[scale])

    assert answer.status_code == 422
    assert Product.objects.count() == 0


def test_sh8_the_shop_says_how_the_codes_of_its_scales_begin(api: Terminal) -> None:
    make.shift()
    put_profile(values={"scale_prefixes": "02 28"})
    weighed = [{"code": "0212345", "kind": "WEIGHT"}]

    refused = _put(api, "CHEESE", scale_barcodes=[{"code": "2112345", "kind": "WEIGHT"}])
    taken = _put(api, "CHEESE", scale_barcodes=weighed)
    sold = api.post("/orders", make.order_body(lines=[{"barcode": "0212345012345", "quantity": "1"}], tenders=[]))
    put_profile(values={"legal_name": "K Ltd"})
    with pytest.raises(IntegrityError, match="0212345 of a scale begins otherwise"), transaction.atomic():
        put_profile(values={"scale_prefixes": "28"})
    with pytest.raises(IntegrityError, match="begin with 02 28"), transaction.atomic():
        Barcode.objects.create(code="2112345", kind="WEIGHT", variant=Variant.objects.get())

    assert (refused.status_code, refused.json()["code"]) == (422, "scale-prefix-unknown")
    assert "begin with 02 28, not 2112345" in refused.json()["detail"]
    assert taken.status_code == 201
    assert sold.json()["lines"][0]["quantity"] == "1.234"
    assert _put(api, "CHEESE", scale_barcodes=[]).status_code == 200
    put_profile(values={"scale_prefixes": ""})
    assert _put(api, "CHEESE", scale_barcodes=weighed).json()["code"] == "scale-prefix-unknown"


@pytest.mark.parametrize(("typed", "taken"), [("20 29", True), ("", True), ("02", True), ("30", False), ("2", False)])
def test_sh8_the_admin_takes_prefixes_that_are_left_to_shops(shop: Tenant, typed: str, *, taken: bool) -> None:
    client, page = people.owner(), "/admin/pos/shopprofile/add/"

    answer = client.post(page, {**filled_form(client.get(page).content, "shopprofile_form"), "scale_prefixes": typed})

    assert (answer.status_code == 302) is taken
    assert (current_profile().scale_prefixes == typed) is taken


def test_sh8_the_admin_names_the_holder_and_removes_and_moves_codes(shop: Tenant) -> None:
    mug, cup = make.variant("MUG", barcode=UPC), make.variant("CUP")
    client = people.owner()
    page, other = (f"/admin/pos/variant/{each.id}/change/" for each in (mug, cup))

    def add(code: str) -> Any:
        form = filled_form(client.get(other).content, "variant_form")
        row = {
            "barcodes-TOTAL_FORMS": "1",
            "barcodes-0-code": code,
            "barcodes-0-kind": "PLAIN",
            "barcodes-0-quantity": "1",
        }
        return client.post(other, {**form, **row})

    refused = add(EAN)
    removed = client.post(page, {**filled_form(client.get(page).content, "variant_form"), "barcodes-0-DELETE": "on"})
    moved = add(EAN)

    errors = refused.context["inline_admin_formsets"][0].formset.errors[0]["code"]
    assert "belongs to MUG (The MUG): remove it there first." in " ".join(errors)
    assert (removed.status_code, moved.status_code) == (302, 302)
    assert list(Barcode.objects.values_list("variant__sku", "code")) == [("CUP", EAN)]


def test_sh8_rows_of_an_older_release_keep_their_codes(shop: Tenant) -> None:
    """Of the migration: codes without a kind are plain, and stand for one piece."""
    with connection.cursor() as cursor:
        variant = make.variant()
        cursor.execute("INSERT INTO pos_barcode (id, variant_id, code) VALUES (uuidv7(), %s, '999')", [variant.id])
    barcode = Barcode.objects.get(code="999")

    assert (barcode.kind, barcode.quantity, barcode.key, barcode.live) == ("PLAIN", 1, "999", True)
    assert TaxRate.objects.exists()
