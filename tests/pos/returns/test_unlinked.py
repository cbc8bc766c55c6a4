"""Returns without a receipt need a price, and stay under the limit of their location (SH3)."""

from typing import Any

import pytest

from kernel.ids import new_id
from pos.models import Location, Return, TenderType
from tenants.models import Tenant
from tests.support import make
from tests.support.people import owner
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened


@pytest.fixture(autouse=True)
def _catalogue(shop: Tenant) -> None:
    make.variant("MUG", 500)
    make.shift()


def body(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": str(new_id()), "occurred_at": "2026-11-23T12:00:00Z", "lines": list(lines), **more}


def mugs(price: int | None, quantity: str = "1") -> dict[str, Any]:
    priced = {} if price is None else {"unit_price": {"amount": price}}
    return {"sku": "MUG", "quantity": quantity, **priced}


def test_sh3_each_line_without_a_price_is_pointed_at(api: Terminal) -> None:
    with nothing_happened():
        refused = api.post("/returns", body(mugs(500), mugs(None)))

    assert (refused.status_code, refused.json()["code"]) == (422, "validation-failed")
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/lines/1/unit_price", "unit-price-missing")


@pytest.mark.parametrize(("price", "quantity"), [(10_001, "1"), (999_999_999, "1000"), (5_001, "2")])
def test_sh3_a_return_without_a_receipt_stays_under_the_limit(api: Terminal, price: int, quantity: str) -> None:
    refused = api.post("/returns", body(mugs(price, quantity)))

    assert (refused.status_code, refused.json()["code"]) == (422, "return-above-limit")
    assert "100.00" in refused.json()["detail"]
    assert not Return.objects.exists()


def test_sh3_all_lines_count_and_the_limit_itself_is_allowed(api: Terminal) -> None:
    assert api.post("/returns", body(mugs(5_000), mugs(5_001))).status_code == 422
    assert api.post("/returns", body(mugs(5_000), mugs(5_000))).status_code == 201


def test_sh3_the_owner_sets_the_limit_in_major_units(api: Terminal) -> None:
    location = Location.objects.get()
    person = owner()
    page = person.get(f"/admin/pos/location/{location.id}/change/")
    fields = {**page.context["adminform"].form.initial, "unlinked_return_limit": "12.50"}
    saved = person.post(
        f"/admin/pos/location/{location.id}/change/", {k: v for k, v in fields.items() if v is not None}
    )

    assert saved.status_code == 302, saved.content
    location.refresh_from_db()
    assert location.unlinked_return_limit == 1250
    assert api.post("/returns", body(mugs(1250))).status_code == 201
    assert api.post("/returns", body(mugs(1251))).status_code == 422


def test_sh3_a_return_with_its_order_has_no_such_limit(api: Terminal) -> None:
    order = make.order(make.cash(20_000), lines=[make.asked("MUG", unit_price=20_000)])

    assert make.return_(order, make.returning(order)).total == 20_000


def test_sh3_money_goes_out_by_the_types_that_are_chosen_but_not_by_a_gateway(api: Terminal) -> None:
    refunds = [{"type": "card", "amount": {"amount": 300}, "reference": "R1"}, {"type": "cash"}]
    paid = api.post("/returns", body(mugs(500), refunds=refunds)).json()

    assert [(each["type"], each["amount"]["amount"]) for each in paid["refunds"]] == [("card", 300), ("cash", 200)]
    for type_ in ("gateway", "pebbles"):
        assert api.post("/returns", body(mugs(500), refunds=[{"type": type_}])).status_code == 404
    TenderType.objects.filter(code="account").update(kind="EXCHANGE")
    assert api.post("/returns", body(mugs(500), refund_to="account")).status_code == 404


@pytest.mark.parametrize("kind", ["variant_id", "barcode", "sku"])
def test_sh3_goods_without_a_receipt_are_named_as_on_the_line_of_an_order(api: Terminal, kind: str) -> None:
    variant = make.variant("MUG", 500, barcode="012345678905")
    names = {"variant_id": str(variant.id), "barcode": "0012345678905", "sku": "MUG"}
    line = {kind: names[kind], "quantity": "1", "unit_price": {"amount": 500}}

    quoted = api.post("/return-quotes", {"lines": [line]})
    returned = api.post("/returns", body(line))

    assert (quoted.status_code, returned.status_code) == (200, 201), returned.content
    assert [row["variant_id"] for row in returned.json()["lines"]] == [str(variant.id)]


NAMED_WRONGLY = {
    "none": ({}, "Name a variant_id, barcode or sku, or a service by description and tax_name; or with the order an"),
    "half a service": ({"description": "Repair"}, "Name a variant_id, barcode or sku, or a service by description"),
    "two": ({"sku": "MUG", "barcode": "1"}, "Name the goods once, not by barcode and sku."),
    "unknown": (
        {"barcode": "4006381333932"},
        "this shop sells no 4006381333932: its last digit is not its check digit",
    ),
}


@pytest.mark.parametrize("case", NAMED_WRONGLY)
@pytest.mark.parametrize("path", ["/returns", "/return-quotes"])
def test_sh3_a_line_that_names_no_goods_or_names_them_twice_is_pointed_at(api: Terminal, case: str, path: str) -> None:
    named, sentence = NAMED_WRONGLY[case]
    lines = body({"quantity": "1", "unit_price": {"amount": 1}, **named})

    with nothing_happened():
        refused = api.post(path, lines if path == "/returns" else {"lines": lines["lines"]})

    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["pointer"].startswith("/lines/0")
    assert error["detail"].startswith(sentence)
