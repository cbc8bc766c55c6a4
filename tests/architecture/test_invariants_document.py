"""docs/invariants.md names tests that exist."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from config.place import ROOT

NAMED = re.compile(r"`([^`]+)`")
TESTS = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
DOCUMENT = ROOT / "docs" / "invariants.md"


def rows(text: str) -> Iterator[str]:
    """Give of each row the cell that names its tests."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) >= 4 and cells[2] != "test" and set(cells[2]) != {"-"}:
            yield cells[2]


def missing(text: str) -> list[str]:
    """List what is named and does not exist. A name without a file is in the file that was named last."""
    lacking, file = [], ""
    for cell in rows(text):
        for named in NAMED.findall(cell):
            in_file = named.startswith("tests/")
            path, _, name = named.partition("::") if in_file else ("", "", named.rpartition("::")[2])
            file = path or file
            if not (ROOT / file).exists() or (name and not exists(file, name)):
                lacking.append(f"{file}::{name}" if name else file)
    return lacking


def exists(file: str, name: str) -> bool:
    """Say whether a file has a test of a name; `…` stands for what is left out of it."""
    shape = re.compile(r"\w*".join(map(re.escape, name.split("…"))))
    return any(shape.fullmatch(test) for test in named_in(ROOT / file))


@cache
def named_in(path: Path) -> list[str]:
    files = path.rglob("test_*.py") if path.is_dir() else [path]
    return [test for each in files for test in TESTS.findall(each.read_text())]


def test_every_test_that_the_document_names_exists() -> None:
    assert len(list(rows(DOCUMENT.read_text()))) > 50
    assert missing(DOCUMENT.read_text()) == []


@pytest.mark.parametrize(
    ("cell", "lacking"),
    [
        ("`tests/audit/test_nothing.py`", ["tests/audit/test_nothing.py"]),
        ("`tests/audit/test_verify.py::test_nothing_…`", ["tests/audit/test_verify.py::test_nothing_…"]),
        ("`tests/audit/test_verify.py`, `test_nothing`", ["tests/audit/test_verify.py::test_nothing"]),
        ("`tests/architecture/test_invariants_document.py::…_that_the_document_names_…`", []),
    ],
)
def test_a_name_that_does_not_exist_is_told(cell: str, lacking: list[str]) -> None:
    assert missing(f"| P1 | it holds | {cell} | it is taken away |") == lacking
