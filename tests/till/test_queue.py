"""O1 at the till: commands are kept until they are answered, so nothing is lost or repeated by a bad connection."""

from collections.abc import Callable
from typing import Any

import pytest

from kernel.tenancy import in_tenant
from pos.models import Order, Shift, Variant
from tenants.models import Tenant
from tests.support import make
from tests.support.browsing import Served
from tests.support.clerk import Clerk

API = "**/api/v1/**"
ORDERS = "**/api/v1/orders"


@pytest.fixture
def clerk(open_till: Callable[..., Clerk], committed: Tenant) -> Clerk:
    make.variant("MUG", 1000, barcode="4006381333955")
    make.shift()
    return open_till()


def orders(tenant: Tenant) -> list[tuple[str, int]]:
    with in_tenant(tenant):
        return list(Order.objects.values_list("status", "total"))


def kept(clerk: Clerk) -> list[dict[str, Any]]:
    """What the browser's database holds of commands."""
    read = "m.openStore().then(async (store) => { const held = await store.commands(); store.close(); return held })"
    return list(clerk.call("store", read))


def test_a_sale_is_kept_through_a_cut_and_a_reload_and_is_one_order(clerk: Clerk, committed: Tenant) -> None:
    clerk.ring_up("4006381333955", "10.00")
    clerk.page.route(API, lambda route: route.abort())
    clerk.take("Cash", "20")
    clerk.reads("#due", "10.00")
    clerk.reads("#queue", "1 waiting")
    clerk.page.reload()
    clerk.reads("#queue", "1 waiting")
    clerk.reads("main.pay", "kept on this till")
    clerk.picture("cut")
    assert len(kept(clerk)) == 1
    assert orders(committed) == []
    clerk.page.unroute(API)

    clerk.finished()
    clerk.reads("#change", "10.00")
    clerk.everything_is_answered()
    assert orders(committed) == [("COMPLETED", 1000)]
    assert kept(clerk) == []


def test_an_answer_that_was_lost_is_asked_for_again_under_the_same_key(
    clerk: Clerk, server: Served, committed: Tenant
) -> None:
    lost = [True, True]
    server.loses = lambda method, path: (method, path) == ("POST", "/api/v1/orders") and bool(lost) and lost.pop()
    clerk.ring_up("4006381333955", "10.00")
    clerk.take("Cash", "10")
    clerk.finished()

    (key,) = set(server.keys["/api/v1/orders"])
    assert server.keys["/api/v1/orders"] == [key] * 3
    assert orders(committed) == [("COMPLETED", 1000)]


def test_a_reload_after_an_answer_that_was_lost_makes_no_second_order(
    clerk: Clerk, server: Served, committed: Tenant
) -> None:
    server.loses = lambda method, path: (method, path) == ("POST", "/api/v1/orders")
    clerk.ring_up("4006381333955", "10.00")
    clerk.take("Cash", "10")
    clerk.reads("#queue", "No connection · 1 waiting")
    assert orders(committed) == [("COMPLETED", 1000)]
    server.loses = lambda method, path: False
    clerk.page.reload()
    clerk.finished()

    clerk.everything_is_answered()
    assert orders(committed) == [("COMPLETED", 1000)]


def test_the_cart_outlives_a_reload(clerk: Clerk) -> None:
    clerk.scan("4006381333955")
    clerk.scan("4006381333955")
    clerk.total_is("20.00")
    clerk.page.reload()

    clerk.total_is("20.00")


def test_the_next_customer_is_served_while_a_sale_waits(clerk: Clerk, committed: Tenant) -> None:
    clerk.ring_up("4006381333955", "10.00")
    clerk.page.route(ORDERS, lambda route: route.abort())
    clerk.take("Cash", "10")
    clerk.press("New sale")
    clerk.scan("4006381333955")
    clerk.scan("4006381333955")
    clerk.total_is("20.00")
    clerk.pay()
    clerk.take("Cash", "20")
    clerk.reads("#queue", "2 waiting")
    clerk.page.unroute(ORDERS)

    clerk.finished()
    clerk.everything_is_answered()
    assert sorted(orders(committed)) == [("COMPLETED", 1000), ("COMPLETED", 2000)]


def test_commands_are_numbered_without_a_gap_and_carry_a_key_each(clerk: Clerk, committed: Tenant) -> None:
    clerk.page.route(ORDERS, lambda route: route.abort())
    for _ in range(3):
        clerk.ring_up("4006381333955", "10.00")
        clerk.take("Cash", "10")
        clerk.press("New sale")
    clerk.reads("#queue", "3 waiting")

    held = kept(clerk)
    numbers = [each["sequence"] for each in held]
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    assert len({each["key"] for each in held} | {each["body"]["id"] for each in held}) == 6
    clerk.page.unroute(ORDERS)
    clerk.everything_is_answered()
    assert len(orders(committed)) == 3


