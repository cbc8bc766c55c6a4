"""`manage.py sign_in list | unlock`: who has failed to sign in, and letting somebody try again at once."""

import argparse
from typing import Any

from events.log.causes import acting_as
from kernel import arguments
from kernel.commands import Command as OurCommand
from staff import failed_sign_ins


class Command(OurCommand):
    help = "List the failures to sign in that are counted now, or forget those of a person or an address."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="names at their shops, addresses and counts")
        unlock = actions.add_parser("unlock", help="let a person, or everybody at an address, try again at once")
        unlock.add_argument(
            "whom",
            type=arguments.name,
            help="NAME@SHOP (NAME@public for the platform, NAME@flower), or an address, as 203.0.113.7",
        )

    def handle(self, *_arguments: Any, **options: Any) -> None:
        with acting_as("command"):
            for line in self._list() if options["action"] == "list" else self._unlock(options["whom"]):
                self.stdout.write(line)

    def _list(self) -> list[str]:
        return [f"{each.failures:>5}  {each.whom}" for each in failed_sign_ins.counted()]

    def _unlock(self, whom: str) -> list[str]:
        return [f"{failed_sign_ins.forget(whom)} failures of {whom} are forgotten"]
