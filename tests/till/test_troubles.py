"""What goes wrong at the till is said, and nothing is shown as done that is not."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from kernel.tenancy import in_tenant
from pos.models import HeldCommand, Order, Product, Return
from pos.registers.services import make_pairing_code
from tenants.models import Tenant
from tenants.services import reactivate_tenant, suspend_tenant
from tests.support import make
from tests.support.clerk import Clerk

MUG, POT = "4006381333955", "4006381333986"
FULL = """() => {
    window.put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function () { throw new DOMException("The disk is full.", "QuotaExceededError"); };
}"""
ROOM = "() => { IDBObjectStore.prototype.put = window.put; }"
HOLD = """(part) => {
    const ask = window.fetch;
    const gate = new Promise((open) => { window.letGo = open; });
    window.fetch = async (...given) => {
        if (String(given[0]).includes(part)) await gate;
        return ask(...given);
    };
}"""
"""What is asked of such an address is held until `letGo()`."""
PORTAL: dict[str, Any] = {"status": 200, "content_type": "text/html", "body": "<h1>Welcome to our network</h1>"}


@pytest.fixture
def clerk(open_till: Callable[..., Clerk], committed: Tenant) -> Clerk:
    make.variant("MUG", 1000, barcode=MUG)
    make.variant("POT", 500, barcode=POT)
    make.shift()
    return open_till()


def orders(tenant: Tenant) -> list[tuple[str, int]]:
    with in_tenant(tenant):
        return list(Order.objects.values_list("status", "total"))


def test_o1_a_payment_that_the_browser_cannot_keep_is_not_taken(clerk: Clerk, committed: Tenant) -> None:
    clerk.ring_up(MUG, "10.00")
    clerk.page.evaluate(FULL)
    clerk.take("Cash", "10")
    clerk.reads(".notice", "nothing was sent")
    clerk.reads("#due", "10.00")
    clerk.picture("full")
    assert clerk.page.get_by_role("button", name="New sale").count() == 0
    assert orders(committed) == []

    clerk.page.evaluate(ROOM)
    clerk.press("Understood")
    clerk.take("Cash", "10")
    clerk.finished()
    clerk.everything_is_answered()
    assert orders(committed) == [("COMPLETED", 1000)]


def test_goods_that_the_browser_cannot_keep_are_sold_and_it_is_said(clerk: Clerk) -> None:
    clerk.page.evaluate(FULL)
    clerk.scan(MUG)

    clerk.total_is("10.00")
    clerk.reads(".notice", "cannot keep")


def test_what_waits_when_the_store_is_lost_is_sent_from_the_page(clerk: Clerk, committed: Tenant) -> None:
    clerk.ring_up(MUG, "10.00")
    clerk.page.route("**/api/v1/**", lambda route: route.abort())
    clerk.take("Cash", "10")
    clerk.reads("#queue", "1 waiting")
    cdp = clerk.page.context.new_cdp_session(clerk.page)
    origin = clerk.page.evaluate("location.origin")
    cdp.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "indexeddb"})
    clerk.reads(".notice", "leave it open until everything is answered")
    clerk.page.unroute("**/api/v1/**")
    clerk.finished()

    clerk.everything_is_answered()
    assert orders(committed) == [("COMPLETED", 1000)]


def test_a_browser_that_keeps_nothing_says_so(open_till: Callable[..., Clerk]) -> None:
    clerk = open_till(paired=False)
    clerk.page.add_init_script(
        "indexedDB.open = () => { throw new DOMException('Storage is blocked.', 'SecurityError'); }"
    )
    clerk.page.reload()

    clerk.reads("main", "This browser keeps nothing for the till")


def test_a_page_of_a_network_s_portal_is_no_answer(clerk: Clerk) -> None:
    clerk.page.route("**/api/v1/**", lambda route: route.fulfill(**PORTAL))
    clerk.page.reload()
    clerk.reads("#queue", "No connection")

    assert clerk.page.locator("#search").count() == 1


def test_nobody_pays_while_scanned_goods_are_looked_up(clerk: Clerk) -> None:
    clerk.scan(MUG)
    clerk.total_is("10.00")
    clerk.page.evaluate(HOLD, "/variants?barcode")
    clerk.scan(POT)
    clerk.reads("main.sale", f"Looking up {POT}")
    clerk.key("F9")
    assert clerk.page.locator("button.pay").is_disabled()
    clerk.picture("looking-up")
    clerk.page.evaluate("letGo()")

    clerk.total_is("15.00")
    clerk.pay()


def test_a_receipt_that_is_found_late_does_not_replace_the_next_one(clerk: Clerk, committed: Tenant) -> None:
    receipts = []
    for code in (MUG, POT):
        clerk.scan(code)
        clerk.pay()
        clerk.take("Cash")
        receipts.append(clerk.finished())
        clerk.press("New sale")
    clerk.page.evaluate(HOLD, f"/orders?receipt={receipts[0]}")
    clerk.scan(receipts[0])
    clerk.page.get_by_label("Receipt").wait_for()
    clerk.scan(receipts[1])
    clerk.reads("ul.lines", "POT")
    clerk.page.evaluate("letGo()")
    clerk.page.wait_for_timeout(1000)

    clerk.reads("ul.lines", "POT")


def test_sh17_a_sale_that_is_held_after_the_next_has_begun_is_said(clerk: Clerk, committed: Tenant) -> None:
    clerk.ring_up(MUG, "10.00")
    clerk.page.route("**/api/v1/orders", lambda route: route.abort())
    clerk.take("Cash", "10")
    clerk.press("New sale")
    suspend_tenant(tenant=committed)
    clerk.page.unroute("**/api/v1/orders")
    clerk.reads(".notice", "Sale: 10.00 EUR, Cash is held")
    reactivate_tenant(tenant=committed)

    with in_tenant(committed):
        assert HeldCommand.objects.get().amount == 1000


@pytest.mark.parametrize("status", [0, 500, 502])
def test_what_cannot_be_asked_is_said(clerk: Clerk, status: int) -> None:
    def fail(route: Any) -> None:
        if status:
            route.fulfill(status=status, content_type="text/html", body="")
        else:
            route.abort()

    clerk.scan(MUG)
    clerk.press("Park")
    clerk.type_into("Name", "Table 4")
    clerk.page.locator("dialog button[type=submit]").click()
    clerk.everything_is_answered()
    clerk.press("Parked")
    clerk.reads("ul.parked", "Table 4")
    clerk.page.route("**/api/v1/**", fail)
    clerk.press("Take up Table 4")
    clerk.reads(".notice", "The sale was not taken up")
    clerk.press("Understood")
    clerk.key("Escape")
    clerk.key("F3")
    clerk.type_into("Receipt", "R1-000001")
    clerk.press("Find")
    clerk.reads(".notice", "R1-000001 was not looked up")
    clerk.key("Escape")
    clerk.key("F8")
    clerk.press("Print the X report")

    clerk.reads(".notice", "Not printed")


def test_a_pairing_code_is_good_for_a_second_try_when_the_first_was_cut(
    open_till: Callable[..., Clerk], committed: Tenant
) -> None:
    make.shift()
    code = make_pairing_code(register_id=make.register().id, now=timezone.now())
    clerk = open_till(paired=False)
    clerk.page.route("**/api/v1/tender-types", lambda route: route.abort())
    clerk.type_into("Pairing code", code)
    clerk.press("Pair")
    clerk.reads(".field .error", "No connection")
    clerk.page.unroute("**/api/v1/tender-types")
    clerk.press("Pair")

    clerk.page.locator("#search").wait_for()


def test_what_was_handed_over_for_a_parked_sale_is_not_that_of_the_next(clerk: Clerk) -> None:
    clerk.ring_up(MUG, "10.00")
    clerk.type_into("Amount handed over", "40")
    clerk.key("Escape")
    clerk.press("Park")
    clerk.page.locator("dialog button[type=submit]").click()
    clerk.scan(POT)
    clerk.total_is("5.00")
    clerk.pay()

    assert clerk.page.get_by_label("Amount handed over").input_value() == ""


def test_money_is_given_back_once_however_often_one_presses(clerk: Clerk, committed: Tenant) -> None:
    clerk.key("F3")
    clerk.press("Without a receipt")
    clerk.scan(MUG)
    clerk.reads("#worth", "10.00")
    clerk.page.evaluate("""() => {
        const button = [...document.querySelectorAll("main button[type=submit]")].at(-1);
        button.click();
        button.click();
    }""")
    clerk.page.get_by_role("heading", name="Return R1").wait_for()
    clerk.everything_is_answered()

    with in_tenant(committed):
        assert Return.objects.count() == 1


def test_a_notice_is_seen_where_the_page_is_longer_than_the_screen(
    open_till: Callable[..., Clerk], committed: Tenant
) -> None:
    make.shift()
    for number in range(12):
        make.variant(f"MUG-{number}", 1000)
    clerk = open_till(viewport={"width": 390, "height": 700})
    clerk.page.locator("ul.tiles button").last.scroll_into_view_if_needed()
    clerk.page.route("**/api/v1/variants**", lambda route: route.abort())
    clerk.scan("11111")
    clerk.scan("22222")
    clerk.reads(".notice", "22222 is not in the sale")
    clerk.reads(".notice", "11111 is not in the sale")
    clerk.picture("notice-narrow")

    top = clerk.page.locator(".notice").evaluate("(notice) => notice.getBoundingClientRect().top")
    assert 0 <= top < 350


REVOKED = '{"code": "authentication-failed", "title": "No", "status": 401, "detail": "This device is revoked."}'


def test_a_till_that_is_shut_out_does_not_blame_the_connection(clerk: Clerk, committed: Tenant) -> None:
    clerk.ring_up(MUG, "10.00")
    clerk.page.route(
        "**/api/v1/orders",
        lambda route: route.fulfill(status=401, content_type="application/problem+json", body=REVOKED),
    )
    clerk.take("Cash", "10")
    clerk.reads(".notice", "This device is revoked.")
    clerk.reads("#queue", "Not sent · 1 waiting")
    clerk.reads("main.pay .wait", "This device is revoked. The payment is kept on this till")
    clerk.picture("shut-out")
    clerk.page.unroute("**/api/v1/orders")
    clerk.press("Understood")
    clerk.key("F10")
    clerk.press("Send now")
    clerk.key("Escape")

    clerk.finished()
    clerk.everything_is_answered()
    assert orders(committed) == [("COMPLETED", 1000)]


def test_goods_that_the_server_does_not_look_up_hold_up_nobody(clerk: Clerk) -> None:
    clerk.scan(MUG)
    clerk.total_is("10.00")
    clerk.page.route(
        "**/api/v1/variants**",
        lambda route: route.fulfill(status=403, content_type="application/problem+json", body=REVOKED),
    )
    clerk.scan(POT)
    clerk.reads(".notice", f"{POT} is not in the sale")

    clerk.pay()


def test_a_connection_that_is_back_is_shown_soon(clerk: Clerk) -> None:
    clerk.page.clock.install()
    clerk.page.reload()
    clerk.page.locator("#search").wait_for()
    clerk.page.route("**/api/v1/**", lambda route: route.abort())
    clerk.search("mug")
    clerk.reads("#queue", "No connection")
    clerk.page.unroute("**/api/v1/**")
    clerk.page.clock.run_for(11_000)

    clerk.everything_is_answered()


def test_a_name_that_is_long_or_markup_is_only_a_name(clerk: Clerk, committed: Tenant) -> None:
    name = "<img src=x onerror=\"document.title='taken'\">" + "Donaudampfschifffahrtsgesellschaft" * 4
    with in_tenant(committed):
        Product.objects.update(name=name)
    clerk.page.set_viewport_size({"width": 390, "height": 700})
    clerk.page.reload()
    clerk.page.locator("ul.tiles").wait_for()
    clerk.scan(MUG)
    clerk.total_is("10.00")
    wide = "document.documentElement.scrollWidth > innerWidth"
    assert clerk.page.evaluate(wide) is False
    clerk.pay()
    clerk.take("Cash")
    clerk.finished()
    clerk.key("F7")
    clerk.prints(1)
    clerk.press("New sale")
    clerk.scan(MUG)
    clerk.press("Park")
    clerk.type_into("Name", name[:190])
    with clerk.page.expect_response("**/parked-orders"):
        clerk.page.locator("dialog button[type=submit]").click()
    clerk.everything_is_answered()
    clerk.press("Parked")
    clerk.reads("ul.parked", "Donau")
    clerk.picture("long-names")

    assert clerk.page.evaluate(wide) is False
    assert "taken" not in clerk.page.title()
