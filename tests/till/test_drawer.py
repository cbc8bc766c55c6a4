"""The drawer at the till: cash that is moved, and a blind count that closes the shift."""

from collections.abc import Callable

import pytest

from kernel.tenancy import in_tenant
from pos.cash.models import CashCount, CashMovement, Shift
from pos.models import Device, Register
from tenants.models import Tenant
from tests.support import make
from tests.support.browsing import Served
from tests.support.clerk import Clerk
from tests.support.crew import person, set_rule


@pytest.fixture
def clerk(open_till: Callable[..., Clerk], committed: Tenant) -> Clerk:
    make.variant("MUG", 1000, barcode="4006381333955")
    clerk = open_till()
    clerk.open_shift("100")
    return clerk


def move(clerk: Clerk, kind: str, amount: str = "") -> None:
    clerk.press(kind)
    if amount:
        clerk.type_into("Amount", amount)
    clerk.page.locator("dialog button.main").click()
    clerk.page.locator("dialog").wait_for(state="detached")


def count(clerk: Clerk, **coins: int) -> None:
    clerk.press("Count and close the shift")
    for worth, many in coins.items():
        clerk.page.locator(f"#coin-{worth.removeprefix('of_')}").fill(str(many))


def close(clerk: Clerk) -> None:
    clerk.press("Close the shift")
    clerk.page.locator("dialog button.main").click()
    clerk.page.get_by_role("heading", name="The shift is closed").wait_for()


def cashier_at_the_drawer(open_till: Callable[..., Clerk], **rules: str) -> Clerk:
    """Let a cashier, who counts blind, open the drawer's screen. :param rules: of the role, other than it has them."""
    make.shift()
    anna = person("ANNA", "cashier")
    for permission, mode in rules.items():
        set_rule("cashier", permission, mode)
    clerk = open_till()
    clerk.sign_in(anna.code, anna.pin)
    clerk.reads(".bar .who", "Anna")
    clerk.press("Drawer")
    return clerk


def test_cash_is_moved_without_a_sale(clerk: Clerk, committed: Tenant) -> None:
    clerk.press("Drawer")
    move(clerk, "Paid in", "20")
    move(clerk, "Paid out", "5.50")
    move(clerk, "Pickup", "30")
    move(clerk, "Open the drawer")
    clerk.everything_is_answered()

    with in_tenant(committed):
        moved = CashMovement.objects.exclude(kind="FLOAT").order_by("id")
        assert [(each.kind, each.amount) for each in moved] == [
            ("PAID_IN", 2000),
            ("PAID_OUT", -550),
            ("PICKUP", -3000),
            ("NO_SALE", 0),
        ]


def test_c3_a_movement_that_was_wrong_is_taken_back_once(clerk: Clerk, committed: Tenant) -> None:
    clerk.press("Drawer")
    move(clerk, "Paid out", "55")
    clerk.press("Take back Paid out -55.00")
    clerk.type_into("Note", "It was 5.50")
    clerk.page.locator("dialog button.main").click()
    clerk.reads(".moved li:last-child", "Taken back")
    clerk.everything_is_answered()

    assert clerk.page.get_by_role("button", name="Take back").count() == 0
    clerk.picture("taken-back")
    with in_tenant(committed):
        wrong, back = CashMovement.objects.exclude(kind="FLOAT").order_by("id")
        assert (back.kind, back.amount, back.source_id, back.note) == ("CORRECTION", 5500, wrong.id, "It was 5.50")


def test_c3_what_is_moved_without_a_connection_is_shown_once_it_is_answered(
    clerk: Clerk, server: Served, committed: Tenant
) -> None:
    lost = [True]
    server.loses = lambda method, path: (
        method == "POST" and path.endswith("/cash-movements") and bool(lost) and lost.pop()
    )
    clerk.press("Drawer")
    move(clerk, "Pickup", "30")
    clerk.reads(".moved li:last-child", "Pickup")

    assert clerk.page.locator(".moved li").count() == 2
    with in_tenant(committed):
        assert CashMovement.objects.filter(kind="PICKUP").count() == 1


def test_c3_the_drawer_is_counted_while_the_shift_goes_on(clerk: Clerk, committed: Tenant) -> None:
    clerk.press("Drawer")
    clerk.press("Count the drawer")
    clerk.page.locator("#coin-5000").fill("1")
    clerk.page.locator("#coin-2000").fill("2")
    clerk.reads("#counted", "90.00")
    assert "Expected" not in clerk.page.inner_text("main")
    clerk.press("Note the count")
    clerk.page.get_by_role("heading", name="The count is noted").wait_for()
    clerk.reads("main", "-10.00")
    clerk.picture("count-noted")
    clerk.key("Escape")
    clerk.page.get_by_role("heading", name="Drawer").wait_for()

    with in_tenant(committed):
        noted = CashCount.objects.get()
        assert (noted.counted, noted.expected) == (9000, 10_000)
        assert noted.denominations == [{"value": 5000, "count": 1}, {"value": 2000, "count": 2}]
        assert Shift.objects.get().state == "OPEN"


def test_sh18_who_counts_blind_is_not_told_what_is_missing(open_till: Callable[..., Clerk], committed: Tenant) -> None:
    clerk = cashier_at_the_drawer(open_till, close_shift="allow")
    clerk.press("Count the drawer")
    clerk.press("Note the count")
    clerk.page.get_by_role("heading", name="The count is noted").wait_for()

    clerk.reads("main", "Whoever may see differences")
    with in_tenant(committed):
        assert CashCount.objects.get().counted == 0


