"""`manage.py rebuild SUBSCRIBER --tenant NAME [--swap]`: a projection, rebuilt from the log, compared, swapped in."""

import argparse
import getpass
from typing import Any

from django.core.management.base import CommandError

from events.operations.rebuilding import rebuild
from events.subscriptions.registry import all_subscribers
from kernel import arguments
from kernel.commands import Command as OurCommand
from kernel.tenancy import find_furnished_tenant, in_tenant


class Command(OurCommand):
    help = "Apply the whole log to a shadow of a projection and compare; --swap replaces the rows that are used."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("subscriber", choices=[s.name for s in all_subscribers() if s.projection])
        parser.add_argument("--tenant", type=arguments.name, required=True)
        parser.add_argument("--swap", action="store_true", help="use the rebuilt rows from now on")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        operator = f"shell:{getpass.getuser()}"
        with in_tenant(find_furnished_tenant(options["tenant"])):
            done = rebuild(subscriber=options["subscriber"], operator=operator, swap=options["swap"])
        for table, row in done.samples:
            self.stdout.write(f"{table} {row}")
        verdict = "the same" if done.same else f"{done.missing} rows missing, {done.surplus} too many"
        self.stdout.write(f"{done.events} events replayed: {verdict}{'; swapped' if done.swapped else ''}")
        if not done.same and not done.swapped:
            raise CommandError("the projection is not what the log gives; --swap replaces it")
