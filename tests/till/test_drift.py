"""The customer pays what the till has shown, also where the shop changes a price or a tax meanwhile."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from events.testing.work import settle
from kernel.tenancy import in_tenant
from pos.catalogue.services import Item, archive_variant, put_item
from pos.models import Location, Order, Product, TaxClass, TaxRate, TaxRule, Variant
from tenants.models import Tenant
from tests.support import make
from tests.support.clerk import Clerk

MUG = "4006381333955"


@pytest.fixture
def clerk(open_till: Callable[..., Clerk], committed: Tenant) -> Clerk:
    make.variant("MUG", 1000, barcode=MUG)
    make.shift()
    return open_till()


def take(clerk: Clerk, way: str, amount: str = "10") -> None:
    clerk.take(way, amount)
    if way == "Card":
        clerk.page.locator("dialog button.main").click()


def sold(tenant: Tenant) -> list[tuple[str, int, list[str]]]:
    with in_tenant(tenant):
        orders = Order.objects.order_by("recorded_at")
        return [(order.status, order.total, [each["kind"] for each in order.exceptions]) for order in orders]


@pytest.mark.parametrize("price", [800, 1200])
@pytest.mark.parametrize("way", ["Cash", "Card"])
def test_a_price_that_changes_before_the_payment_is_not_charged(
    clerk: Clerk, committed: Tenant, way: str, price: int
) -> None:
    clerk.ring_up(MUG, "10.00")
    make.variant("MUG", price, barcode=MUG)
    take(clerk, way)
    clerk.finished()

    assert sold(committed) == [("COMPLETED", 1000, ["price-drift"])]


def test_a_price_that_changes_under_a_discount_is_not_charged(clerk: Clerk, committed: Tenant) -> None:
    clerk.scan(MUG)
    clerk.press("Discount")
    clerk.page.locator("#discount").fill("10")
    clerk.press("Keep")
    clerk.total_is("9.00")
    clerk.pay()
    make.variant("MUG", 800, barcode=MUG)
    take(clerk, "Cash", "9")
    clerk.finished()

    assert sold(committed) == [("COMPLETED", 900, ["price-drift"])]


def test_a_parked_sale_costs_what_is_shown_when_it_is_taken_up(clerk: Clerk, committed: Tenant) -> None:
    clerk.scan(MUG)
    clerk.total_is("10.00")
    clerk.press("Park")
    clerk.page.locator("dialog button.main").click()
    clerk.total_is("0.00")
    clerk.everything_is_answered()
    make.variant("MUG", 1200, barcode=MUG)
    clerk.press("Parked")
    clerk.press("Take up")
    clerk.total_is("12.00")
    clerk.pay()
    make.variant("MUG", 1300, barcode=MUG)
    take(clerk, "Cash", "12")
    clerk.finished()

    assert sold(committed) == [("COMPLETED", 1200, ["price-drift"])]


def test_a_price_that_changes_before_an_exchange_is_paid_is_not_charged(clerk: Clerk, committed: Tenant) -> None:
    make.order(make.cash(1000))
    make.variant("POT", 2500)
    clerk.scan("R1-000001")
    clerk.press("Take one more The MUG back")
    clerk.reads("#worth", "10.00")
    clerk.press("Exchange", exact=True)
    clerk.search("POT")
    clerk.total_is("15.00")
    clerk.pay()
    make.variant("POT", 2000)
    take(clerk, "Cash", "15")
    clerk.finished()

    clerk.reads("#change", "0.00")
    assert sold(committed)[1:] == [("COMPLETED", 2500, ["price-drift"])]


def test_goods_that_are_withdrawn_before_the_payment_cost_what_was_shown(clerk: Clerk, committed: Tenant) -> None:
    clerk.ring_up(MUG, "10.00")
    with in_tenant(committed):
        archive_variant(variant_id=Variant.objects.get().id, now=timezone.now())
    take(clerk, "Cash")
    clerk.finished()

    assert sold(committed) == [("COMPLETED", 1000, ["withdrawn-variant"])]


def test_goods_that_are_deleted_before_the_payment_cost_what_was_shown(clerk: Clerk, committed: Tenant) -> None:
    clerk.ring_up(MUG, "10.00")
    with in_tenant(committed):
        Product.objects.all().delete()
    take(clerk, "Cash")
    clerk.finished()

    assert sold(committed) == [("COMPLETED", 1000, ["unknown-variant"])]


def test_a_tax_that_changes_before_the_payment_is_not_charged(clerk: Clerk, committed: Tenant) -> None:
    make.variant("BOOK", 1000, tax_rate=two_taxes())
    clerk.search("BOOK")
    clerk.total_is("11.55")
    clerk.pay()
    with in_tenant(committed):
        TaxRule.objects.filter(sequence=2).delete()
    take(clerk, "Card", "11.55")
    clerk.finished()

    assert sold(committed) == [("COMPLETED", 1155, ["tax-drift"])]


def two_taxes() -> str:
    """Make a class of goods with two taxes that prices do not contain, one on top of the other."""
    goods = TaxClass.objects.create(name="Goods")
    for sequence, (name, rate) in enumerate({"GST": "0.05", "QST": "0.10"}.items(), start=1):
        rate_ = TaxRate.objects.create(name=name, rate=rate, inclusive=False)
        TaxRule.objects.create(tax_class=goods, rate=rate_, sequence=sequence, on_top=sequence == 2)
    return goods.name


@pytest.mark.parametrize("level", ["LINE", "ORDER"])
def test_what_has_not_changed_brings_no_exception(
    open_till: Callable[..., Clerk], committed: Tenant, level: str
) -> None:
    Location.objects.update(rounding_level=level)
    make.variant("MUG", 1000, barcode=MUG)
    make.variant("BOOK", 333, tax_rate=two_taxes())
    TaxRule.objects.update(on_top=True)
    cheese = Item(
        sku="CHEESE", name="Cheese", price=1990, tax_rate="Standard, included", stocked=True,
        scale_barcodes=[("2112345", "WEIGHT"), ("2254321", "PRICE")],
    )  # fmt: skip
    put_item(item=cheese)
    make.shift()
    clerk = open_till()
    clerk.scan("2112345012346")
    clerk.page.locator(".line").nth(0).wait_for()
    clerk.scan("2254321004997")
    clerk.page.locator(".line").nth(1).wait_for()
    clerk.search("BOOK")
    clerk.page.locator(".line").nth(2).wait_for()
    clerk.scan(MUG)
    clerk.page.locator(".line").nth(3).wait_for()
    clerk.page.locator(".line .what").nth(3).click()
    clerk.type_into("Quantity", "2")
    clerk.type_into("Price of one", "7.50")
    clerk.type_into("Discount", "3")
    clerk.press("Keep")
    clerk.press("Discount")
    clerk.page.locator("#discount").fill("5")
    clerk.press("Keep")
    clerk.pay()
    clerk.take("Cash")
    clerk.finished()

    ((status, _, exceptions),) = sold(committed)
    assert (status, exceptions) == ("COMPLETED", [])


def test_another_price_that_was_typed_is_no_price_that_has_changed(clerk: Clerk, committed: Tenant) -> None:
    clerk.scan(MUG)
    clerk.page.locator(".line .what").click()
    clerk.type_into("Price of one", "7.50")
    clerk.press("Keep")
    clerk.total_is("7.50")
    clerk.pay()
    make.variant("MUG", 800, barcode=MUG)
    take(clerk, "Cash", "7.50")
    clerk.finished()

    assert sold(committed) == [("COMPLETED", 750, [])]


def test_a_card_that_is_not_charged_yet_pays_the_new_price_and_the_clerk_is_warned(
    clerk: Clerk, committed: Tenant
) -> None:
    clerk.ring_up(MUG, "10.00")
    make.variant("MUG", 1200, barcode=MUG)
    charge(clerk, committed, "tok_decline")
    clerk.reads(".notice", "comes to 12.00 EUR, not to 10.00 EUR")
    clerk.reads("main.pay [role=alert]", "Card declined")
    clerk.reads("#due", "12.00")
    take(clerk, "Cash", "12")
    clerk.finished()

    assert sold(committed) == [("COMPLETED", 1200, [])]


def test_a_card_for_more_than_the_new_price_is_given_up_and_priced_again(clerk: Clerk, committed: Tenant) -> None:
    clerk.ring_up(MUG, "10.00")
    make.variant("MUG", 800, barcode=MUG)
    clerk.take("Card through the gateway")
    clerk.type_into("Token of the card reader", "tok_approve")
    clerk.press("Take")
    clerk.press("Give it up")
    clerk.total_is("8.00")
    clerk.pay()
    charge(clerk, committed, "tok_approve")
    clerk.finished()

    assert sold(committed) == [("COMPLETED", 800, [])]


def charge(clerk: Clerk, tenant: Tenant, token: str) -> None:
    clerk.charge(token)
    with in_tenant(tenant):
        settle()