def test_c3_an_x_report_is_printed_and_changes_nothing(clerk: Clerk, committed: Tenant) -> None:
    clerk.press("Drawer")
    clerk.press("Print the X report")

    printed = clerk.prints(1)
    assert "X report R1-X000001" in printed
    assert "cash expected100.00 EUR" in printed
    with in_tenant(committed):
        assert Shift.objects.get().state == "OPEN"


def test_sh18_who_counts_blind_is_offered_no_report(open_till: Callable[..., Clerk], committed: Tenant) -> None:
    clerk = cashier_at_the_drawer(open_till, pickup="deny")

    offered = clerk.page.locator("main button").all_inner_texts()
    assert [each.removesuffix("Esc") for each in offered] == [
        "Paid in",
        "Paid out",
        "Open the drawer",
        "Back to the sale",
        "Count the drawer",
        "Count and close the shift",
    ]


def test_sh19_a_blind_count_closes_the_shift_and_shows_what_is_missing(clerk: Clerk, committed: Tenant) -> None:
    clerk.scan("4006381333955")
    clerk.total_is("10.00")
    clerk.pay()
    clerk.take("Cash", "10")
    clerk.finished()
    clerk.press("New sale")
    clerk.press("Drawer")
    count(clerk, of_5000=2, of_500=1, of_200=2, of_50=1)
    clerk.reads("#counted", "109.50")
    assert "110.00" not in clerk.page.inner_text("main")
    clerk.picture("counted")
    close(clerk)
    clerk.reads("table.counts", "-0.50")
    clerk.picture("closed")
    assert clerk.violations() == []
    clerk.press("Print the Z report")
    assert "109.50" in clerk.prints(1)
    clerk.press("Done")
    clerk.page.get_by_role("heading", name="No shift is open").wait_for()

    with in_tenant(committed):
        shift = Shift.objects.get()
        assert (shift.state, shift.over_short["cash"]) == ("CLOSED", -50)


def test_what_was_counted_of_one_shift_is_not_that_of_the_next(clerk: Clerk) -> None:
    clerk.press("Drawer")
    count(clerk, of_10000=1)
    clerk.page.locator("#count-card").fill("123.45")
    close(clerk)
    clerk.press("Done")
    clerk.open_shift("10")
    clerk.press("Drawer")
    count(clerk)

    assert clerk.page.locator("#count-card").input_value() == ""


def test_c6_a_closing_whose_answer_was_lost_is_one(clerk: Clerk, server: Served, committed: Tenant) -> None:
    lost = [True]
    server.loses = lambda method, path: path.endswith("/close") and bool(lost) and lost.pop()
    clerk.press("Drawer")
    count(clerk, of_5000=2)
    close(clerk)

    clerk.everything_is_answered()
    with in_tenant(committed):
        assert [shift.over_short["cash"] for shift in Shift.objects.all()] == [0]


@pytest.fixture
def other(clerk: Clerk, open_till: Callable[..., Clerk], committed: Tenant) -> Clerk:
    """Another till with the same drawer."""
    first = make.register()
    with in_tenant(committed):
        Register.objects.create(code="R2", name="Till 2", location=first.location, drawer=first.drawer)
    other = open_till(paired=False)
    other.page.clock.install()
    other.page.reload()
    other.pair(make.device("R2")[1])
    other.page.locator("#search").wait_for()
    return other


def test_c5_a_till_sees_that_another_one_has_closed_its_drawer(clerk: Clerk, other: Clerk, committed: Tenant) -> None:
    clerk.press("Drawer")
    count(clerk, of_5000=2)
    close(clerk)
    other.page.clock.run_for(60_000)

    other.page.get_by_role("heading", name="No shift is open").wait_for()
    with in_tenant(committed):
        device = Device.objects.get(register__code="R2")
        assert (device.app_version, device.clock_offset_ms is not None) == ("1.0", True)


def test_c5_a_shift_that_another_till_has_opened_is_shared(clerk: Clerk, other: Clerk, committed: Tenant) -> None:
    clerk.press("Drawer")
    count(clerk, of_5000=2)
    close(clerk)
    other.page.clock.run_for(60_000)
    clerk.press("Done")
    clerk.open_shift("50")
    other.press("Open a shift")
    other.type_into("Cash in the drawer", "70")
    other.press("Open the shift")
    other.reads(".notice", "Another till has opened the shift")
    other.page.locator("#search").wait_for()

    other.everything_is_answered()
    with in_tenant(committed):
        assert [shift.float_amount for shift in Shift.objects.order_by("number")] == [10_000, 5_000]


def close_while_another_counts(clerk: Clerk, other: Clerk) -> None:
    for till in (clerk, other):
        till.press("Drawer")
        count(till, of_5000=2)
    close(clerk)


def find_it_closed(clerk: Clerk) -> None:
    clerk.press("Close the shift")
    clerk.page.locator("dialog button.main").click()
    clerk.reads(".notice", "Another till has closed the shift")


def test_c6_a_shift_that_another_till_has_closed_is_not_closed_again(
    clerk: Clerk, other: Clerk, committed: Tenant
) -> None:
    close_while_another_counts(clerk, other)
    find_it_closed(other)
    other.page.get_by_role("heading", name="No shift is open").wait_for()

    with in_tenant(committed):
        assert Shift.objects.count() == 1


def test_c6_a_shift_that_was_closed_while_one_counted_is_not_closed_again(
    clerk: Clerk, other: Clerk, committed: Tenant
) -> None:
    close_while_another_counts(clerk, other)
    with other.page.expect_response("**/shifts/current"):
        other.page.clock.run_for(60_000)
    find_it_closed(other)

    with in_tenant(committed):
        assert Shift.objects.count() == 1
