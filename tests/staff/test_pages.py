"""W10: the admin works in a real browser under its content security policy."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from inventory.models import StockItem
from kernel.tenancy import in_tenant
from pos.models import Device, Product
from staff.models import User
from staff.services import hire_owner
from tenants.models import Tenant
from tests.support import make
from tests.support.people import PASSWORD
from tests.support.trading import trade, two_places

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def address(committed: Tenant) -> Iterator[str]:
    """Serve the shop's admin on a free port."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.wsgi import get_wsgi_application
    from django.db import connections

    hire_owner(username="ada", password=PASSWORD)
    make.variant()

    def application(environ: Any, start: Any) -> Any:
        try:
            return list(served(environ, start))
        finally:
            connections.close_all()

    served = StaticFilesHandler(get_wsgi_application())
    server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://north.localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    with in_tenant(committed):
        User.objects.filter(username="ada").delete()


@pytest.fixture
def page(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's event loop runs in this thread
    from django.db import connections
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--host-resolver-rules=MAP *.localhost 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        opened = browser.new_page()
        opened.refused = []
        opened.on("console", lambda message: opened.refused.append(message.text) if message.type == "error" else None)
        opened.on("pageerror", lambda error: opened.refused.append(str(error)))
        yield opened
        connections.close_all()  # those of Playwright's context, in which the test has asked the database
        browser.close()


def test_w10_the_admin_works_under_its_policy(page: Any, address: str, committed: Tenant) -> None:
    sign_in(page, address)
    for path in ("pos/product/", "pos/product/add/", "pos/order/", "second-factor/"):
        page.goto(f"{address}/admin/{path}", wait_until="networkidle")
    qr = page.evaluate("document.querySelector('.tf-qr').naturalWidth")
    page.goto(f"{address}/admin/pos/register/")
    page.check("input.action-select")
    page.select_option("select[name=action]", "pair")
    page.locator("button[name=index]").first.click()
    token = page.inner_text(".tf-secret")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.stolen = 1\">')")
    page.wait_for_timeout(200)

    blocked = [text for text in page.refused if "Content Security Policy" in text]
    assert qr > 0
    assert token.startswith("tf.north.")
    assert page.evaluate("window.stolen") is None
    assert len(blocked) == 1
    assert "inline event handler" in blocked[0]
    with in_tenant(committed):
        assert Device.objects.count() == 1


def sign_in(page: Any, address: str) -> None:
    page.goto(f"{address}/")
    page.fill("input[name=username]", "ada")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/admin/")


def test_sh21_home_reports_and_stock_are_drawn_under_the_policy(
    page: Any, address: str, committed: Tenant, tmp_path: Path
) -> None:
    with in_tenant(committed):
        two = two_places()
        trade(two, seed=7)
        StockItem.objects.update(reorder_point=100)
        product = Product.objects.get(variants__sku="MUG")
    sign_in(page, address)
    page.set_viewport_size({"width": 1280, "height": 1000})
    drawn = {}
    for name, path in {
        "home": "",
        "sales": "pos/reportfigure/?report=sales&from=2026-11-01&to=2026-11-30&by=day&location=",
        "products": "pos/reportfigure/?report=products&from=2026-11-01&to=2026-11-30&by=range&location=",
        "stock": "inventory/stockitem/",
        "receive": "inventory/stockitem/receive/?sku=MUG",
        "product": f"pos/product/{product.pk}/change/",
    }.items():
        page.goto(f"{address}/admin/{path}", wait_until="networkidle")
        drawn[name] = page.evaluate(
            "[...document.querySelectorAll('canvas.chart')].filter(each => each.width && each.getContext('2d')"
            ".getImageData(0, 0, each.width, each.height).data.some(byte => byte)).length"
        )
        page.screenshot(path=str(tmp_path / f"{name}.png"), full_page=True)

    assert page.refused == []
    assert (drawn["sales"], drawn["products"]) == (2, 2)
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"{address}/admin/", wait_until="networkidle")
    page.screenshot(path=str(tmp_path / "home-narrow.png"), full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", ["auth/group/add/", "integrations/webhookendpoint/add/"])
def test_forms_with_choosers_and_texts_fit_the_screen(page: Any, address: str, width: int, path: str) -> None:
    sign_in(page, address)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{address}/admin/{path}", wait_until="networkidle")

    assert page.evaluate("document.documentElement.scrollWidth") <= width
