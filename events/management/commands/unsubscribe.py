"""`manage.py unsubscribe NAME --reason …`: end the subscriptions of a subscriber that this code no longer has."""

import argparse
import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.releasing import unsubscribe
from kernel.refusals import Refusal


class Command(BaseCommand):
    help = "End a subscriber that was removed from the code; what was pending becomes dead letters."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("subscriber")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--tenant", help="only of this one")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        failed = []
        try:
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
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        if failed:
            message = f"not unsubscribed: {', '.join(failed)}"
            raise CommandError(message)
