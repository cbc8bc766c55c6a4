"""The mutator: finds the guards of a source, takes out the one that is meant, and puts it back."""

import subprocess
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest

from config.place import ROOT
from kernel.ids import new_id
from kernel.refusals import NotFound
from pos.orders.services.voiding import void_order
from tenants.models import Tenant
from tests.mutations.exchanging import taken_out
from tests.mutations.guards import Guard, code_without, find_guards, guards_of
from tests.support import make

SOURCE = '''
def sell(goods, seen):
    require_some(goods)
    for each in goods:
        if not each:
            continue
        if each == "stolen":
            message = "stolen goods"
            raise ValueError(message)
        elif each == "last":
            return None
        elif each == "gift":
            each = "wrapped gift"
        seen.append(each)
    checked = require_some(goods)
    till.validate_total(seen)
    if checked == "free":
        return 0
    return seen


class Register:
    @property
    def shift(self):
        """The open one."""
        if self.open:
            return self.open
        raise LookupError("closed")

    def close(self):
        def really():
            if self.closed: raise ValueError("closed")
        return really
'''
GOODS = ["mug", "", "gift", "stolen", "tea", "last", "never"]


class Till:
    def __init__(self) -> None:
        self.checked: list[str] = []

    def validate_total(self, _seen: list[str]) -> None:
        self.checked.append("total")

    def require_some(self, _goods: list[str]) -> None:
        self.checked.append("some")


def guard(text: str) -> Guard:
    (found,) = [each for each in find_guards(SOURCE, "shop/services.py") if each.text == text]
    return found


def sell_without(text: str, goods: list[str]) -> tuple[list[str], list[str]]:
    """Return what was seen, and which checks were made."""
    till, seen = Till(), []
    names = {"till": till, "require_some": till.require_some, "ValueError": ValueError}
    sell: Callable[..., Any] = FunctionType(code_without(guard(text), SOURCE, "services.py"), names)
    try:
        sell(goods, seen)
    except ValueError:
        seen.append("REFUSED")
    return seen, till.checked


def test_guards_are_found_with_their_lines_and_functions() -> None:
    found = find_guards(SOURCE, "shop/services.py", "shop")

    assert [(each.line, each.text, each.owner) for each in found] == [
        (3, "require_some(goods)", ("sell", 2)),
        (5, "if not each", ("sell", 2)),
        (7, "if each == 'stolen'", ("sell", 2)),
        (10, "if each == 'last'", ("sell", 2)),
        (16, "till.validate_total(seen)", ("sell", 2)),
        (28, "raise LookupError('closed')", ("Register.shift", 23)),
        (32, "if self.closed", ("Register.close", 30)),
    ]
    assert {(each.app, each.name.split(":")[0]) for each in found} == {("shop", "shop/services.py")}
    assert [list(each.reached) for each in found[:4]] == [[3], [6], [8, 9], [11]]
    assert list(found[4].after) == [17, 18, 19]


@pytest.mark.parametrize(
    ("text", "seen", "checked"),
    [
        ("require_some(goods)", ["mug", "wrapped gift", "REFUSED"], []),
        ("if not each", ["mug", "", "wrapped gift", "REFUSED"], ["some"]),
        ("if each == 'stolen'", ["mug", "wrapped gift", "stolen", "tea"], ["some"]),
    ],
)
def test_the_guard_that_is_meant_is_taken_out_and_no_other(text: str, seen: list[str], checked: list[str]) -> None:
    assert sell_without(text, GOODS) == (seen, checked)


def test_the_other_branches_of_an_if_remain() -> None:
    honest = [each for each in GOODS if each != "stolen"]

    assert sell_without("if each == 'last'", honest) == (
        ["mug", "wrapped gift", "tea", "last", "never"],
        ["some"] * 2 + ["total"],
    )
    assert sell_without("till.validate_total(seen)", ["mug"]) == (["mug"], ["some"] * 2)


def test_code_keeps_its_name_lines_and_file() -> None:
    code = code_without(guard("raise LookupError('closed')"), SOURCE, "/shop/services.py")

    assert (code.co_qualname, code.co_firstlineno, code.co_filename) == ("Register.shift", 23, "/shop/services.py")
    assert "LookupError" not in code.co_names


def test_a_guard_of_another_source_is_refused() -> None:
    with pytest.raises(LookupError, match=r"shop/services.py:5 is no guard of this source: if not each"):
        code_without(guard("if not each"), SOURCE.replace("if not each", "if not goods"), "services.py")


def test_a_service_runs_without_its_guard_until_it_is_put_back(shop: Tenant) -> None:
    [unknown] = [each for each in guards_of(ROOT, "pos") if each.owner[0] == "lock_order"]
    before = (ROOT / unknown.file).read_bytes()

    with taken_out(unknown), pytest.raises(AttributeError, match="'NoneType' object has no attribute"):
        void_order(order_id=new_id(), reason="unknown", register=make.register(), now=make.NOW)

    with pytest.raises(NotFound):
        void_order(order_id=new_id(), reason="unknown", register=make.register(), now=make.NOW)
    assert (ROOT / unknown.file).read_bytes() == before


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (["shoes"], "no app with tests is called 'shoes': choose from"),
        (["inventory", "--only", "nowhere"], "guards of inventory contains 'nowhere'"),
        (["--first", "1"], "unrecognized arguments: --first"),
    ],
)
def test_wrong_options_are_answered_with_a_sentence(typed: list[str], sentence: str) -> None:
    command = [sys.executable, "-m", "tests.mutations", *typed]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
