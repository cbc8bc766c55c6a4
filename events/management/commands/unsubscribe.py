"""`manage.py unsubscribe NAME --reason …`: end the subscriptions of a subscriber that this code no longer has."""

import argparse
import getpass
from typing import Any

from django.core.management.base import CommandError

from events.operations.releasing import unsubscribe
from kernel import arguments
from kernel.commands import Command as OurCommand
from kernel.tenancy import schema_entered


class Command(OurCommand):
    help = "End a subscriber that was removed from the code; what was pending becomes dead letters."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("subscriber", type=arguments.name)
        parser.add_argument("--reason", required=True)
        parser.add_argument("--tenant", type=arguments.name, help="only of this one")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        failed = []
        if options["tenant"]:
            schema_entered(options["tenant"])
        for outcome in unsubscribe(
            subscriber=options["subscriber"],
            operator=f"shell:{getpass.getuser()}",
            reason=options["reason"],
            tenants=[options["tenant"]] if options["tenant"] else None,
        ):
            for line in outcome.lines:
                self.stdout.write(f"{outcome.tenant_id}: {line}")
            if outcome.error:
                self.stderr.write(f"{outcome.tenant_id}: FAILED: {outcome.error}")
                failed.append(outcome.tenant_id)
        if failed:
            message = f"not unsubscribed: {', '.join(failed)}"
            raise CommandError(message)
