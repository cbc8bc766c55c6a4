"""A till in a real Chromium, against the shop `north`, whose requests are committed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tenants.models import Tenant
from tests.support import make
from tests.support.browsing import CHROMIUM, OPTIONS, Served, serving
from tests.support.clerk import Clerk

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs Chromium: `make test` deselects it without, and pytest alone skips it."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.chromium)
            item.add_marker(pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser for the tests of a module. While it is open Django sees Playwright's event loop in this thread."""
    from django.db import connections
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        connections.close_all()  # those of Playwright's context, in which the tests have asked the database
        browser.close()


@pytest.fixture
def server(chromium: Any, committed: Tenant) -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture
def open_till(server: Served, chromium: Any) -> Iterator[Callable[..., Clerk]]:
    """Open a till, paired with the register; whatever the browser refuses or a script throws fails the test."""
    contexts, clerks = [], []

    def opened(*, paired: bool = True, **options: Any) -> Clerk:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        clerk = Clerk(context.new_page(), f"http://north.localhost:{server.port}/till/")
        clerks.append(clerk)
        clerk.open()
        if paired:
            clerk.pair(make.device()[1])
        return clerk

    yield opened
    troubles = [trouble for clerk in clerks for trouble in clerk.troubles]
    for context in contexts:
        context.close()
    assert troubles == []
