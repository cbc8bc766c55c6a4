"""Paying at the till: cards that are declined, cash that is rounded, a sale that is given up halfway."""

from collections.abc import Callable

import pytest

from events.testing.work import settle
from kernel.tenancy import in_tenant
from pos.models import Order, TenderType
from tenants.models import Tenant
from tests.support import make
from tests.support.clerk import Clerk


@pytest.fixture
def clerk(open_till: Callable[..., Clerk], committed: Tenant) -> Clerk:
    make.variant("MUG", 1000, barcode="4006381333955")
    make.variant("CUP", 1237)
    make.shift()
    return open_till()


def charge(clerk: Clerk, tenant: Tenant, token: str, amount: str = "") -> None:
    clerk.charge(token, amount)
    with in_tenant(tenant):
        settle()


def test_a_declined_card_is_said_and_another_way_to_pay_is_taken(clerk: Clerk, committed: Tenant) -> None:
    clerk.scan("4006381333955")
    clerk.total_is("10.00")
    clerk.pay()
    charge(clerk, committed, "tok_decline")
    clerk.reads("[role=alert]", "Card declined")
    clerk.reads("#due", "10.00")
    clerk.picture("declined")
    clerk.take("Cash", "10")
    clerk.finished()

    with in_tenant(committed):
        tenders = Order.objects.get().tenders.order_by("number")
        assert [(each.type.code, each.state) for each in tenders] == [("gateway", "FAILED"), ("cash", "SETTLED")]


def test_am12_a_card_that_is_charged_pays_a_part(clerk: Clerk, committed: Tenant) -> None:
    clerk.scan("4006381333955")
    clerk.total_is("10.00")
    clerk.pay()
    charge(clerk, committed, "tok_approve", "6")
    clerk.reads("#due", "4.00")
    clerk.take("Cash", "4")
    clerk.finished()

    with in_tenant(committed):
        assert [each.state for each in Order.objects.get().tenders.all()] == ["SETTLED", "SETTLED"]


@pytest.mark.parametrize(("typed", "change", "total"), [("", "0.00", 1235), ("20", "7.65", 1235)])
def test_am10_cash_is_rounded_as_the_server_rounds_it(
    clerk: Clerk, committed: Tenant, typed: str, change: str, total: int
) -> None:
    with in_tenant(committed):
        TenderType.objects.filter(code="cash").update(rounding_step=5)
    clerk.page.reload()
    clerk.search("CUP")
    clerk.total_is("12.37")
    clerk.pay()
    clerk.take("Cash", typed)
    clerk.finished()

    clerk.reads("#change", change)
    with in_tenant(committed):
        order = Order.objects.get()
        assert (order.total, order.rounding_adjustment) == (total, -2)


def test_am10_less_than_the_smallest_coin_is_left(clerk: Clerk, committed: Tenant) -> None:
    with in_tenant(committed):
        TenderType.objects.filter(code="cash").update(rounding_step=5)
    clerk.page.reload()
    clerk.page.locator("#search").wait_for()
    clerk.scan("4006381333955")
    clerk.total_is("10.00")
    clerk.pay()
    clerk.take("Card", "9.98")
    clerk.press("Take")
    clerk.reads("#due", "0.02")
    clerk.take("Cash", "0.05")
    clerk.reads(".field .error", "take nothing")
    clerk.type_into("Amount handed over", "")
    clerk.page.wait_for_timeout(800)
    clerk.take("Cash")
    clerk.finished()

    clerk.reads("#change", "0.00")
    with in_tenant(committed):
        order = Order.objects.get()
        assert (order.total, order.tenders.count()) == (998, 1)


def test_a_card_takes_no_more_than_is_due(clerk: Clerk) -> None:
    clerk.scan("4006381333955")
    clerk.total_is("10.00")
    clerk.pay()
    clerk.take("Card", "11")

    clerk.reads(".field .error", "at most 10.00 EUR")


def test_notes_are_suggested_and_taken_with_one_touch(clerk: Clerk) -> None:
    clerk.search("CUP")
    clerk.total_is("12.37")
    clerk.pay()
    clerk.press("Cash 20.00")
    clerk.finished()

    clerk.reads("#change", "7.63")


def test_the_receipt_is_mailed(clerk: Clerk, committed: Tenant) -> None:
    clerk.scan("4006381333955")
    clerk.total_is("10.00")
    clerk.pay()
    clerk.take("Cash", "10")
    clerk.finished()
    clerk.press("Mail")
    clerk.type_into("Mail address", "nobody")
    clerk.page.locator("dialog button.main").click()
    clerk.reads("dialog .error", "name@example.com")
    clerk.type_into("Mail address", "ada@example.com")
    with clerk.page.expect_response("**/deliveries") as answered:
        clerk.page.locator("dialog button.main").click()

    assert answered.value.status == 202


def test_a_copy_of_the_last_receipt_is_marked_as_one(clerk: Clerk) -> None:
    clerk.scan("4006381333955")
    clerk.total_is("10.00")
    clerk.pay()
    clerk.take("Cash", "10")
    clerk.finished()
    for count in (1, 2):
        clerk.press("Print")
        printed = clerk.prints(count)

    assert "COPY 1" in printed


def tenders(tenant: Tenant) -> list[int]:
    with in_tenant(tenant):
        return list(Order.objects.get().tenders.order_by("number").values_list("amount", flat=True))


def type_three(clerk: Clerk) -> None:
    clerk.scan("4006381333955")
    clerk.total_is("10.00")
    clerk.pay()
    clerk.type_into("Amount handed over", "3")


def test_a_tender_that_is_tapped_twice_is_taken_once(clerk: Clerk, committed: Tenant) -> None:
    type_three(clerk)
    cash = clerk.page.locator("[data-tender]", has_text="Cash").first
    cash.click()
    cash.click()
    clerk.everything_is_answered()
    clerk.reads("#due", "7.00")
    assert tenders(committed) == [300]
    clerk.page.wait_for_timeout(800)
    cash.click()
    clerk.finished()

    assert tenders(committed) == [300, 700]


def test_enter_that_is_held_takes_one_tender(clerk: Clerk, committed: Tenant) -> None:
    type_three(clerk)
    clerk.page.locator("#tendered").focus()
    for _ in range(25):
        clerk.page.keyboard.down("Enter")
        clerk.page.wait_for_timeout(40)
    clerk.page.keyboard.up("Enter")
    clerk.everything_is_answered()

    clerk.reads("#due", "7.00")
    assert tenders(committed) == [300]


def test_a_scan_into_the_amount_is_no_amount(clerk: Clerk, committed: Tenant) -> None:
    type_three(clerk)
    clerk.page.locator("#tendered").focus()
    clerk.page.keyboard.type("40123455", delay=5)
    clerk.key("Enter")

    clerk.reads(".notice", "That was a scan, and no amount")
    assert clerk.page.locator("#tendered").input_value() == "3"
    with in_tenant(committed):
        assert not Order.objects.exists()


def test_much_more_than_is_due_is_asked_about_first(clerk: Clerk, committed: Tenant) -> None:
    type_three(clerk)
    clerk.take("Cash", "401234.55")
    clerk.reads("dialog", "401234.55 EUR would be taken")
    assert clerk.violations() == []
    clerk.press("No", exact=True)
    clerk.page.locator("dialog").wait_for(state="detached")
    clerk.take("Cash", "500")
    clerk.finished()

    assert tenders(committed) == [50_000]
