"""`manage.py tenant_command COMMAND … --schema SHOP`: another command, in the schema of one shop."""

import argparse
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError

from kernel.commands import Command as OurCommand
from kernel.tenancy import schema_entered


class Command(OurCommand):
    help = "Run another command in the schema of a shop that has its tables, or in the platform's: public."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("-s", "--schema", "--schema_name", dest="schema_name", help="the shop")
        parser.add_argument("wrapped", metavar="command", help="the command to run")
        parser.add_argument("rest", nargs=argparse.REMAINDER, help="its arguments; --schema may stand among them")

    def handle(self, *_arguments: Any, wrapped: str, rest: list[str], **options: Any) -> None:
        schema, rest = _schema_among(rest)
        schema = schema if schema is not None else options["schema_name"]
        if schema is None:
            message = "name the shop: --schema SHOP; manage.py tenant list"
            raise CommandError(message)
        with schema_entered(schema):
            call_command(wrapped, *rest)


def _schema_among(rest: list[str]) -> tuple[str | None, list[str]]:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("-s", "--schema", "--schema_name", dest="schema_name")
    try:
        found, rest = parser.parse_known_args(rest)
    except argparse.ArgumentError as error:
        raise CommandError(str(error)) from None
    return found.schema_name, rest
