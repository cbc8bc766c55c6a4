"""Every screen and dialog of the till: no violation of WCAG 2.2 AA that axe finds, and nothing wider than the screen."""

from collections.abc import Callable, Iterator

import pytest

from kernel.tenancy import in_tenant
from pos.models import Order
from tenants.models import Tenant
from tests.support import make
from tests.support.clerk import Clerk
from tests.support.crew import Person, person

MUG = "4006381333955"
SMALL = [(640, 400), (320, 568), (320, 256)]
MOUSE = {"viewport": {"width": 1280, "height": 800}}
FINGERS = {"viewport": {"width": 768, "height": 1024}, "has_touch": True}
DEPENDS_ON_SIZE = ["target-size", "scrollable-region-focusable", "color-contrast", "css-orientation-lock"]
SQUEEZED = """() => {
    const cut = [...document.querySelectorAll("main .lines, main .tiles, main .coins, main section")].filter(
        (each) => each.clientHeight < Math.min(each.scrollHeight, 150) || each.scrollWidth > each.clientWidth + 1);
    const boxes = [...document.querySelectorAll("main button:not(.unseen), main input")].map((each) => [each, each.getBoundingClientRect()]);
    const over = boxes.filter(([one, here], place) => boxes.slice(place + 1).some(([other, there]) =>
        here.right > there.left + 1 && there.right > here.left + 1 && here.bottom > there.top + 1 && there.bottom > here.top + 1));
    const beyond = boxes.filter(([, here]) => here.right > innerWidth + 1 || here.left < -1 || here.height < 24);
    return [...cut, ...[...over, ...beyond].map(([each]) => each)].map((each) => each.outerHTML.slice(0, 100));
}"""
"""Names what is cut to a strip, overlaps, or is beyond the screen."""


@pytest.fixture
def ben(committed: Tenant) -> Person:
    make.variant("MUG", 1199, barcode=MUG)
    make.variant("TEA", 525)
    return person("BEN", "shift supervisor")


def test_no_screen_has_a_violation(ben: Person, open_till: Callable[..., Clerk], committed: Tenant) -> None:
    clerk = open_till(paired=False, reduced_motion="reduce", **MOUSE)
    found = {}
    for name in everything(clerk, ben):
        clerk.page.wait_for_timeout(150)
        clerk.picture(f"wide-{name}")
        found[name] = clerk.violations()
        for width, height in SMALL:
            clerk.page.set_viewport_size({"width": width, "height": height})
            clerk.picture(f"small-{width}x{height}-{name}")
            found[f"{name} at {width}x{height}"] = wrong_at_this_size(clerk)
        clerk.page.set_viewport_size(MOUSE["viewport"])

    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    with in_tenant(committed):
        assert sorted(Order.objects.values_list("status", flat=True)) == ["COMPLETED", "VOIDED"]


def test_no_screen_that_is_touched_has_a_violation(ben: Person, open_till: Callable[..., Clerk]) -> None:
    clerk = open_till(paired=False, reduced_motion="reduce", **FINGERS)
    found = {}
    for name in everything(clerk, ben):
        clerk.page.wait_for_timeout(150)
        clerk.picture(f"tall-{name}")
        found[name] = [*wrong_at_this_size(clerk), *clerk.violations()]

    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def wrong_at_this_size(clerk: Clerk) -> list[str]:
    beyond = clerk.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    squeezed = clerk.page.evaluate(SQUEEZED)
    return [
        *([f"{beyond} pixels beyond the screen"] if beyond > 0 else []),
        *squeezed,
        *clerk.violations(DEPENDS_ON_SIZE),
    ]


def everything(clerk: Clerk, ben: Person) -> Iterator[str]:
    """Walk through a day; yield the name of each screen and dialog."""
    yield from the_morning(clerk, ben)
    yield from a_sale(clerk)
    yield from what_comes_back(clerk)
    yield from a_parked_sale(clerk)
    yield from the_evening(clerk)


