"""Which taxes a line has: by the class of the goods, the region of the location and its clock (AM9, AM11)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from pos.catalogue.services import Item, put_item
from pos.models import Location, OrderLineTax, Product, Shift, TaxClass, TaxRate, TaxRule
from tenants.models import Tenant
from tests.support import make
from tests.support.taxing import rate, tax_class
from tests.support.terminal import Terminal

MIDNIGHT = "2026-12-01T00:00:00"


@pytest.fixture
def till(api: Terminal, shop: Tenant) -> Terminal:
    make.shift()
    Shift.objects.update(opened_at=datetime(2026, 11, 1, tzinfo=UTC))
    return api


def sell(till: Terminal, name: str, price: int = 10000, **more: Any) -> Any:
    line = {"description": "Goods", "unit_price": {"amount": price}, "tax_name": name, "quantity": "1"}
    return till.post("/orders", make.order_body(lines=[line], tenders=[], **more))


def taxes(answer: Any) -> list[tuple[str, int, int]]:
    assert answer.status_code == 201, answer.content
    (line,) = answer.json()["lines"]
    return [(tax["code"], tax["base"]["amount"], tax["amount"]["amount"]) for tax in line["taxes"]]


def lowered_at_midnight(zone: str) -> None:
    Location.objects.update(timezone=zone)
    before, after = rate("VAT 19 %", "0.19", code="VAT"), rate("VAT 16 %", "0.16", code="VAT")
    lowered = tax_class("Standard", before, valid_to=MIDNIGHT)
    TaxRule.objects.create(tax_class=lowered, rate=after, valid_from=MIDNIGHT)


@pytest.mark.parametrize(
    ("zone", "last", "first"),
    [
        ("Europe/Berlin", "2026-11-30T22:59:59Z", "2026-11-30T23:00:00Z"),
        ("UTC", "2026-11-30T23:59:59Z", "2026-12-01T00:00:00Z"),
        ("America/St_Johns", "2026-12-01T03:29:59Z", "2026-12-01T04:30:00+01:00"),
    ],
)
def test_am11_a_rate_changes_at_midnight_of_the_location(
    till: Terminal, monkeypatch: pytest.MonkeyPatch, zone: str, last: str, first: str
) -> None:
    for module in ("kernel.moments", "pos.orders.arriving"):
        monkeypatch.setattr(f"{module}.CLOCK_TOLERANCE", timedelta(days=30))
    lowered_at_midnight(zone)

    assert taxes(sell(till, "Standard", occurred_at=last)) == [("VAT", 8403, 1597)]
    assert taxes(sell(till, "Standard", occurred_at=first)) == [("VAT", 8621, 1379)]
    assert [tax.name for tax in OrderLineTax.objects.order_by("line__order__occurred_at")] == ["VAT 19 %", "VAT 16 %"]


def test_am11_a_sale_that_is_sent_late_has_the_rate_of_its_day(till: Terminal) -> None:
    changed = "2026-11-20T00:00:00"
    old = tax_class("Standard", rate("Old", "0.19"), valid_to=changed)
    TaxRule.objects.create(tax_class=old, rate=rate("New", "0.16"), valid_from=changed)

    assert taxes(sell(till, "Standard", occurred_at="2026-11-19T12:00:00Z"))[0][0] == "Old"
    assert taxes(sell(till, "Standard", occurred_at="2026-11-20T00:00:00Z"))[0][0] == "New"


def test_am11_what_was_sold_before_a_change_comes_back_with_the_tax_that_was_charged(till: Terminal) -> None:
    changed = "2026-11-20T00:00:00"
    old = tax_class("Standard", rate("Old", "0.19"), valid_to=changed)
    TaxRule.objects.create(tax_class=old, rate=rate("New", "0.16"), valid_from=changed)
    line = {"description": "Goods", "unit_price": {"amount": 10000}, "tax_name": "Standard", "quantity": "1"}
    sold = {"lines": [line], "tenders": [{"type": "card", "amount": {"amount": 10000}}]}
    order = till.post("/orders", make.order_body(**sold, occurred_at="2026-11-19T12:00:00Z")).json()
    back = {"id": str(make.new_id()), "occurred_at": "2026-11-21T12:00:00Z"}

    linked = till.post(
        "/returns",
        {**back, "order_id": order["id"], "lines": [{"order_line_id": order["lines"][0]["id"], "quantity": "1"}]},
    )
    unlinked = till.post("/returns", {**back, "id": str(make.new_id()), "lines": [line]})

    assert taxes(linked) == [("Old", 8403, 1597)]
    assert taxes(unlinked) == [("New", 8621, 1379)]


def test_am9_two_taxes_side_by_side_and_on_top_by_region(till: Terminal) -> None:
    gst, qst, on_top = (
        rate("GST", "0.05", inclusive=False),
        rate("QST", "0.09975", inclusive=False),
        rate("QST before 2013", "0.095", inclusive=False, code="QST"),
    )
    goods = tax_class("Goods", gst)
    for sequence, version in enumerate((gst, qst), start=1):
        TaxRule.objects.create(tax_class=goods, rate=version, sequence=sequence, region="QC")
    TaxRule.objects.create(tax_class=goods, rate=gst, region="QC-OLD")
    TaxRule.objects.create(tax_class=goods, rate=on_top, region="QC-OLD", sequence=2, on_top=True)

    seen = {}
    for region in ("", "ON", "QC", "QC-OLD"):
        Location.objects.update(tax_region=region)
        seen[region] = taxes(sell(till, "Goods"))

    assert seen[""] == seen["ON"] == [("GST", 10000, 500)]
    assert seen["QC"] == [("GST", 10000, 500), ("QST", 10000, 998)]
    assert seen["QC-OLD"] == [("GST", 10000, 500), ("QST", 10500, 998)]


def test_a_line_of_two_taxes_says_both_and_what_they_are_together(till: Terminal) -> None:
    tax_class("Goods", rate("GST", "0.05", inclusive=False), rate("QST", "0.09975", inclusive=False))

    (line,) = sell(till, "Goods").json()["lines"]

    assert (line["tax_name"], line["tax_rate"], line["tax_inclusive"]) == ("GST + QST", "0.149750", False)
    assert (line["tax_total"]["amount"], line["total"]["amount"]) == (1498, 11498)


def test_goods_have_the_taxes_of_their_products_class(till: Terminal) -> None:
    tax_class("Goods", rate("GST", "0.05", inclusive=False), rate("QST", "0.09975", inclusive=False))
    item = {"sku": "MUG", "name": "Mug", "price": {"amount": 1000}, "tax_name": "Goods"}

    put = till.post("/products", item)

    assert (put.status_code, put.json()["tax_name"]) == (201, "Goods")
    assert [code for code, _, _ in taxes(till.post("/orders", make.order_body(tenders=[])))] == ["GST", "QST"]
    assert Product.objects.get().tax_rate.name == "GST"


def test_what_no_rule_holds_for_is_refused_and_named(till: Terminal) -> None:
    tax_class("Later", rate("VAT", "0.2"), valid_from="2026-11-23T12:00:01")
    tax_class("Elsewhere", TaxRate.objects.get(name="VAT"), region="QC")
    tax_class("Empty")

    for name in ("Later", "Elsewhere", "Empty"):
        refused = sell(till, name)
        assert (refused.status_code, refused.json()["code"]) == (422, "validation-failed")
        (error,) = refused.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/lines/0", "no-tax-rule")
        assert error["detail"].startswith(f"no tax rule of '{name}' holds at north on 2026-11-23 12:00: add one")


def test_a_class_of_no_rule_is_not_given_to_a_product(till: Terminal) -> None:
    tax_class("Empty")
    item = {"sku": "MUG", "name": "Mug", "price": {"amount": 1000}, "tax_name": "Empty"}

    refused = till.post("/products", item)

    assert (refused.status_code, refused.json()["code"]) == (422, "unknown-tax-rate")


def test_a_rate_that_is_no_classs_is_the_only_tax_of_what_names_it(till: Terminal) -> None:
    rate("Lonely", "0.07")
    put_item(item=Item(sku="MUG", name="Mug", price=1000, tax_rate="Lonely", stocked=True, barcodes=[]))

    assert taxes(till.post("/orders", make.order_body(tenders=[])))[0][0] == "Lonely"
    assert taxes(sell(till, "Lonely"))[0][0] == "Lonely"


def test_a_rate_is_never_changed_and_may_be_renamed(shop: Tenant) -> None:
    for change in ({"rate": "0.1"}, {"inclusive": False}, {"code": "VAT"}):
        with pytest.raises(IntegrityError, match="A tax rate is never changed"), transaction.atomic():
            TaxRate.objects.filter(name="Zero").update(**change)

    assert TaxRate.objects.filter(name="Zero").update(name="Nothing") == 1


def test_one_rule_of_a_class_region_and_place_holds_at_each_moment(shop: Tenant) -> None:
    old = tax_class("Standard", rate("Old", "0.19"), valid_from="2026-01-01T00:00:00", valid_to=MIDNIGHT)
    new = rate("New", "0.16")

    for more in ({}, {"valid_from": "2026-11-30T23:59:59"}, {"valid_to": "2026-01-01T00:00:01"}):
        with pytest.raises(IntegrityError, match="tax_rule_one_at_a_time"), transaction.atomic():
            TaxRule.objects.create(tax_class=old, rate=new, **more)
    TaxRule.objects.create(tax_class=old, rate=new, valid_from=MIDNIGHT)
    TaxRule.objects.create(tax_class=old, rate=new, sequence=2)
    TaxRule.objects.create(tax_class=old, rate=new, region="QC")
    TaxRule.objects.create(tax_class=TaxClass.objects.create(name="Other"), rate=new)


def test_prices_contain_all_taxes_of_a_class_or_none(shop: Tenant) -> None:
    inside = tax_class("Inside", rate("In", "0.1"))
    with pytest.raises(IntegrityError, match="Prices contain all taxes of a class, or none"), transaction.atomic():
        TaxRule.objects.create(tax_class=inside, rate=rate("Out", "0.1", inclusive=False), sequence=2)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pos_taxrule WHERE tax_class_id = %s", [inside.pk])
        assert cursor.fetchone() == (1,)
