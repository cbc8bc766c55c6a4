"""The page itself: small, under a strict policy, usable with keys alone."""

import gzip
from collections.abc import Callable

import pytest

from config.place import ROOT
from kernel.tenancy import in_tenant
from pos.models import Order
from tenants.models import Tenant
from tests.support import make
from tests.support.clerk import Clerk

LARGEST = 150 * 1024
FILES = [path for path in (ROOT / "till" / "static").rglob("*") if path.is_file()]


def test_all_of_it_is_at_most_150_kb_compressed() -> None:
    sizes = [len(gzip.compress(path.read_bytes())) for path in FILES]

    assert len(sizes) > 20
    assert sum(sizes) < LARGEST


def test_its_files_are_small_and_plain() -> None:
    assert [path.name for path in FILES if path.suffix not in {".js", ".css"}] == []
    assert [path.name for path in FILES if len(path.read_text().splitlines()) >= 300] == []


@pytest.fixture
def goods(committed: Tenant) -> None:
    make.variant("MUG", 1199, barcode="4006381333955")
    make.variant("TEA", 525)


def test_the_page_evaluates_nothing_and_shows_nothing_of_the_shop(open_till: Callable[..., Clerk]) -> None:
    clerk = open_till(paired=False)
    policy = clerk.page.reload().headers["content-security-policy"]
    clerk.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.stolen = 1\">')")
    clerk.page.wait_for_timeout(200)

    assert "script-src 'self';" in policy + ";"
    assert "style-src 'self';" in policy + ";"
    assert "unsafe" not in policy
    assert clerk.page.evaluate("window.stolen") is None
    (blocked,) = clerk.troubles
    assert "inline event handler" in blocked
    clerk.troubles.clear()


def test_a_whole_sale_with_keys_alone(goods: None, open_till: Callable[..., Clerk], committed: Tenant) -> None:
    clerk = open_till(paired=False)
    token = make.device()[1]
    clerk.page.locator("#token").wait_for()
    clerk.page.keyboard.insert_text(token)
    clerk.key("Enter")
    clerk.page.get_by_role("button", name="Open a shift").wait_for()
    clerk.key("Enter")
    clerk.page.keyboard.insert_text("50")
    clerk.key("Enter")
    clerk.page.locator("#search").wait_for()
    assert focused(clerk) == "search"
    clerk.page.keyboard.type("MUG")
    clerk.key("Enter")
    clerk.total_is("11.99")
    clerk.key("F4")
    clerk.page.keyboard.type("50")
    clerk.key("Enter")
    clerk.total_is("5.99")
    clerk.key("F9")
    clerk.page.locator("#tendered").wait_for()
    assert focused(clerk) == "tendered"
    clerk.page.keyboard.type("10")
    clerk.key("Alt+1")
    clerk.finished()
    clerk.reads("#change", "4.0")
    clerk.key("F9")
    clerk.page.locator("#search").wait_for()

    assert focused(clerk) == "search"
    with in_tenant(committed):
        assert Order.objects.get().status == "COMPLETED"


def test_the_focus_is_always_to_be_seen(goods: None, open_till: Callable[..., Clerk]) -> None:
    clerk = open_till()
    clerk.open_shift()
    clerk.scan("4006381333955")
    clerk.total_is("11.99")
    unseen = []
    for _ in range(30):
        clerk.key("Tab")
        outline = clerk.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        if outline == "none" and clerk.page.evaluate("document.activeElement !== document.body"):
            unseen.append(clerk.page.evaluate("document.activeElement.outerHTML.slice(0, 100)"))

    assert unseen == []


def test_a_dialog_keeps_the_focus_and_gives_it_back(goods: None, open_till: Callable[..., Clerk]) -> None:
    clerk = open_till()
    clerk.open_shift()
    clerk.scan("4006381333955")
    clerk.total_is("11.99")
    opener = clerk.page.locator(".line .what").first
    opener.focus()
    clerk.key("Enter")
    assert focused(clerk) == "quantity"
    for _ in range(25):
        clerk.key("Tab")
        assert clerk.page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    clerk.key("Escape")

    assert clerk.page.evaluate("document.activeElement.className") == "what"


def test_totals_and_refusals_are_said(goods: None, open_till: Callable[..., Clerk]) -> None:
    clerk = open_till()
    clerk.open_shift()
    clerk.scan("4006381333955")
    clerk.reads("#said", "Total 11.99 EUR")
    clerk.search("no such thing")

    clerk.reads("#said", "Nothing is found for no such thing.")


def focused(clerk: Clerk) -> str:
    return str(clerk.page.evaluate("document.activeElement.id"))
