"""The admin in a real Chromium: what a person sees and reaches without a mouse."""

from collections.abc import Callable

import pytest

from events.testing.work import settle
from staff.duty.models import Role
from tests.support import make
from tests.support.owner import Owner

THEME = ("target-size", "aria-input-field-name")
"""What the pages of the theme that the admin is drawn with do not keep: its buttons of sorting, its drop-down lists."""


@pytest.fixture
def day(committed: object) -> None:
    make.variant("MUG", 1000)
    make.order(make.cash(1000))
    settle()


def test_axe_finds_nothing_on_our_pages_and_all_of_a_report_is_reached(day: None, owner: Callable[[], Owner]) -> None:
    ada = owner()
    pages = ("", "pos/order/", "pos/reportfigure/?report=taxes", f"staff/role/{Role.objects.all()[0].pk}/change/",
             "pos/product/add/", "inventory/stockitem/receive/")  # fmt: skip

    found = {}
    for number, path in enumerate(pages):
        ada.opens(path, f"admin-{number}")
        found[path] = [each for each in ada.axe() if not each.startswith(THEME)]
    ada.opens("pos/reportfigure/?report=taxes", "admin-report")
    wider = "document.documentElement.scrollWidth > innerWidth"
    focused = "getComputedStyle(document.activeElement).outlineWidth"
    ada.page.locator(".tf-strong").focus()
    ada.page.keyboard.press("Tab")

    assert {path: violations for path, violations in found.items() if violations} == {}
    assert not ada.page.evaluate(wider)
    assert ada.page.evaluate(focused) == "2px"


def test_what_is_wrong_can_be_read_on_a_dark_page(committed: object, owner: Callable[[], Owner]) -> None:
    ada = owner()
    ada.page.emulate_media(color_scheme="dark")

    ada.opens("pos/reportfigure/?from=today", "admin-dark")

    assert ada.page.locator(".tf-error").is_visible()
    assert [each for each in ada.axe() if not each.startswith(THEME)] == []
