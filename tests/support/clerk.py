"""A person at the till: what they do with keys and fingers, and what they read."""

from pathlib import Path
from typing import Any

from config.place import var

WEDGE_MS = 5
"""Between two characters of a scanner."""


class Clerk:
    """:param page: of Playwright. :param url: of the till."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url = page, url
        self.troubles: list[str] = []
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", self._hear)
        page.add_init_script("window.prints = 0; window.print = () => { window.prints += 1 }")

    def _hear(self, message: Any) -> None:
        """Answers of the API that are no success are no trouble of the page."""
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.troubles.append(message.text)

    def open(self) -> None:
        self.page.goto(self.url)

    def pair(self, token: str) -> None:
        self.page.get_by_label("Pairing code").fill(token)
        self.press("Pair")
        self.page.locator("header.bar").wait_for()

    def press(self, name: str, *, exact: bool = False) -> None:
        self.page.get_by_role("button", name=name, exact=exact).first.click()

    def type_into(self, label: str, text: str) -> None:
        self.page.get_by_label(label).first.fill(text)

    def key(self, name: str) -> None:
        self.page.keyboard.press(name)

    def sign_in(self, code: str, pin: str) -> None:
        self.page.locator("#staff-code").fill(code)
        self.page.locator("#pin").fill(pin)
        self.page.locator("main button[type=submit]").click()

    def approve(self, code: str, pin: str, reason: str) -> None:
        """Let somebody come and approve what the dialog asks for."""
        self.type_into("Staff code of who approves", code)
        self.page.locator("#approver-pin").fill(pin)
        self.page.locator("#approval-reason").fill(reason)
        self.press("Approve", exact=True)

    def open_shift(self, amount: str = "100") -> None:
        self.press("Open a shift")
        self.type_into("Cash in the drawer", amount)
        self.press("Open the shift")
        self.page.locator("#search").wait_for()

    def scan(self, code: str) -> None:
        """As a scanner does: wherever the focus is, quickly, with Enter at the end."""
        self.page.evaluate("document.activeElement?.blur()")
        self.page.keyboard.type(code, delay=WEDGE_MS)
        self.page.keyboard.press("Enter")

    def search(self, text: str) -> None:
        self.page.locator("#search").fill(text)
        self.page.locator("#search").press("Enter")

    def reads(self, selector: str, text: str) -> None:
        """Wait until an element shows a text."""
        from playwright.sync_api import expect

        expect(self.page.locator(selector).first).to_contain_text(text, timeout=15_000)

    def total_is(self, text: str) -> None:
        self.reads("#total", text)

    def pay(self) -> None:
        self.page.locator("button.pay:enabled").click()
        self.page.locator("#due").wait_for()

    def take(self, tender: str, amount: str = "") -> None:
        if amount:
            self.type_into("Amount handed over", amount)
        self.page.locator("[data-tender]", has_text=tender).first.click()

    def ring_up(self, code: str, total: str) -> None:
        """Scan goods, and go to their payment."""
        self.scan(code)
        self.total_is(total)
        self.pay()

    def charge(self, token: str, amount: str = "") -> None:
        """Let the gateway charge a card; the server has the order when this returns, and the gateway was not asked."""
        self.take("Card through the gateway", amount)
        self.type_into("Token of the card reader", token)
        self.press("Take")
        self.reads("main.pay", "being charged")
        self.everything_is_answered()

    def prints(self, times: int) -> str:
        """Wait until so many receipts were printed; return what is on the last one."""
        for _ in range(150):
            if self.page.evaluate("window.prints") >= times:
                break
            self.page.wait_for_timeout(100)
        assert self.page.evaluate("window.prints") == times
        return str(self.page.evaluate("document.querySelector('#paper').shadowRoot.textContent"))

    def finished(self) -> str:
        """Wait for the receipt, and return its number."""
        self.page.get_by_role("heading", name="Receipt").wait_for()
        return str(self.page.locator("main.done h1").inner_text()).removeprefix("Receipt ")

    def everything_is_answered(self) -> None:
        self.reads("#queue", "Connected")

    def call(self, module: str, expression: str) -> Any:
        """Evaluate an expression with what a module of the till exports at hand as `m`."""
        return self.page.evaluate(
            f"async () => {{ const m = await import('/static/till/{module}.js'); return {expression} }}"
        )

    def violations(self, rules: list[str] | None = None) -> list[str]:
        """Ask axe for serious violations of WCAG 2.2 AA on what is shown. :param rules: of axe; all of them by default."""
        from axe_playwright_python.sync_playwright import Axe

        wcag = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found = Axe().run(self.page, options={"runOnly": rules or wcag}).response["violations"]
        return [f"{each['id']} ({each['impact']}): {node['html'][:160]}" for each in found for node in each["nodes"]]

    def picture(self, name: str) -> Path:
        path = var() / "till" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)
        return path