def test_a_refused_command_is_shown_and_kept_until_somebody_acts(clerk: Clerk, committed: Tenant) -> None:
    clerk.ring_up("4006381333955", "10.00")
    with in_tenant(committed):
        Variant.objects.update(active=False)
    clerk.page.route(
        ORDERS, lambda route: route.fulfill(status=422, json={"code": "tender-mismatch", "detail": "No such tender."})
    )
    clerk.take("Cash", "10")
    clerk.reads("[role=alert]", "No such tender.")
    clerk.reads("#queue", "1 refused")
    clerk.page.reload()
    clerk.reads("[role=alert]", "No such tender.")
    clerk.picture("refused")
    clerk.page.unroute(ORDERS)
    with in_tenant(committed):
        Variant.objects.update(active=True)
    clerk.press("Send again")

    clerk.finished()
    assert orders(committed) == [("COMPLETED", 1000)]


def test_what_is_given_up_goes_back_to_the_cart_and_was_never_recorded(clerk: Clerk, committed: Tenant) -> None:
    clerk.ring_up("4006381333955", "10.00")
    refusal = {"code": "tender-mismatch", "detail": "No such tender."}
    clerk.page.route(ORDERS, lambda route: route.fulfill(status=422, json=refusal))
    clerk.take("Cash", "10")
    clerk.press("Give it up")
    clerk.reads("dialog", "10.00 EUR was taken and is not recorded")
    clerk.press("Give up 10.00 EUR")
    clerk.page.unroute(ORDERS)
    clerk.total_is("10.00")
    assert kept(clerk) == []
    assert orders(committed) == []

    clerk.pay()
    clerk.take("Cash", "10")
    clerk.finished()
    assert orders(committed) == [("COMPLETED", 1000)]


def test_a_shift_is_opened_once_though_nobody_answered_at_first(
    open_till: Callable[..., Clerk], server: Served, committed: Tenant
) -> None:
    clerk = open_till()
    lost = [True]
    server.loses = lambda method, path: (method, path) == ("POST", "/api/v1/shifts") and bool(lost) and lost.pop()
    clerk.press("Open a shift")
    clerk.type_into("Cash in the drawer", "50")
    clerk.press("Open the shift")
    clerk.page.locator("#search").wait_for()

    clerk.everything_is_answered()
    with in_tenant(committed):
        assert [shift.float_amount for shift in Shift.objects.all()] == [5000]


def test_a_second_window_waits_for_the_first(clerk: Clerk) -> None:
    other = clerk.page.context.new_page()
    other.goto(clerk.url)
    other.get_by_role("heading", name="open in another window").wait_for()
    clerk.page.close()

    other.locator("header.bar").wait_for()


def test_a_command_at_which_the_server_fails_holds_up_its_own_order_only(clerk: Clerk, committed: Tenant) -> None:
    failing = []

    def fail(route: Any) -> None:
        failing[:] = failing or [route.request.post_data_json["id"]]
        if route.request.post_data_json["id"] == failing[0]:
            route.fulfill(status=500, json={})
        else:
            route.continue_()

    clerk.page.route(ORDERS, fail)
    clerk.ring_up("4006381333955", "10.00")
    clerk.take("Cash", "4")
    clerk.reads("main.pay", "Server error. The payment is kept on this till")
    clerk.take("Cash", "6")
    clerk.reads("#queue", "Server error · 2 waiting")
    clerk.press("New sale")
    for _ in range(2):
        clerk.ring_up("4006381333955", "10.00")
        clerk.take("Cash", "10")
        clerk.finished()
        clerk.press("New sale")
    clerk.reads("#queue", "Server error · 2 waiting")
    assert orders(committed) == [("COMPLETED", 1000)] * 2
    clerk.page.unroute(ORDERS)

    clerk.everything_is_answered()
    assert orders(committed) == [("COMPLETED", 1000)] * 3


def test_a_scan_that_nobody_could_look_up_is_not_lost_silently(clerk: Clerk) -> None:
    clerk.page.route("**/api/v1/variants**", lambda route: route.abort())
    clerk.scan("4006381333955")

    clerk.reads(".notice", "4006381333955 is not in the sale")


def test_a_return_that_waits_is_shown_after_a_reload(clerk: Clerk) -> None:
    clerk.key("F3")
    clerk.press("Without a receipt")
    clerk.scan("4006381333955")
    clerk.reads("#worth", "10.00")
    clerk.page.route("**/api/v1/returns", lambda route: route.abort())
    clerk.press("Give the money back")
    clerk.reads("#queue", "1 waiting")
    clerk.page.reload()
    clerk.reads("#queue", "1 waiting")
    clerk.key("F3")

    clerk.reads("main.single", "Return of goods without a receipt: No connection.")


def test_who_lost_the_store_is_told_to_load_the_page_again(clerk: Clerk) -> None:
    clerk.ring_up("4006381333955", "10.00")
    cdp = clerk.page.context.new_cdp_session(clerk.page)
    origin = clerk.page.evaluate("location.origin")
    cdp.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "indexeddb"})

    clerk.reads(".notice", "load the page again")
