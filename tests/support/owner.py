"""The owner of a shop in its admin, in a real browser: what they open and what they read."""

from typing import Any

from config.place import var


class Owner:
    """:param page: of Playwright. :param url: of the admin, with a slash at its end."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url = page, url
        page.set_default_timeout(15_000)

    def sign_in(self, name: str, password: str) -> None:
        self.page.goto(self.url)
        self.page.locator("[name=username]").fill(name)
        self.page.locator("[name=password]").fill(password)
        self.page.locator("[name=password]").press("Enter")
        self.page.locator(".tf-card").first.wait_for()

    def opens(self, path: str, picture: str) -> None:
        """Open a page of the admin, and keep a picture of it."""
        answer = self.page.goto(self.url + path)
        assert answer.status == 200, f"{path}: {answer.status}"
        kept = var() / "till" / f"{picture}.png"
        kept.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=kept, full_page=True)

    def text(self) -> str:
        return str(self.page.evaluate("document.body.textContent"))

    def rows(self) -> list[list[str]]:
        """Return the rows with two cells of what is shown: a receipt's, for instance."""
        read = "[...document.querySelectorAll('tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
        return [row for row in self.page.evaluate(read) if len(row) == 2]

    def sums(self) -> dict[str, str]:
        """Return the last row of the report that is shown, by the heads of its columns."""
        heads = self.page.locator("[role=region] thead th").all_inner_texts()
        cells = self.page.locator("[role=region] tfoot tr").last.locator("th").all_inner_texts()
        return dict(zip(heads, cells, strict=True))

    def figures(self) -> dict[str, str]:
        """Return the figures of the home page by their names."""
        names = self.page.locator(".tf-figures dt").all_inner_texts()
        return dict(zip(names, self.page.locator(".tf-figures dd").all_inner_texts(), strict=True))

    def axe(self) -> list[str]:
        """Ask axe for serious violations of WCAG 2.2 AA on what is shown."""
        from axe_playwright_python.sync_playwright import Axe

        options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
        found = Axe().run(self.page, options=options).response["violations"]
        return [f"{each['id']} ({each['impact']}): {node['html']}" for each in found for node in each["nodes"]]
