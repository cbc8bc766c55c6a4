"""A sale at the till in the browser, from the scan to the receipt."""

from collections.abc import Callable

import pytest

from kernel.tenancy import in_tenant
from pos.models import Location, Order, Receipt
from tenants.models import Tenant
from tests.support import make
from tests.support.clerk import Clerk
from tests.support.pricing import set_currency


@pytest.fixture(autouse=True)
def _goods(committed: Tenant) -> None:
    make.variant("MUG", 1199, barcode="4006381333955")
    make.variant("TEA", 525, barcode="4006381333948")


def test_a_sale_is_scanned_searched_paid_and_printed(open_till: Callable[..., Clerk], committed: Tenant) -> None:
    clerk = open_till()
    clerk.open_shift("100")
    clerk.scan("4006381333955")
    clerk.total_is("11.99")
    clerk.search("the te")
    clerk.page.locator(".tile", has_text="The TEA").click()
    clerk.scan("4006381333948")
    clerk.total_is("22.49")
    clerk.picture("sale")
    clerk.pay()
    clerk.reads("#due", "22.49")
    clerk.take("Cash", "30")
    receipt = clerk.finished()
    clerk.reads("#change", "7.51")
    clerk.picture("done")
    clerk.press("Print")

    assert receipt in clerk.prints(1)
    clerk.everything_is_answered()
    with in_tenant(committed):
        order = Order.objects.get()
        assert (order.status, order.total, order.change_total) == ("COMPLETED", 2249, 751)
        assert [line.quantity for line in order.lines.order_by("number")] == [1, 2]
        assert str(Receipt.objects.get(kind="ORDER")) == receipt
        assert Receipt.objects.get(kind="ORDER").print_count == 1


@pytest.mark.parametrize(
    ("currency", "price", "total", "given", "change"),
    [("EUR", 1250, "12.50", "20", "7.50"), ("JPY", 1000, "1000", "1500", "500"), ("KWD", 1659, "1.659", "2", "0.341")],
)
def test_sh7_amounts_have_the_decimals_of_their_currency(
    open_till: Callable[..., Clerk], committed: Tenant, currency: str, price: int, total: str, given: str, change: str
) -> None:
    with in_tenant(committed):
        set_currency(currency)
        make.variant("RICE", price)
    clerk = open_till()
    clerk.open_shift("0")
    clerk.search("RICE")
    clerk.total_is(f"{total}{currency}")
    clerk.pay()
    clerk.take("Cash", given)
    clerk.finished()

    clerk.reads("#change", f"{change}{currency}")
    with in_tenant(committed):
        order = Order.objects.get()
        assert (order.currency, order.total) == (currency, price)


def test_a_split_payment_with_a_card_that_was_charged_and_cash(
    open_till: Callable[..., Clerk], committed: Tenant
) -> None:
    clerk = open_till()
    clerk.open_shift()
    clerk.search("MUG")
    clerk.total_is("11.99")
    clerk.pay()
    clerk.page.locator("[data-tender='2']").click()
    clerk.page.get_by_label("Reference").wait_for()
    clerk.key("Escape")
    clerk.take("Card", "6")
    clerk.type_into("Reference", "AUTH123")
    clerk.press("Take")
    clerk.reads("#due", "5.99")
    clerk.picture("split")
    clerk.take("Cash", "10")
    clerk.finished()

    clerk.reads("#change", "4.01")
    with in_tenant(committed):
        tenders = Order.objects.get().tenders.order_by("number")
        assert [(each.type.code, each.amount, each.change, each.reference) for each in tenders] == [
            ("card", 600, 0, "AUTH123"),
            ("cash", 1000, 401, ""),
        ]


def test_goods_without_a_price_in_the_currency_of_the_till_are_not_sold(
    open_till: Callable[..., Clerk], committed: Tenant
) -> None:
    with in_tenant(committed):
        Location.objects.update(currency="KWD")
    clerk = open_till()
    clerk.open_shift("0")

    clerk.scan("4006381333955")

    clerk.reads("[role=alert]", "The MUG has no price in KWD and is not in the sale")
    clerk.reads(".tiles", "No price in KWD")
    clerk.reads("#total", "0.000KWD")
