"""What a browser would send: the fields of a page's form, as the page has filled them in."""

from html.parser import HTMLParser


class _Form(HTMLParser):
    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id, self.inside = form_id, False
        self.fields: dict[str, str | list[str]] = {}
        self.select: tuple[str, bool] | None = None
        self.textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = given.get("id") == self.form_id
        if not self.inside:
            return
        name = given.get("name", "")
        if tag == "input" and name and given.get("type") not in {"submit", "button", "file"}:
            if given.get("type") not in {"checkbox", "radio"}:
                self.fields[name] = given.get("value", "")
            elif "checked" in given:
                self.fields[name] = given.get("value", "on")
        elif tag == "textarea":
            self.textarea, self.fields[name] = name, ""
        elif tag == "select":
            self.select = (name, "multiple" in given)
        elif tag == "option" and self.select and "selected" in given:
            chosen, several = self.select
            if several:
                self.fields[chosen] = [*self.fields.get(chosen, []), given["value"]]
            else:
                self.fields[chosen] = given["value"]

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.fields[self.textarea] = (str(self.fields[self.textarea]) + data).lstrip("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.select = None
        elif tag == "textarea":
            self.textarea = ""


def filled_form(page: bytes, form_id: str) -> dict[str, str | list[str]]:
    form = _Form(form_id)
    form.feed(page.decode())
    return form.fields