def the_morning(clerk: Clerk, ben: Person) -> Iterator[str]:
    yield "pairing"
    clerk.pair(make.device()[1])
    clerk.page.locator("#staff-code").wait_for()
    yield "sign-in"
    clerk.sign_in(ben.code, ben.wrong_pin)
    clerk.page.locator(".field .error").wait_for()
    yield "wrong-pin"
    clerk.sign_in(ben.code, ben.pin)
    clerk.page.get_by_role("button", name="Open a shift").wait_for()
    yield "no-shift"
    clerk.press("Open a shift")
    yield "open-shift"
    clerk.type_into("Cash in the drawer", "100")
    clerk.press("Open the shift")
    clerk.page.locator(".tile").first.wait_for()


def a_sale(clerk: Clerk) -> Iterator[str]:
    yield "empty"
    clerk.scan(MUG)
    clerk.search("TEA")
    clerk.total_is("17.24")
    yield "sale"
    clerk.page.locator(".line .what").first.click()
    yield "line"
    clerk.key("Escape")
    for key, name in {"F4": "discount", "F1": "help", "F10": "queue"}.items():
        clerk.key(key)
        yield name
        clerk.key("Escape")
    clerk.pay()
    yield "pay"
    clerk.take("Card", "5")
    yield "card"
    clerk.press("Take")
    clerk.reads("#due", "12.24")
    yield "split"
    clerk.take("Cash", "20")
    clerk.finished()
    yield "receipt"
    clerk.key("F8")
    yield "mail"
    clerk.key("Escape")


def what_comes_back(clerk: Clerk) -> Iterator[str]:
    clerk.scan("R1-000001")
    clerk.press("Take one more The MUG back")
    clerk.reads("#worth", "11.99")
    yield "return"
    clerk.press("Exchange", exact=True)
    clerk.page.locator(".back").wait_for()
    clerk.scan(MUG)
    clerk.page.locator("button.pay:enabled", has_text="Complete").wait_for()
    yield "exchange"
    clerk.press("Clear")
    yield "clear"
    clerk.page.locator("dialog button.main").click()
    clerk.page.locator("dialog").wait_for(state="detached")
    clerk.key("F3")
    clerk.press("Without a receipt")
    clerk.scan(MUG)
    clerk.reads("#worth", "11.99")
    yield "return-without-receipt"
    clerk.press("Give the money back")
    clerk.reads("#given-back", "11.99")
    yield "given-back"
    clerk.key("F9")
    clerk.page.locator("#search").wait_for()
    clerk.key("F3")
    clerk.press("Owed to customers")
    clerk.reads("main", "Nothing is owed.")
    yield "owed"
    clerk.key("Escape")
    clerk.page.locator("#search").wait_for()


def a_parked_sale(clerk: Clerk) -> Iterator[str]:
    clerk.scan(MUG)
    clerk.total_is("11.99")
    clerk.key("F6")
    yield "park"
    clerk.type_into("Name", "The lady with the dog")
    clerk.page.locator("dialog button.main").click()
    clerk.total_is("0.00")
    clerk.everything_is_answered()
    clerk.key("F5")
    clerk.page.get_by_role("button", name="Give up").wait_for()
    yield "parked"
    clerk.press("Give up")
    yield "give-up"
    clerk.type_into("Reason", "They did not come back")
    clerk.page.locator("dialog button.main").click()
    clerk.everything_is_answered()
    clerk.key("Escape")
    clerk.page.locator("#search").wait_for()


def move_out(clerk: Clerk) -> None:
    clerk.press("Pickup")
    clerk.type_into("Amount", "30")
    clerk.page.locator("dialog button.main").click()
    clerk.page.get_by_role("button", name="Take back").wait_for()


def the_evening(clerk: Clerk) -> Iterator[str]:
    clerk.key("F8")
    yield "drawer"
    for kind in ("Paid out", "Open the drawer"):
        clerk.press(kind)
        yield kind.lower().replace(" ", "-")
        clerk.key("Escape")
    move_out(clerk)
    clerk.press("Take back")
    yield "take-back"
    clerk.key("Escape")
    clerk.press("Count the drawer")
    yield "count-now"
    clerk.press("Note the count")
    clerk.page.get_by_role("heading", name="The count is noted").wait_for()
    yield "count-noted"
    clerk.key("Escape")
    clerk.press("Count and close the shift")
    yield "count"
    clerk.page.locator("#coin-5000").fill("2")
    clerk.press("Close the shift")
    yield "confirm-close"
    clerk.page.locator("dialog button.main").click()
    clerk.page.get_by_role("heading", name="The shift is closed").wait_for()
    yield "closed"
