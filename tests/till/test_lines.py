"""Lines of a sale: quantities, weighed goods, prices and discounts, all at the server's amounts."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from kernel.tenancy import in_tenant
from pos.catalogue.services import Item, put_item
from pos.models import Order, Variant
from tenants.models import Tenant
from tests.support import make
from tests.support.clerk import Clerk


@pytest.fixture
def clerk(open_till: Callable[..., Clerk], committed: Tenant) -> Clerk:
    make.variant("MUG", 1000, barcode="4006381333955")
    item = Item(
        sku="CHEESE", name="Cheese", price=1990, tax_rate="Standard, included", stocked=True,
        scale_barcodes=[("2112345", "WEIGHT")],
    )  # fmt: skip
    put_item(item=item)
    make.shift()
    return open_till()


def edit(clerk: Clerk, **typed: str) -> None:
    clerk.page.locator(".line .what").first.click()
    for label, text in typed.items():
        clerk.type_into({"quantity": "Quantity", "price": "Price of one", "discount": "Discount"}[label], text)
    clerk.press("Keep")


def pay(clerk: Clerk) -> None:
    clerk.pay()
    clerk.take("Cash")
    clerk.finished()


def test_weighed_goods_come_by_their_barcode(clerk: Clerk, committed: Tenant) -> None:
    clerk.scan("2112345012346")
    clerk.total_is("24.56")
    clerk.reads(".line", "1.234 ×")
    pay(clerk)

    with in_tenant(committed):
        assert [line.quantity for line in Order.objects.get().lines.all()] == [Decimal("1.234")]


def test_a_quantity_is_typed_with_three_decimals(clerk: Clerk, committed: Tenant) -> None:
    clerk.search("CHEESE")
    clerk.total_is("19.90")
    edit(clerk, quantity="0,250")
    clerk.total_is("4.98")
    edit(clerk, quantity="0")
    clerk.reads("dialog .error", "above zero")
    clerk.key("Escape")
    pay(clerk)

    with in_tenant(committed):
        assert [line.quantity for line in Order.objects.get().lines.all()] == [Decimal("0.250")]


def test_pieces_are_counted_up_and_down(clerk: Clerk) -> None:
    clerk.scan("4006381333955")
    clerk.press("One more of The MUG")
    clerk.total_is("20.00")
    clerk.press("One less of The MUG")
    clerk.total_is("10.00")
    clerk.press("One less of The MUG")

    clerk.total_is("0.00")
    assert clerk.page.locator(".line").count() == 0


@pytest.mark.parametrize(
    ("kind", "typed", "total"),
    [("Percent", "12.5", "8.75"), ("Amount in EUR", "1", "9.00"), ("Percent", "100", "0.00")],
)
def test_a_line_has_a_discount(clerk: Clerk, kind: str, typed: str, total: str) -> None:
    clerk.scan("4006381333955")
    clerk.page.locator(".line .what").click()
    clerk.page.get_by_label(kind, exact=True).check()
    clerk.page.locator("#discount").fill(typed)
    clerk.press("Keep")

    clerk.total_is(total)


def test_am3_a_sale_that_costs_nothing_is_completed_without_a_tender(clerk: Clerk, committed: Tenant) -> None:
    clerk.scan("4006381333955")
    clerk.press("Discount")
    clerk.page.locator("#discount").fill("100")
    clerk.press("Keep")
    clerk.total_is("0.00")
    clerk.press("Complete")
    clerk.finished()

    with in_tenant(committed):
        order = Order.objects.get()
        assert (order.status, order.total, order.tenders.count()) == ("COMPLETED", 0, 0)


def test_another_price_is_typed(clerk: Clerk, committed: Tenant) -> None:
    clerk.scan("4006381333955")
    edit(clerk, price="7.50")
    clerk.total_is("7.50")
    pay(clerk)

    with in_tenant(committed):
        (line,) = Order.objects.get().lines.all()
        assert (line.list_price, line.unit_price, line.price_source) == (1000, 750, "MANUAL")


def test_goods_that_are_withdrawn_meanwhile_are_named_at_their_line(clerk: Clerk, committed: Tenant) -> None:
    clerk.scan("4006381333955")
    clerk.total_is("10.00")
    with in_tenant(committed):
        Variant.objects.filter(sku="MUG").update(active=False)
    clerk.press("One more of The MUG")
    clerk.page.locator(".line.wrong .error").wait_for()

    assert clerk.page.locator("button.pay").is_disabled()
