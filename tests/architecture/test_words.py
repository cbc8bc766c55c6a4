"""Plain technical English: what strangers read has no words of a private language."""

import re

import pytest

from config.place import ROOT

PRIVATE = {
    "fix": r"\bmend(?:s|ed|ing)?\b",
    "always, permanently": r"\bfor ever\b|\bever after\b",
    "outcome, results": r"\b(?:came|comes|become|becomes|became) of\b|\bcame to nothing\b",
    "separate": r"\bof (?:its|their|his|our) own\b",
    "also, in addition": r"\bbesides\b",
    "pending, late": r"\b(?:is|are|far|what is|waits?) behind\b",
    "chosen, named": r"\b(?:is|are) meant\b",
    "again": r"\banew\b",
    "a process is not a person": r"\b(?:worker|process|subscriber|drain|bridge|endpoint)s? who\b",
}
FOLDERS = "audit config demo deploy docs events integrations inventory kernel notifications payments pos staff tenants web".split()
SUFFIXES = {".py", ".html", ".md", ".yml", ".conf"}
FILES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", ".env.example", "Makefile")),
    *sorted(
        path
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.suffix in SUFFIXES and not {"migrations", "decisions"} & set(path.parts)
    ),
]
"""Decisions are records of their time; a migration is not changed."""


@pytest.mark.parametrize("instead", PRIVATE)
def test_words_of_a_private_language_are_not_used(instead: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in FILES
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(PRIVATE[instead], line, re.IGNORECASE)
    ]

    assert found == [], f"write instead: {instead}"
