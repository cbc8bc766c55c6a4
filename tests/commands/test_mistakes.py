"""Every command of ours under typical mistakes: one sentence on stderr and exit code 1, never a traceback (IN16, IN20).

The mistakes are generated from each command's own parser: every option and argument of every action gets values of
wrong kinds, one at a time, beside values that are right.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.db import DataError, InterfaceError, OperationalError, ProgrammingError, connection
from psycopg.errors import InsufficientPrivilege, LockNotAvailable, SyntaxErrorOrAccessRuleViolation, UndefinedTable

from config.place import ROOT
from events.contracts import catalogue
from kernel.commands import OneSentence
from kernel.refusals import Refusal
from kernel.tenancy import RoleNotBound
from tenants.models import Tenant

OURS = sorted(name for name, app in get_commands().items() if (ROOT / str(app).partition(".")[0]).is_dir())
DJANGOS = {
    "help",
    "version",
    "verbosity",
    "settings",
    "pythonpath",
    "traceback",
    "no_color",
    "force_color",
    "skip_checks",
}

RIGHT = {
    "tenant": "north",
    "subscriber": "inventory.know_variants",
    "position": "1",
    "reason": "because",
    "stream": "order:x",
    "register": "R1",
    "receipt": "R1-000018",
    "username": "ada",
    "device": "01890000-0000-7000-8000-000000000000",
    "name": "north",
    "file": "no-such-file.csv",
    "id": "01890000-0000-7000-8000-000000000000",
    "schema_name": "north",
    "wrapped": "no-such-command",
    "event": "pos.drawer_opened",
    "fields": "register_id:UUID",
    "whom": "ada@north",
}
BLANK = ["", " "]
UNKNOWN = ["nobody", "x" * 300, "no body", "ÄÖ", "\udcff", "'; DROP SCHEMA public; --"]
NUMBERS = ["-1", "-3", "x", "1.5", "99999999999999999999", "nan", "inf", "²", ""]
WRONG: dict[str, list[str]] = {
    "tenant": [*BLANK, *UNKNOWN, "information_schema", "North"],
    "subscriber": [*BLANK, *UNKNOWN],
    "position": [*NUMBERS, "0", "999999"],
    "attempt": [*NUMBERS, "0"],
    "seconds": [*NUMBERS[:3], *NUMBERS[4:], "0"],
    "limit": [*NUMBERS, "0"],
    "threads": [*NUMBERS, "0", "100000"],
    "months": [*NUMBERS, "0", "999999"],
    "restored_at": [
        *BLANK,
        "yesterday",
        "2026-08-01",
        "2026-08-01T04:00:00",
        "9999-01-01T00:00:00Z",
        "1999-01-01T00:00:00Z",
    ],
    "id": [*BLANK, "x", "01890000-0000-7000-8000-000000000000"],
    "kind": ["nobody", "x" * 300, "\udcff"],
    "fingerprint": ["nobody", "\udcff"],
    "register": [*BLANK, *UNKNOWN],
    "receipt": [*BLANK, *UNKNOWN, "R1-000018", "R1-" + "9" * 30, "R1-R000018", "R1"],
    "rename": ["", "a", "a=", "=b", "a=a", "nobody=somebody", "\udcff"],
    "show": [*BLANK, "2026", "2026-08", "9999_99", "../x", "\udcff"],
    "scopes": ["", "events:everything", ",", "\udcff"],
    "stream": [*BLANK, "order:nobody", "x" * 300, "\udcff"],
    "check": ["/", "no/such/file", "\udcff"],
    "folder": ["/proc/none", "\udcff"],
    "file": ["no-such-file.csv", "/", "manage.py", "\udcff"],
    "url": ["", "x", "localhost:1", "http://127.0.0.1:1", "ftp://127.0.0.1", "http://[", "http://127.0.0.1:999999"],
    "currency": ["", "ZZZ", "eur", "CLF", "x" * 300, "\udcff"],
    "timezone": ["", "Mars/Olympus", "x" * 300, "\udcff"],
    "host": ["localhost", "a:80", "http://x.localhost", "x y", "x" * 300, "127.0.0.1", "\udcff"],
    "owner_email": ["nobody", "x" * 300, "\udcff"],
    "title": ["x" * 300, "\udcff"],
    "schema_name": ["nobody", "", "\udcff"],
    "app_label": ["nobody", "\udcff"],
    "executor": ["nobody"],
    "days": [*NUMBERS, "0", "9999"],
    "overlap_hours": [*NUMBERS, "9999"],
    "device": [*BLANK, "x", "01890000-0000-7000-8000-000000000000"],
    "email": [*BLANK, "x" * 300, "\udcff"],
    "username": [*BLANK, "x" * 300, "\udcff"],
    "wrapped": [*BLANK, *UNKNOWN],
    "event": [*BLANK, *UNKNOWN, "pos", "pos.", ".opened", "pos.open", "Pos.drawer_opened", "pos.order_completed"],
    "fields": [*BLANK, *UNKNOWN, "a", "a:", ":str", "a:b", "a:float", "A:str", "class:str"],
    "subject": ["nobody", "..", "x" * 300, "\udcff"],
    "subscriber_subject": ["nobody", "\udcff"],
    "category": ["", "domain", "x" * 300, "\udcff"],
    "service": ["x", "1_a", "a b", "\udcff"],
    "whom": [*BLANK, *UNKNOWN, "ada@nowhere", "203.0.113.7", "::1"],
}
"""By the name of the argument. What is not here takes free text, whose only mistake is that it is no text."""


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def actions_of(command: BaseCommand, name: str) -> Iterator[tuple[list[str], argparse.ArgumentParser]]:
    parser = command.create_parser("manage.py", name)
    chosen = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not chosen:
        yield [name], parser
    for action in chosen:
        for title, inner in action.choices.items():
            yield [name, title], inner


def arguments_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.dest not in DJANGOS]


def typed(action: argparse.Action, value: str) -> list[str]:
    return [f"{action.option_strings[0]}={value}"] if action.option_strings else [value]


def is_needed(action: argparse.Action) -> bool:
    return action.required and action.nargs not in {"?", argparse.REMAINDER}


def right(command: str, action: argparse.Action) -> str:
    if action.choices:
        return str(next(iter(action.choices)))
    if command == "tenant create" and action.dest == "name":
        return "mistaken_shop"
    return RIGHT[action.dest]


def rights() -> Iterator[Any]:
    """Every action with what it needs, and with every option that has a right value."""
    for name in OURS:
        for start, parser in actions_of(load_command_class(get_commands()[name], name), name):
            title = " ".join(start)
            needed = [action for action in arguments_of(parser) if is_needed(action)]
            known = [action for action in arguments_of(parser) if action.nargs != 0 and action.dest in RIGHT]
            for chosen in (needed, [*needed, *(each for each in known if each not in needed)]):
                yield pytest.param(
                    [*start, *(part for each in chosen for part in typed(each, right(title, each)))], id=title
                )


def mistakes() -> Iterator[Any]:
    for name in OURS:
        for start, parser in actions_of(load_command_class(get_commands()[name], name), name):
            title = " ".join(start)
            needed = [action for action in arguments_of(parser) if is_needed(action)]
            yield pytest.param([*start, "--no-such-option"], id=f"{title} --no-such-option")
            if needed:
                yield pytest.param(start, id=f"{title} without arguments")
            for action in arguments_of(parser):
                if action.nargs in {0, argparse.REMAINDER}:
                    continue
                beside = [part for other in needed if other is not action for part in typed(other, right(title, other))]
                for value in WRONG.get(action.dest, ["\udcff"]):
                    shown = ascii(value if len(value) < 50 else f"{value[0]} x {len(value)}")
                    yield pytest.param([*start, *beside, *typed(action, value)], id=f"{title} {action.dest}={shown}")
        yield pytest.param(
            [name, *["surplus"] * 3] if len(start) == 1 else [name, "no-such-action"], id=f"{name} surplus"
        )


@pytest.fixture
def typing(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a shell does: run a command, and give back its exit code and what it printed on stderr."""
    monkeypatch.setenv("OWNER_PASSWORD", "a long secret phrase")
    monkeypatch.setattr(connection, "close", lambda: None)

    def run(arguments: list[str]) -> tuple[int, str]:
        out, err = StringIO(), StringIO()
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        command = load_command_class(get_commands()[arguments[0]], arguments[0])
        try:
            command.run_from_argv(["manage.py", *arguments])
        except SystemExit as ended:
            return int(ended.code or 0), err.getvalue()
        return 0, err.getvalue()

    return run


