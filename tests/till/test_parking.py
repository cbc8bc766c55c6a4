"""Parked carts at the till: one waits under a name while the next customer is served."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from kernel.tenancy import in_tenant
from pos.models import Order, ParkedOrder
from tenants.models import Tenant
from tests.support import make
from tests.support.clerk import Clerk


@pytest.fixture
def clerk(open_till: Callable[..., Clerk], committed: Tenant) -> Clerk:
    make.variant("MUG", 1000, barcode="4006381333955")
    make.variant("TEA", 500)
    make.shift()
    return open_till()


def park(clerk: Clerk, name: str) -> None:
    clerk.scan("4006381333955")
    clerk.total_is("10.00")
    clerk.press("Park", exact=False)
    clerk.type_into("Name", name)
    clerk.page.locator("dialog button.main").click()
    clerk.total_is("0.00")
    clerk.everything_is_answered()


def sell(clerk: Clerk, given: str) -> None:
    clerk.pay()
    clerk.take("Cash", given)
    clerk.finished()


def statuses(tenant: Tenant) -> list[tuple[str, int]]:
    with in_tenant(tenant):
        return list(Order.objects.order_by("total").values_list("status", "total"))


def test_a_parked_sale_is_taken_up_and_sold(clerk: Clerk, committed: Tenant) -> None:
    park(clerk, "The lady with the dog")
    clerk.search("TEA")
    clerk.total_is("5.00")
    sell(clerk, "5")
    clerk.press("New sale")
    clerk.press("Parked")
    clerk.reads(".parked", "The lady with the dog")
    clerk.picture("parked")
    assert clerk.violations() == []
    clerk.press("Take up The lady with the dog")
    clerk.total_is("10.00")
    clerk.search("TEA")
    clerk.total_is("15.00")
    sell(clerk, "20")

    clerk.reads("#change", "5.00")
    assert statuses(committed) == [("COMPLETED", 500), ("COMPLETED", 1500)]


def test_a_parked_sale_is_given_up_with_a_reason(clerk: Clerk, committed: Tenant) -> None:
    park(clerk, "Nobody")
    clerk.press("Parked")
    clerk.press("Give up Nobody")
    clerk.type_into("Reason", "They did not come back")
    clerk.page.locator("dialog button.main").click()
    clerk.reads("main", "Nothing is parked here.")

    clerk.everything_is_answered()
    assert statuses(committed) == [("VOIDED", 1000)]


def test_one_till_at_a_time_works_on_a_parked_sale(
    clerk: Clerk, open_till: Callable[..., Clerk], committed: Tenant
) -> None:
    park(clerk, "Once")
    other = open_till()
    for till in (clerk, other):
        till.press("Parked")
        till.page.get_by_role("button", name="Take up Once").wait_for()
    clerk.press("Take up Once")
    clerk.total_is("10.00")
    other.press("Take up Once")
    other.reads(".notice", "")
    other.page.locator(".notice").wait_for()
    sell(clerk, "10")

    assert statuses(committed) == [("COMPLETED", 1000)]


def test_a_sale_that_is_cleared_is_free_for_others(clerk: Clerk, committed: Tenant) -> None:
    park(clerk, "Back soon")
    clerk.press("Parked")
    clerk.press("Take up Back soon")
    clerk.total_is("10.00")
    clerk.press("Clear")
    clerk.page.locator("dialog button.main").click()
    clerk.total_is("0.00")
    clerk.everything_is_answered()

    with in_tenant(committed):
        assert ParkedOrder.objects.get().claimed_by is None


def test_what_two_tills_took_for_one_cart_is_two_sales(
    clerk: Clerk, open_till: Callable[..., Clerk], committed: Tenant
) -> None:
    park(clerk, "Slow")
    clerk.press("Parked")
    clerk.press("Take up Slow")
    clerk.total_is("10.00")
    with in_tenant(committed):
        ParkedOrder.objects.update(claim_expires_at=timezone.now() - timedelta(minutes=1))
    other = open_till()
    other.press("Parked")
    other.press("Take up Slow")
    other.total_is("10.00")
    sell(clerk, "10")
    sell(other, "10")

    assert statuses(committed) == [("COMPLETED", 1000)] * 2
