"""`manage.py device pair`: pair a terminal with a register, and print its token once."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.refusals import Refusal
from kernel.tenancy import find_any_tenant, in_tenant
from pos.services.tills import pair_device


class Command(BaseCommand):
    help = "Pair a terminal with a register of a shop and print its token, which is not shown again."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        pair = parser.add_subparsers(dest="action", required=True).add_parser("pair")
        pair.add_argument("--tenant", required=True)
        pair.add_argument("--register", default="R1", help="the register's code")
        pair.add_argument("--name", default="Terminal")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        try:
            with in_tenant(find_any_tenant(options["tenant"])):
                _, token = pair_device(register_code=options["register"], name=options["name"])
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        self.stdout.write(token)