def test_every_command_of_ours_is_found() -> None:
    assert {"tenant", "events", "owner", "device", "apikey", "trace", "verify", "replay_orders", "migrate_schemas"} <= {
        *OURS
    }
    assert [name for name in OURS if not isinstance(load_command_class(get_commands()[name], name), OneSentence)] == []


@pytest.mark.parametrize("arguments", rights())
def test_in20_what_is_typed_right_is_understood(arguments: list[str]) -> None:
    command = load_command_class(get_commands()[arguments[0]], arguments[0])

    command.create_parser("manage.py", arguments[0]).parse_args(arguments[1:])


@pytest.mark.parametrize("arguments", mistakes())
def test_in16_in20_a_mistake_is_one_sentence_and_exit_code_1(typing: Any, arguments: list[str]) -> None:
    code, said = typing(arguments)

    assert code == 1, (code, said)
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == 1, said
    assert len(said) > 20


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OperationalError("connection to server failed: No such file\nIs it running?"), 1, "the database does not answer: connection"),
        (OperationalError('connection to server on socket "s" failed: FATAL:  database "x" does not exist'), 1, 'database "x" does not exist: create it'),
        (OperationalError('connection to server at "h" failed: FATAL:  role "x" does not exist'), 1, "correct DATABASE_URL"),
        (OperationalError('connection failed: FATAL:  permission denied for database "x"'), 1, "the database lets this role not in: permission denied"),
        (OperationalError('connection failed: FATAL:  password authentication failed for user "x"'), 1, "the database lets this role not in: password"),
        (OperationalError("connection failed: FATAL:  the database system is starting up"), 1, "takes no connection now"),
        (OperationalError('connection to server on socket "s" failed: Permission denied'), 1, "may not open the database's socket"),
        (caused(ProgrammingError("permission denied for schema public"), InsufficientPrivilege()), 1, "the role must own the database"),
        (InterfaceError("connection already closed"), 1, "the database does not answer: connection already closed"),
        (caused(ProgrammingError("relation is not there"), UndefinedTable()), 1, "run manage.py migrate_schemas"),
        (caused(OperationalError("canceling statement"), LockNotAvailable()), 1, "the database has refused: canceling"),
        (DataError("value too long for type character varying(20)"), 1, "value too long"),
        (RoleNotBound("the database role is postgres"), 1, "the database role is postgres"),
        (Refusal("not today"), 1, "not today"),
        (PermissionError(13, "Permission denied", "/etc/x"), 1, "Permission denied: '/etc/x'"),
        (KeyboardInterrupt(), 130, ""),
    ],
)  # fmt: skip
def test_in20_what_is_away_is_one_sentence(
    typing: Any, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, said: str
) -> None:
    def fail(*_arguments: Any) -> None:
        raise error

    monkeypatch.setattr(catalogue, "lines", fail)

    assert (typing(["events", "list"])[0], said in typing(["events", "list"])[1]) == (code, True)
    assert len(typing(["events", "list"])[1].splitlines()) <= 1


def test_in20_a_defect_of_ours_is_not_made_a_sentence(typing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise caused(ProgrammingError("syntax error"), SyntaxErrorOrAccessRuleViolation())

    monkeypatch.setattr(catalogue, "lines", fail)

    with pytest.raises(ProgrammingError):
        typing(["events", "list"])


def test_in20_a_reader_that_has_seen_enough_is_no_error() -> None:
    piped = subprocess.run(
        f"{sys.executable} -W ignore manage.py events list --markdown | head -1", shell=True, cwd=ROOT, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip

    assert (piped.stdout, piped.stderr) == ("# Events\n", "")
