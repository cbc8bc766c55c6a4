"""P8 with price lists: quote, order, receipt and return have one price, one tax and one list, in every currency."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.ids import new_id
from pos.cash.services import open_shift
from pos.models import Barcode, Location, PriceList, Register, Shift, TenderType, Variant
from pos.registers.services import pair_device
from tenants.models import Tenant
from tests.support import make
from tests.support.pricing import price_list, prices_in
from tests.support.taxing import rate, tax_class
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened

PLACES = {"JPY": "Asia/Tokyo", "EUR": "Europe/Berlin", "KWD": "Asia/Kuwait"}
MIDNIGHT = "2026-11-20T00:00"
MOMENTS = ("2026-11-19T14:59:59Z", "2026-11-19T15:00:00Z", "2026-11-19T22:59:59Z", "2026-11-19T23:00:00Z")
"""Around midnight of Tokyo and of Berlin, when lists begin and end."""
SAME = (
    "currency", "price_list_id", "rounding_level", "discounts", "discount_total", "subtotal", "tax_total", "total",
    "rounding_adjustment",
)  # fmt: skip
OF_LINE = ("price_list_id", "list_price", "price_source", "unit_price", "quantity", "tax_total", "total", "taxes")


@dataclass(frozen=True)
class Shop:
    tills: dict[str, Terminal]


@pytest.fixture
def shop_of_lists(shop: Tenant) -> Shop:
    tax_class("Two", rate("GST", "0.05", inclusive=False), rate("QST", "0.09975", inclusive=False))
    tax_class("Fuel", rate("VAT", "0.19"))
    for sku, price, tax in (("MUG", 333, "Two"), ("TEA", 525, "Fuel"), ("HAM", 1659, "Standard, added")):
        make.variant(sku, price, tax_rate=tax)
    Barcode.objects.create(variant=Variant.objects.get(sku="HAM"), code="2112345", kind="WEIGHT")
    Barcode.objects.create(variant=Variant.objects.get(sku="TEA"), code="2122222", kind="PRICE")
    Barcode.objects.create(variant=Variant.objects.get(sku="MUG"), code="6-PACK", quantity=6)
    TenderType.objects.filter(code="cash").update(rounding_step=5)
    for currency in ("JPY", "KWD"):
        prices_in(currency)
    tills = {currency: _till(currency, zone) for currency, zone in PLACES.items()}
    Shift.objects.update(opened_at=datetime(2026, 11, 1, tzinfo=UTC))
    for currency in PLACES:
        price_list(f"Winter {currency}", {"MUG": {"0": "300.5", "3": 250}, "HAM": "165.9"}, currency=currency,
                   valid_from=MIDNIGHT, priority=2)  # fmt: skip
        price_list(
            f"Net {currency}", {"TEA": {"2": 400}, "MUG": 310}, currency=currency, tax_included=False, priority=1
        )
    here = Location.objects.get(code="EUR")
    price_list("Autumn", {"MUG": {"6": 200}, "HAM": 1500}, location=here, valid_to=MIDNIGHT, priority=2)
    return Shop(tills)


def _till(currency: str, zone: str) -> Terminal:
    location = Location.objects.create(code=currency, name=currency, currency=currency, timezone=zone)
    register = Register.objects.create(code=f"T{currency}", name="Till", location=location)
    open_shift(id=new_id(), register=register, float_amount=0, now=make.NOW)
    return Terminal("north.localhost", pair_device(register_code=register.code, name=currency)[1])


percents = st.decimals("0.0001", "100", places=4).map(lambda percent: {"percent": f"{percent:f}"})
goods = st.one_of(
    st.sampled_from([{"sku": "MUG"}, {"sku": "TEA"}, {"sku": "HAM"}, {"barcode": "6-PACK"}]),
    st.sampled_from([{"barcode": "2112345012346"}, {"barcode": "2122222005255"}]),
    st.just({"sku": "MUG", "unit_price": {"amount_decimal": "123.456"}}),
    st.just({"description": "x", "tax_name": "Two", "unit_price": {"amount": 999}}),
)
quantities = st.sampled_from(["0.001", "1", "2", "2.999", "3", "6"])
lines = st.builds(
    lambda named, quantity, off: {**named, "quantity": quantity, "discounts": off},
    goods, quantities, st.lists(percents, max_size=1),
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    currency=st.sampled_from(list(PLACES)),
    asked=st.lists(lines, min_size=1, max_size=4),
    off=st.lists(percents, max_size=1),
    level=st.sampled_from(["LINE", "ORDER"]),
    moment=st.sampled_from(MOMENTS),
    tender=st.sampled_from(["cash", "card"]),
)
def test_p8_quote_order_receipt_and_return_have_one_price_whatever_lists_hold(
    shop_of_lists: Shop,
    currency: str,
    asked: list[dict[str, Any]],
    off: list[dict[str, Any]],
    level: str,
    moment: str,
    tender: str,
) -> None:
    till = shop_of_lists.tills[currency]
    Location.objects.update(rounding_level=level)
    sent = {"lines": asked, "discounts": off, "occurred_at": moment}
    with nothing_happened():
        quoted = till.post("/price-quotes", {**sent, "tender_type": tender}, key="").json()
    total = quoted["total"]["amount"]
    tenders = [{"type": tender, "amount": {"amount": total}}] if total else []

    order = till.post("/orders", make.order_body(**sent, tenders=tenders)).json()

    assert [_of(line) for line in order["lines"]] == [_of(line) for line in quoted["lines"]]
    if not total and quoted["rounding_adjustment"]["amount"]:
        return
    assert [order[name] for name in SAME] == [quoted[name] for name in SAME]
    said = till.get(f"/receipts/{order['receipt_id']}").json()["snapshot"]
    assert (said["total"], said["tax_total"], said["currency"]) == (total, quoted["tax_total"]["amount"], currency)
    lists = {str(each.id): each for each in PriceList.objects.all()}
    for line in order["lines"]:
        included = line["price_list_id"] and lists[line["price_list_id"]].tax_included
        assert included is None or line["price_list_id"] is None or included is line["tax_inclusive"]
    assert _returned(till, order, moment) == total


def _of(line: dict[str, Any]) -> list[Any]:
    return [line[name] for name in OF_LINE]


def _returned(till: Terminal, order: dict[str, Any], moment: str) -> int:
    """Take all of an order back; return what was given back."""
    back = [{"order_line_id": line["id"], "quantity": line["quantity"]} for line in order["lines"]]
    body = {"id": str(new_id()), "order_id": order["id"], "occurred_at": moment, "lines": back}
    answer = till.post("/returns", body)
    assert answer.status_code == 201, answer.content
    amount: int = answer.json()["total"]["amount"]
    return amount
