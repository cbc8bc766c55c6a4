"""A request sells under what is true when it begins: whatever was changed before is seen, in every process."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from kernel.ids import new_id
from pos.catalogue.services import Item, put_item
from pos.memory.memory import Memory
from pos.models import (
    Barcode,
    Device,
    HeldCommand,
    Location,
    Order,
    OrderLine,
    PriceEntry,
    PriceList,
    Product,
    Receipt,
    Register,
    Shift,
    TaxClass,
    TaxRate,
    TaxRule,
    TenderType,
    Variant,
)
from pos.profile.services import put_profile
from pos.receipts.snapshot import Snapshot, read_snapshot
from pos.registers.services import revoke_device, rotate_device_token
from tenants.models import Tenant
from tenants.services import suspend_tenant
from tests.support import make
from tests.support.pricing import price_list
from tests.support.remembering import process_with, selects_of, sell, version
from tests.support.taxing import charge, rate
from tests.support.terminal import Terminal

UNKNOWN = (422, "validation-failed")


@pytest.fixture
def till(committed: Tenant) -> Terminal:
    """A terminal of a shop whose process remembers what it sells."""
    TenderType.objects.exclude(code="cash").delete()
    make.shift()
    northern = rate("Northern", "0.05")
    TaxRule.objects.create(tax_class=TaxClass.objects.get(name="Standard, included"), rate=northern, region="NORTH")
    return stocked("MUG")


def stocked(sku: str, by: str = "sku") -> Terminal:
    """Sell a new variant on a new terminal, so that both are remembered; return the terminal."""
    make.variant(sku, 1000, barcode=sku)
    _, token = make.device()
    till = Terminal("north.localhost", token)
    assert sell(till, by={by: sku}).status_code == 201
    assert selects_of(till, by={by: sku}) == []
    return till


def line(answer: Any) -> Any:
    return answer.json()["lines"][0]


def found(answer: Any) -> tuple[int, list[str]]:
    """Return with which exceptions a paid sale was accepted."""
    return answer.status_code, [each["kind"] for each in answer.json()["exceptions"]]


def issued() -> Snapshot:
    """Return what the newest receipt says."""
    return read_snapshot(Receipt.objects.order_by("number").last().snapshot)  # type: ignore[union-attr]


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def _retax() -> None:
    Product.objects.update(tax_class=TaxClass.objects.get(name="Zero"))


def _untax() -> None:
    zero = TaxRate.objects.get(name="Zero")
    Product.objects.update(tax_class=None, tax_rate=zero)


def _recode() -> None:
    Barcode.objects.update(variant=make.variant("TEA", 300))


def _delete() -> None:
    """Delete products that nothing refers to any more: what was sold stays on record."""
    OrderLine.objects.update(variant_id=None)
    Product.objects.all().delete()


def _another_register() -> None:
    other = Register.objects.create(code="R2", name="Till 2", location=make.register().location)
    Device.objects.update(register=other)


def _truncate() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE pos_barcode")


def _revoke() -> None:
    for device in Device.objects.filter(status="PAIRED"):
        revoke_device(device_id=device.id)


def _put_on_sale() -> None:
    sku = Variant.objects.get(active=True).sku
    price_list("Sale", {sku: 700})


def _end_sale() -> None:
    """Begin a sale, sell by it, and end it."""
    sku = Variant.objects.get(active=True).sku
    price_list("Old sale", {sku: 800}, priority=5)
    assert line(sell(Terminal("north.localhost", make.device()[1]), by={"sku": sku}))["unit_price"]["amount"] == 800
    PriceList.objects.filter(name="Old sale").update(valid_to="2020-01-01")


def _net() -> None:
    price_list("Net", {Variant.objects.get(active=True).sku: 1000}, priority=9, tax_included=False)


Change = tuple[Callable[[], object], Callable[[Any], Any], Any]
BY_SKU: dict[str, Change] = {
    "price of the list": (
        lambda: PriceEntry.objects.update(price=3000),
        lambda a: line(a)["unit_price"]["amount"],
        3000,
    ),
    "another list": (_put_on_sale, lambda a: line(a)["unit_price"]["amount"], 700),
    "a list that ended": (_end_sale, lambda a: line(a)["unit_price"]["amount"], 1000),
    "a list without tax": (_net, lambda a: line(a)["total"]["amount"], 1200),
    "price": (lambda: Variant.objects.update(price=2000), lambda a: line(a)["unit_price"]["amount"], 2000),
    "name": (lambda: Product.objects.update(name="Cup"), lambda a: line(a)["description"], "Cup"),
    "rate": (lambda: charge("Standard, included", "0.1"), lambda a: line(a)["tax_rate"], "0.100000"),
    "tax of the product": (_retax, lambda a: line(a)["tax_name"], "Zero"),
    "class of the product": (_untax, lambda a: line(a)["tax_name"], "Zero"),
    "rule ended": (lambda: TaxRule.objects.update(valid_to="2020-01-01"), refused, UNKNOWN),
    "region": (lambda: Location.objects.update(tax_region="NORTH"), lambda a: line(a)["tax_name"], "Northern"),
    "withdrawn": (lambda: Variant.objects.update(active=False), found, (201, ["withdrawn-variant"])),
    "deleted": (_delete, refused, UNKNOWN),
    "another SKU": (lambda: Variant.objects.filter(active=True).update(sku="CUP"), refused, UNKNOWN),
    "register renamed": (lambda: Register.objects.update(code="K1"), lambda _: issued().register.code, "K1"),
    "location renamed": (lambda: Location.objects.update(name="K"), lambda _: issued().location.name, "K"),
    "profile": (lambda: put_profile(values={"legal_name": "K Ltd"}), lambda _: issued().seller.legal_name, "K Ltd"),
    "no cash": (lambda: TenderType.objects.update(code="coins"), refused, (422, "tender-mismatch")),
    "no change": (lambda: TenderType.objects.update(kind="OTHER"), refused, (422, "tender-mismatch")),
    "shift closed": (lambda: Shift.objects.update(state="CLOSED"), found, (201, ["late-order"])),
    "another register": (_another_register, found, (201, ["no-shift", "clock-skew"])),
    "revoked": (_revoke, lambda a: (a.status_code, a.json()["reason"]), (202, "device-revoked")),
    "paired again": (lambda: Device.objects.all().delete(), refused, (401, "device-token-invalid")),
}
BY_BARCODE: dict[str, Change] = {
    "barcode moved": (_recode, lambda a: line(a)["sku"], "TEA"),
    "barcode removed": (lambda: Barcode.objects.all().delete(), refused, UNKNOWN),
    "barcodes truncated": (_truncate, refused, UNKNOWN),
}


def _put_back() -> None:
    HeldCommand.objects.all().delete()
    _delete()
    OrderLine.objects.update(price_list_id=None)
    Order.objects.update(price_list_id=None)
    PriceList.objects.filter(is_default=False).delete()
    Register.objects.filter(code="K1").update(code="R1")
    TenderType.objects.update(code="cash", kind="CASH")
    Shift.objects.update(state="OPEN")
    Order.objects.update(device=None)
    Location.objects.update(tax_region="")
    TaxRule.objects.update(valid_to=None)


def test_the_next_request_sees_every_change(till: Terminal) -> None:
    unseen = {}
    for number, name in enumerate([*BY_SKU, *BY_BARCODE]):
        change, observe, expected = {**BY_SKU, **BY_BARCODE}[name]
        sku = f"MUG-{number}"
        _put_back()
        by = "barcode" if name in BY_BARCODE else "sku"
        till = stocked(sku, by)
        Order.objects.update(device=None)

        change()

        if (seen := observe(sell(till, by={by: sku}))) != expected:
            unseen[name] = seen

    assert unseen == {}


def test_goods_are_remembered_by_each_of_their_names(till: Terminal) -> None:
    names = ({"sku": "MUG"}, {"barcode": "MUG"}, {"variant_id": str(Variant.objects.get().id)})

    for by in names:
        sell(till, by=by)
        assert selects_of(till, by=by) == []
    Variant.objects.update(price=2000)

    assert {line(sell(till, by=by))["unit_price"]["amount"] for by in names} == {2000}


def test_a_change_through_one_process_is_seen_by_another(till: Terminal) -> None:
    here, there = Memory(), Memory()
    for memory in (here, there):
        with process_with(memory):
            sell(till)
            assert selects_of(till) == []
    tax = {"tax_name": "Standard, included", "stocked": True, "barcodes": []}

    with process_with(here):
        put = till.post("/products", {"sku": "MUG", "name": "Mug", "price": {"amount": 700}, **tax})
    with process_with(there):
        seen = sell(till)

    assert put.status_code == 200
    assert line(seen)["unit_price"]["amount"] == 700
    assert len(there) > 0


def test_a_change_that_is_rolled_back_is_remembered_by_nobody(till: Terminal) -> None:
    before = version()

    with transaction.atomic():
        Variant.objects.update(price=1)
        transaction.set_rollback(True)

    assert version() == before
    assert line(sell(till))["unit_price"]["amount"] == 1000
    assert selects_of(till) == []


def test_what_time_decides_is_judged_at_each_request(till: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    Device.objects.update(expires_at=timezone.now() + timedelta(days=3))
    after = Terminal("north.localhost", rotate_device_token(device_id=Device.objects.get().id))
    now = timezone.now()
    assert [sell(each).status_code for each in (till, after)] == [201, 201]

    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=2))
    assert refused(sell(till)) == (401, "device-token-invalid")
    assert sell(after).status_code == 201
    assert selects_of(after) == []
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=4))
    held = sell(after)
    assert (held.status_code, held.json()["reason"]) == (202, "device-token-expired")


def test_a_list_that_begins_and_ends_by_the_clock_has_the_price_of_the_sales_moment(till: Terminal) -> None:
    price_list("Sale", {"MUG": 700}, valid_from="2026-11-23T11:59:59", valid_to="2026-11-23T12:00:01")

    def price(second: int) -> int:
        at = f"2026-11-23T{'11:59' if second == 58 else '12:00'}:{second:02}Z"
        cash = [{"type": "cash", "amount": {"amount": 9000}}]
        sold = till.post("/orders", make.order_body(occurred_at=at, tenders=cash))
        return int(line(sold)["unit_price"]["amount"])

    prices = [price(second) for second in (58, 0, 1, 0)]

    assert prices == [1000, 700, 1000, 700]
    assert selects_of(till) == []


def test_that_something_is_missing_is_not_remembered(till: Terminal) -> None:
    assert refused(sell(till, by={"sku": "TEA"})) == UNKNOWN

    put_item(item=Item(sku="TEA", name="Tea", price=300, tax_rate="Zero", stocked=True, barcodes=[]))

    assert line(sell(till, by={"sku": "TEA"}))["unit_price"]["amount"] == 300


def test_a_service_is_taxed_by_the_rate_of_now(till: Terminal) -> None:
    service = {"description": "Repair", "unit_price": {"amount": 100}, "tax_name": "Zero"}
    assert line(sell(till, by=service))["tax_rate"] == "0.000000"
    assert selects_of(till, by=service) == []

    charge("Zero", "0.25")

    assert line(sell(till, by=service))["tax_rate"] == "0.250000"


def test_nothing_is_remembered_without_a_version(till: Terminal) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pos_shopversion")

    assert len(selects_of(till)) == len(selects_of(till)) == 12


def test_the_last_use_is_noted_without_forgetting_the_shop(till: Terminal) -> None:
    Device.objects.update(last_used_at=timezone.now() - timedelta(hours=1))
    revised = version()
    with process_with(Memory()):
        sell(till)

        assert Device.objects.get().last_used_at > timezone.now() - timedelta(minutes=1)  # type: ignore[operator]
        sell(till)
        assert selects_of(till) == []
        assert version() == revised


def test_a_suspended_shop_is_refused_whatever_is_remembered(till: Terminal, committed: Tenant) -> None:
    sold = Order.objects.count()
    suspend_tenant(tenant=committed)

    assert refused(till.get("/orders")) == (403, "tenant-suspended")
    assert (sell(till).status_code, Order.objects.count()) == (202, sold)


def test_a_further_tender_is_of_a_type_of_now(till: Terminal) -> None:
    body = make.order_body(tenders=[])
    assert till.post("/orders", body).status_code == 201
    TenderType.objects.filter(code="cash").update(code="coins")

    tender = {"id": str(new_id()), "type": "cash", "amount": {"amount": 1000}}

    assert refused(till.post(f"/orders/{body['id']}/tenders", {"tenders": [tender]})) == (422, "tender-mismatch")
