"""A till in a real Chromium, against the shop `north`, whose requests are committed."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from staff.services import hire_owner
from tenants.models import Tenant
from tests.support import make, people
from tests.support.browsing import CHROMIUM, OPTIONS, Served, serving
from tests.support.clerk import Clerk
from tests.support.owner import Owner
from tests.support.remote import Remote

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs Chromium: `make test` deselects it without, and pytest alone skips it."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.chromium)
            item.add_marker(pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"))


class Browser:
    """Chromium in a thread that is its alone."""

    def __init__(self) -> None:
        from playwright.sync_api import sync_playwright

        self.thread = ThreadPoolExecutor(max_workers=1)
        self._playwright = Remote(self.thread, sync_playwright()).start()
        self._chromium = self._playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)

    def clerk(self, url: str, **options: Any) -> Any:
        """Let somebody sit down before a page. What they are asked to do happens in the browser's thread."""
        context = self._chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        return Remote(self.thread, Clerk)(context.new_page(), url)

    def owner(self, url: str) -> Any:
        return Remote(self.thread, Owner)(self._chromium.new_page(viewport={"width": 1280, "height": 800}), url)

    def window(self) -> Any:
        """Open a page in a window that shares nothing with the others."""
        return self._chromium.new_context(viewport={"width": 1280, "height": 800}).new_page()

    def close(self) -> None:
        self._chromium.close()
        self._playwright.stop()
        self.thread.shutdown()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def server(committed: Tenant) -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture
def open_till(server: Served, chromium: Browser) -> Iterator[Callable[..., Clerk]]:
    """Open a till, paired with the register; whatever the browser refuses or a script throws fails the test."""
    clerks = []

    def opened(*, paired: bool = True, **options: Any) -> Clerk:
        clerk = chromium.clerk(f"http://north.localhost:{server.port}/till/", **options)
        clerks.append(clerk)
        clerk.open()
        if paired:
            clerk.pair(make.device()[1])
        return clerk

    yield opened
    troubles = [trouble for clerk in clerks for trouble in clerk.troubles]
    for clerk in clerks:
        clerk.page.context.close()
    assert troubles == []


@pytest.fixture
def owner(server: Served, chromium: Browser) -> Iterator[Callable[[], Owner]]:
    """Let the owner sign in to the admin, in another browser."""
    owners = []

    def signed_in() -> Owner:
        hire_owner(username="ada", password=people.PASSWORD)
        owner = chromium.owner(f"http://north.localhost:{server.port}/admin/")
        owners.append(owner)
        owner.sign_in("ada", people.PASSWORD)
        return owner

    yield signed_in
    for owner in owners:
        owner.page.context.close()
