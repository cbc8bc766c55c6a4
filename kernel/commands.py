"""What every command of ours shares: what is typed wrong, or is away, is one sentence and exit code 1."""

import os
import sys
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, ProgrammingError

from kernel.refusals import Refusal
from kernel.tenancy import RoleNotBound

INTERRUPTED = 130
"""What shells answer for a program that Ctrl-C ended."""

INSUFFICIENT_PRIVILEGE = "42501"
MUST_OWN = "the role must own the database, as by ALTER DATABASE name OWNER TO role"

NOT_MIGRATED = frozenset({"42P01", "42703", "42883", "3F000"})
"""SQLSTATEs of a table, a column, a function or a schema that does not exist."""


class OneSentence:
    """For a command: errors that a person can put right become one sentence on stderr and exit code 1."""

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        """Let the parser raise what it refuses, instead of printing the usage and exiting with 2."""
        called, self._called_from_command_line = self._called_from_command_line, False  # type: ignore[has-type]
        try:
            parser: CommandParser = super().create_parser(prog_name, subcommand, **options)  # type: ignore[misc]
        finally:
            self._called_from_command_line = called
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            _require_text(argv)
            super().run_from_argv(argv)  # type: ignore[misc]
        except CommandError as refused:
            if "--traceback" in argv:
                raise
            sys.stderr.write(f"{refused}; see: manage.py {argv[1]} --help\n")
            sys.exit(refused.returncode)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            _discard_output()
            sys.exit(1)

    def execute(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().execute(*arguments, **options)  # type: ignore[misc]
        except Refusal as refusal:
            raise CommandError(refusal.detail) from refusal
        except RoleNotBound as refusal:
            raise CommandError(str(refusal)) from refusal
        except Error as error:
            raise CommandError(_of_database(error)) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            raise CommandError(str(error)) from error


class Command(OneSentence, BaseCommand):
    """A command of ours."""


class Replaced(Command):
    """A command of Django or django-tenants that would bypass our rules.

    :param instead: what to use, as a person reads it.
    """

    requires_system_checks = ()
    instead = ""

    def run_from_argv(self, argv: list[str]) -> None:
        """Refuse whatever the arguments are."""
        super().run_from_argv(argv[:2])

    def handle(self, *_arguments: Any, **_options: Any) -> NoReturn:
        raise CommandError(self.instead)


def _of_database(error: Error) -> str:
    """Say in one sentence what a person can do about it; rise what only a developer can."""
    state = getattr(error.__cause__, "sqlstate", None)
    line = next(iter(str(error).splitlines()), "it gave no reason")
    if isinstance(error, ProgrammingError):
        if state == INSUFFICIENT_PRIVILEGE and line.startswith(("permission denied", "must be owner")):
            return f"the database's role may not do that ({line}): {MUST_OWN}"
        if state not in NOT_MIGRATED:
            raise error
        return f"the database is not that of this code: run manage.py migrate_schemas ({line})"
    if state is None:
        return _of_connecting(line)
    return f"the database has refused: {line}"


def _of_connecting(line: str) -> str:
    """Say what to do where no session was made: nothing is named, nothing listens, or the server does not let us in."""
    if "DATABASE_URL" in settings.NOT_NAMED:
        return "no database is named and no embedded stack runs here: make demo, make up, or set DATABASE_URL"
    refused = line.partition("FATAL:")[2].strip()
    if refused.endswith("does not exist"):
        return f"{refused}: create it, or correct DATABASE_URL"
    if refused.startswith(("the database system is", "sorry, too many", "remaining connection slots")):
        return f"the database takes no connection now: {refused}; try again, or see the server's log"
    if refused:
        return f"the database lets this role not in: {refused}; see DATABASE_URL, the role's grants and pg_hba.conf"
    if line.endswith("Permission denied"):
        return f"this user of the machine may not open the database's socket: {line}"
    return f"the database does not answer: {line}"


def _require_text(argv: list[str]) -> None:
    """:raises CommandError: when an argument is not text in the encoding of this terminal."""
    for argument in argv:
        try:
            argument.encode()
        except UnicodeEncodeError:
            message = f"the argument {argument.encode(errors='backslashreplace').decode()} is not UTF-8"
            raise CommandError(message) from None


def _discard_output() -> None:
    """Let the interpreter flush into nothing what the reader of a pipe did not want."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
