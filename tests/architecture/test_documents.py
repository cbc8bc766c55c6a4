"""The documents are true: every path, module, command, target, setting and link that they name exists."""

import argparse
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from pkgutil import resolve_name

import pytest
from django.core.management import get_commands, load_command_class

from config.celery import app
from config.place import ROOT
from demo.stack.isolation import known_settings
from events.event import all_types
from events.subscriptions.registry import all_subscribers

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
"""Decisions and the changelog name what was there when they were written."""
EXAMPLE = "drawer_opened", "pos/events/registers.py", "inventory.reserve_sold_goods"
"""What docs/add-an-event.md adds, and the new name in docs/upgrading.md."""
MADE = {"var", ".venv"}
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir()} - MADE - {".git"}
FILES = {path.name for folder in FOLDERS for path in (ROOT / folder).rglob("*.*")} | {
    path.name for path in ROOT.iterdir()
}
TARGETS = set(re.findall(r"^([a-z.][a-z./-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
OTHERS_SETTINGS = {
    "ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "OWNER_PASSWORD", "REMAP_SIGTERM", "REQUESTS_CA_BUNDLE", "TILLFLOW_VAR",
    "BASE_URL", "ASIDE_SECONDS",
}  # fmt: skip
# Values of members of the API that look like settings.
VALUES = {"NO_SALE", "PAID_IN", "PAID_OUT"}


def parts(document: Path) -> tuple[list[str], list[str]]:
    """What stands in backticks, and the lines of blocks."""
    text = document.read_text()
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    joined = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return re.findall(r"`([^`\n]+)`", rest), joined


def in_every_document(pattern: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Find a pattern in backticks and blocks, with the document's name."""
    for document in DOCUMENTS:
        for part in (part for kind in parts(document) for part in kind):
            for found in re.finditer(pattern, part):
                yield document.name, found


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


def test_every_path_that_a_document_names_exists() -> None:
    folders = "|".join(sorted(map(re.escape, FOLDERS)))
    named = {
        (document, found[1].rstrip("/."))
        for document, found in in_every_document(rf"(?<![\w./:-])((?:{folders})/[\w./*-]+)")
        if not any(example in found[1] for example in EXAMPLE)
    }
    missing = sorted(each for each in named if not list(ROOT.glob(each[1])))

    assert len(named) > 50
    assert missing == []


def test_every_file_that_a_document_names_without_a_folder_exists() -> None:
    named = {(document, found[0]) for document, found in in_every_document(r"^[\w-]+\.(?:py|md|yml|toml|json|conf)$")}

    assert named
    assert sorted(each for each in named if each[1] not in FILES) == []


def test_every_module_event_and_subscriber_that_a_document_names_exists() -> None:
    packages = "|".join(path.parent.name for path in ROOT.glob("*/__init__.py"))
    known = {each.name for each in all_types()} | {each.name for each in all_subscribers()} | set(app.tasks)
    named = {
        (document, found[1])
        for document, found in in_every_document(rf"(?<![\w./-])((?:{packages})(?:\.\w+)+)(?![\w/])")
        if not any(example in found[1] for example in EXAMPLE) and not found[1].endswith((".md", ".py", ".json"))
    }

    assert len(named) > 30
    assert sorted(each for each in named if each[1] not in known and not is_importable(each[1])) == []


def is_importable(name: str) -> bool:
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def test_every_command_and_option_that_a_document_names_exists() -> None:
    named = [(document, found[1]) for document, found in in_every_document(r"manage\.py ([a-z][^#;]*)")]
    wrong = [f"{document}: manage.py {typed.strip()}: {why}" for document, typed in named if (why := why_wrong(typed))]

    assert len(named) > 60
    assert wrong == []


def why_wrong(typed: str) -> str:
    """Say what of `events pause | resume SUBSCRIBER --tenant SHOP` does not exist; nothing, where all of it does."""
    name, *rest = re.sub(r"[\[\](),]", " ", typed).split()
    if name in {"check", "help"}:
        return ""
    if name not in get_commands():
        return f"no command {name}"
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    actions = {
        title: inner
        for each in parser._actions
        if isinstance(each, argparse._SubParsersAction)
        for title, inner in each.choices.items()
    }
    chosen = [word for before, word in pairwise(["|", *rest]) if before == "|" and re.fullmatch(r"[a-z][a-z-]*", word)]
    unknown = [word for word in chosen if actions and word not in actions]
    options = {
        option for each in (parser, *actions.values()) for action in each._actions for option in action.option_strings
    }
    unknown += [word for word in rest if word.startswith("--") and word.partition("=")[0] not in options]
    return f"no {', '.join(unknown)}" if unknown else ""


def test_every_target_of_make_that_a_document_names_exists() -> None:
    named = {
        (document, found[1])
        for document, found in in_every_document(r"(?:^|[;&(] ?|TILLFLOW_VAR=\S+ )make ([a-z.][a-z./-]*)")
    }

    assert len({target for _, target in named}) > 10
    assert sorted(each for each in named if each[1] not in TARGETS) == []


def test_every_program_that_a_document_starts_exists() -> None:
    named = {(document, found[1]) for document, found in in_every_document(r"python -m ([\w.]+)")}

    assert named
    assert sorted(each for each in named if not is_importable(each[1])) == []


def test_every_setting_that_a_document_names_exists() -> None:
    named = {
        (document, found[1]) for document, found in in_every_document(r"^([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=\S*)?$")
    }

    assert len(named) > 20
    assert sorted(each for each in named if each[1] not in known_settings() | OTHERS_SETTINGS | VALUES) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", text):
        file = (document.parent / target).resolve() if target else document
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), f"{target}#{anchor}"


def anchors(document: Path) -> set[str]:
    """The anchors of headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
