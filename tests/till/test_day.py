"""A whole day at two tills with one drawer, and what the owner reads of it: all sums are equal."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from events.testing.work import settle
from kernel.tenancy import in_tenant
from pos.cash.models import CashMovement, Shift
from pos.exceptions.models import ExceptionCase
from pos.models import Order, Register, Return
from tenants.models import Tenant
from tests.support import make
from tests.support.clerk import Clerk
from tests.support.crew import Person, person
from tests.support.owner import Owner

MUG, TEA = "4006381333955", "4006381333948"
API = "**/api/v1/**"
MINUTE = 60_000


@dataclass(frozen=True)
class Crew:
    anna: Person
    cleo: Person
    ben: Person


@pytest.fixture
def crew(committed: Tenant) -> Crew:
    make.variant("MUG", 1000, barcode=MUG)
    make.variant("TEA", 500, barcode=TEA)
    first = make.register()
    Register.objects.create(code="R2", name="Till 2", location=first.location, drawer=first.drawer)
    return Crew(person("ANNA", "cashier"), person("CLEO", "cashier"), person("BEN", "shift supervisor"))


@pytest.fixture
def tills(crew: Crew, open_till: Callable[..., Clerk]) -> tuple[Clerk, Clerk]:
    first, second = open_till(), open_till(paired=False)
    second.pair(make.device("R2")[1])
    return first, second


def enter(clerk: Clerk, who: Person) -> None:
    clerk.sign_in(who.code, who.pin)
    clerk.reads(".bar .who", who.member.name)


def scan(clerk: Clerk, total: str, *codes: str) -> None:
    for code in codes:
        clerk.scan(code)
    clerk.total_is(total)


def finish(clerk: Clerk) -> str:
    receipt = clerk.finished()
    clerk.key("F9")
    clerk.page.locator("#search").wait_for()
    return receipt


def approve(clerk: Clerk, by: Person, reason: str) -> None:
    clerk.approve(by.code, by.pin, reason)
    clerk.page.locator("dialog").wait_for(state="detached")


def test_a_whole_day_at_two_tills_with_one_drawer(
    crew: Crew, tills: tuple[Clerk, Clerk], owner: Callable[[], Owner], committed: Tenant
) -> None:
    first, second = tills

    open_the_drawer(first, second, crew)
    receipt = sell_with_an_approved_discount(first, crew)
    sell_after_a_declined_card(second)
    take_back(first, receipt)
    sell_while_the_network_is_cut(first)
    bring_money_to_the_safe(second, crew)
    printed = count_and_close(second, crew)
    settle()

    reads_the_same(owner(), of_the_database(committed, crew), printed)


def open_the_drawer(first: Clerk, second: Clerk, crew: Crew) -> None:
    """Ben puts 100.00 into the drawer that both tills share; then Anna and Cleo take over."""
    enter(first, crew.ben)
    first.open_shift("100")
    first.key("F11")
    enter(first, crew.anna)
    enter(second, crew.cleo)
    for clerk in (first, second):
        clerk.page.locator("#search").wait_for()


def sell_with_an_approved_discount(clerk: Clerk, crew: Crew) -> str:
    """Two mugs for 20.00 less 20 %, which Anna may not give alone: 6.00 by card and 10.00 in cash."""
    scan(clerk, "20.00", MUG, MUG)
    clerk.key("F4")
    clerk.page.locator("#discount").fill("20")
    clerk.press("Keep")
    clerk.total_is("16.00")
    clerk.pay()
    approve(clerk, crew.ben, "A scratch")
    clerk.take("Card", "6")
    clerk.type_into("Reference", "AUTH123")
    clerk.press("Take")
    clerk.reads("#due", "10.00")
    clerk.picture("day-1-split")
    clerk.take("Cash", "20")
    clerk.reads("#change", "10.00")
    return finish(clerk)


def sell_after_a_declined_card(clerk: Clerk) -> None:
    """A mug and a tea for 15.00: the card is declined, and cash is taken."""
    scan(clerk, "15.00", MUG, TEA)
    clerk.pay()
    clerk.charge("tok_decline")
    settle()
    clerk.reads("[role=alert]", "Card declined")
    clerk.picture("day-2-declined")
    clerk.take("Cash", "15")
    finish(clerk)


def take_back(clerk: Clerk, receipt: str) -> None:
    """One mug of the first sale comes back by its receipt, for the 8.00 that it was sold at, in cash."""
    clerk.scan(receipt)
    clerk.press("Take one more The MUG back")
    clerk.page.get_by_label("Cash", exact=True).check()
    clerk.press("Give the money back")
    clerk.reads("#given-back", "8.00")
    clerk.picture("day-3-return")
    clerk.key("F9")
    clerk.page.locator("#search").wait_for()


def sell_while_the_network_is_cut(clerk: Clerk) -> None:
    """A tea is paid while nobody can be reached for a minute, in which the page is reloaded."""
    clerk.page.clock.install()
    scan(clerk, "5.00", TEA)
    clerk.pay()
    clerk.page.route(API, lambda route: route.abort())
    clerk.take("Cash", "5")
    clerk.reads("main.pay", "kept on this till")
    clerk.page.clock.run_for(MINUTE // 2)
    clerk.page.reload()
    clerk.reads("main.pay", "kept on this till")
    clerk.page.clock.run_for(MINUTE // 2)
    clerk.reads("#queue", "No connection · 1 waiting")
    clerk.picture("day-4-cut")
    clerk.page.unroute(API)
    clerk.page.clock.run_for(MINUTE // 2)
    finish(clerk)
    clerk.everything_is_answered()


def bring_money_to_the_safe(clerk: Clerk, crew: Crew) -> None:
    """Cleo takes 50.00 out of the drawer, which Ben approves."""
    clerk.press("Drawer")
    clerk.press("Pickup")
    clerk.type_into("Amount", "50")
    clerk.page.locator("dialog button.main").click()
    approve(clerk, crew.ben, "To the safe")
    clerk.everything_is_answered()
    clerk.key("Escape")


def count_and_close(clerk: Clerk, crew: Crew) -> str:
    """Ben counts 71.50 without being told that 72.00 should be there: 100.00 + 10.00 + 15.00 - 8.00 + 5.00 - 50.00."""
    clerk.key("F11")
    enter(clerk, crew.ben)
    clerk.press("Drawer")
    clerk.press("Count and close the shift")
    for worth, many in {5000: 1, 2000: 1, 100: 1, 50: 1}.items():
        clerk.page.locator(f"#coin-{worth}").fill(str(many))
    clerk.reads("#counted", "71.50")
    assert "72.00" not in clerk.page.inner_text("main")
    clerk.press("Close the shift")
    clerk.page.locator("dialog button.main").click()
    clerk.page.get_by_role("heading", name="The shift is closed").wait_for()
    clerk.reads("table.counts", "-0.50")
    clerk.picture("day-5-closed")
    clerk.press("Print the Z report")
    return clerk.prints(1)


@dataclass(frozen=True)
class Day:
    """Minor units."""

    shift: Shift
    sold: int
    returned: int
    tax: int


def of_the_database(tenant: Tenant, crew: Crew) -> Day:
    with in_tenant(tenant):
        orders, returns, shift = list(Order.objects.all()), list(Return.objects.all()), Shift.objects.get()
        assert {order.status for order in orders} == {"COMPLETED"}
        assert sorted(order.total for order in orders) == [500, 1500, 1600]
        assert [returned.total for returned in returns] == [800]
        assert {order.staff_id for order in orders} == {crew.anna.id, crew.cleo.id}
        assert [move.amount for move in CashMovement.objects.filter(kind="PICKUP")] == [-5000]
        assert ExceptionCase.objects.count() == 0
        assert (shift.state, shift.closed_by) == ("CLOSED", crew.ben.id)
        assert shift.expected == {"cash": 7200, "card": 600}
        assert (shift.counted, shift.over_short) == ({"cash": 7150}, {"cash": -50})
        return Day(
            shift=shift,
            sold=sum(order.total for order in orders),
            returned=sum(each.total for each in returns),
            tax=sum(order.tax_total for order in orders) - sum(each.tax_total for each in returns),
        )


def reads_the_same(owner: Owner, day: Day, printed: str) -> None:
    """The owner reads the Z that the till has printed, the taxes, the sales and the home page in the admin."""
    owner.opens(f"pos/shift/{day.shift.id}/z/", "day-6-z")
    assert owner.text().split() == printed.split()
    z = owner.rows()
    sales, returns = amounts(z, "Sales"), amounts(z, "Returns")
    assert (sum(sales), sum(returns)) == (day.sold, day.returned)
    assert amounts(z, "Standard, included") + amounts(z, "  returned") == [600, -134]
    assert amounts(z, "cash over or short") == [-50]
    assert amounts(z, "GRAND TOTAL") == [day.shift.grand_total] == [day.sold - day.returned]

    owner.opens("pos/reportfigure/?report=taxes", "day-7-taxes")
    assert minor(owner.sums()["Tax"]) == day.tax == 600 - 134
    owner.opens("pos/reportfigure/?report=sales", "day-8-sales")
    read = {name: minor(owner.sums()[name]) for name in ("Sold", "Returned", "Total", "Tax")}
    assert read == {"Sold": day.sold, "Returned": day.returned, "Total": day.sold - day.returned, "Tax": day.tax}
    owner.opens("", "day-9-home")
    home = owner.figures()
    assert minor(home["Sales, net of returns"]) == day.sold - day.returned == 2800
    assert (minor(home["Returned"]), home["Orders"]) == (day.returned, "3")


def amounts(rows: list[list[str]], name: str) -> list[int]:
    return [minor(right) for left, right in rows if left.startswith(name)]


def minor(written: str) -> int:
    """Read `-8.00 EUR`, in minor units."""
    return int(written.removesuffix(" EUR").replace(".", ""))
