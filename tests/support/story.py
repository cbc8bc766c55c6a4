"""Documents whose lists are steps: each item is one sentence of a small language, and is done in a browser."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.place import var

ITEM = re.compile(r"^- (.+)$", re.MULTILINE)
BOLD, CODE, LINK = r"\*\*([^*]+)\*\*", r"`([^`]+)`", r"\[[^\]]+\]\(([^)]+)\)"
TYPED = rf"(?:{CODE}|((?:the|\w+'s) [^`*]+?)) into {BOLD}"

PATIENCE_MS = 90_000
"""A schema is made in a request."""
ICON, KEY = "[a-z_]+", r"(?:F\d+|Esc|Alt\+?\d)"
"""What stands beside the name of a button: a picture, which is a word to scripts, and a key."""


class NotUnderstood(Exception):
    """The document has an item that is no step."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """:param line: in the document. :param what: the name of a method of Reader; it takes the words."""

    line: int
    text: str
    what: str
    words: list[Any]


FORMS: Mapping[str, tuple[str, str]] = {
    "open": (rf"Open {CODE}\.", CODE),
    "follow": (r"Open (\w+'s link)\.", r"Open (.+)\."),
    "press": (rf"Press {BOLD}(?:, then {BOLD})*\.", BOLD),
    "type": (rf"Type {TYPED}(?:(?:,| and) {TYPED})*\.", TYPED),
    "choose": (rf"Choose {BOLD} for {BOLD}\.", rf"{BOLD} for {BOLD}"),
    "act": (rf"Choose the action {BOLD}\.", BOLD),
    "upload": (rf"Choose the file {LINK}\.", LINK),
    "tick": (rf"Tick {BOLD}\.", BOLD),
    "scan": (rf"Scan {CODE}\.", CODE),
    "note": (r"Note ((?:the|\w+'s) [\w ]+)\.", r"Note (.+)\."),
    "read": (rf"You read {BOLD}(?:(?:,| and) {BOLD})*\.", BOLD),
    "wait": (r"Wait a moment\.", "Wait a moment"),
}
"""By the name of a step: all of its sentence, and its words."""


def steps(document: Path) -> Iterator[Step]:
    """Read the items of a document.

    :raises NotUnderstood: when one is no step.
    """
    text = document.read_text()
    for item in ITEM.finditer(text):
        line, sentence = text.count("\n", 0, item.start()) + 1, item[1]
        for what, (whole, words) in FORMS.items():
            if re.fullmatch(whole, sentence):
                yield Step(line=line, text=sentence, what=what, words=re.findall(words, sentence))
                break
        else:
            message = f"{document.name}:{line}: {sentence!r} is no step: {', '.join(FORMS)}"
            raise NotUnderstood(message)


@dataclass
class Reader:
    """Somebody who does what a document says, in a window for each program: the admin, and the till.

    :param window: opens a page of Playwright. :param folder: of the document. :param known: what they know by a name:
        passwords, and what they have noted since. :param port: where the pages that it names are served.
    :param wait_a_moment: for what happens in the background.
    """

    window: Callable[[], Any]
    folder: Path
    port: int
    known: dict[str, str]
    wait_a_moment: Callable[[], None]
    page: Any = None
    windows: dict[str, Any] = field(default_factory=dict)

    def do(self, step: Step) -> None:
        for words in step.words:
            getattr(self, step.what)(*([words] if isinstance(words, str) else words))

    def open(self, url: str) -> None:
        program = "till" if "/till/" in url else "admin"
        if program not in self.windows:
            self.windows[program] = self.window()
            self.windows[program].set_default_timeout(PATIENCE_MS)
        self.page = self.windows[program]
        self.page.goto(url.replace(":8000/", f":{self.port}/"))

    def follow(self, name: str) -> None:
        self.open(self.known[name])

    def wait(self, _words: str) -> None:
        self.wait_a_moment()

    def press(self, name: str) -> None:
        """Press the button or follow the link of this name, or else the first whose name begins with these words."""
        words = re.escape(name)
        begins = self._pressable(rf"^\s*(?:{ICON} )?{words}(?!\w)")
        begins.first.wait_for()
        whole = self._pressable(rf"^\s*(?:{ICON} )?{words}(?:\s+(?:{ICON}|{KEY}))?\s*$")
        (whole if whole.count() else begins).first.click()
        self.page.wait_for_load_state()

    def type(self, literal: str, named: str, label: str) -> None:
        self._field(label).fill(literal or self.known[named])

    def choose(self, option: str, label: str) -> None:
        self._field(label).select_option(label=option)

    def act(self, action: str) -> None:
        self.page.locator("select[name=action]").filter(visible=True).first.select_option(label=action)

    def upload(self, file: str) -> None:
        self.page.locator("input[type=file]").set_input_files(self.folder / file)

    def tick(self, name: str) -> None:
        self.page.locator("tr", has_text=name).get_by_role("checkbox").check()

    def scan(self, code: str) -> None:
        self.page.locator("#search").wait_for()
        self.page.evaluate("document.activeElement?.blur()")
        self.page.keyboard.type(code, delay=5)
        self.page.keyboard.press("Enter")

    def note(self, name: str) -> None:
        self.known[name] = str(self.page.locator("code.tf-secret").inner_text()).strip()

    def read(self, text: str) -> None:
        whole = re.compile(rf"(?<![\w.,]){re.escape(text)}(?!\w)")
        self.page.get_by_text(whole).filter(visible=True).first.wait_for()

    def picture(self, name: str) -> None:
        path = var() / "first-hour" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)

    def _pressable(self, pattern: str) -> Any:
        """Find what is pressed by its name or, where it shows a sign, by its title. Headings of the menu are not."""
        name = re.compile(pattern)
        dialog = self.page.locator("dialog[open]")
        place = dialog.last if dialog.count() else self.page
        named = place.get_by_role("button", name=name).or_(place.get_by_role("link", name=name))
        shown = named.or_(place.get_by_title(name))
        return shown.and_(self.page.locator(":not([title^='Models in'])")).filter(visible=True)

    def _field(self, label: str) -> Any:
        """Find a field by its label or, in the first row of a table, by the head of its column."""
        labelled = self.page.get_by_label(re.compile(rf"^\s*{re.escape(label)}(?!\w)"))
        in_row = self.page.locator(f"tbody [name$='-0-{label.lower()}']")
        return labelled.or_(in_row).filter(visible=True).first
