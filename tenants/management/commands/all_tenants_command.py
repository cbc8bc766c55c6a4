"""`manage.py all_tenants_command COMMAND …`: another command, in the schema of every shop that has its tables."""

import argparse
from typing import Any

from django.core.management import call_command, get_commands
from django.core.management.base import CommandError

from kernel.commands import Command as OurCommand
from kernel.refusals import Refusal
from kernel.tenancy import in_public_schema, in_tenant
from tenants.models import Tenant


class Command(OurCommand):
    help = "Run another command in the schema of every shop that has its tables, active or suspended."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("wrapped", metavar="command", help="the command to run")
        parser.add_argument("rest", nargs=argparse.REMAINDER, help="its arguments")

    def handle(self, *_arguments: Any, wrapped: str, rest: list[str], **_options: Any) -> None:
        """Go on to the next shop when one fails, and name it."""
        if wrapped not in get_commands():
            message = f"there is no command {wrapped!r}"
            raise CommandError(message)
        failed = [tenant.schema_name for tenant in _furnished() if not self._ran(tenant, wrapped, rest)]
        if failed:
            message = f"{wrapped} has failed for {', '.join(failed)}"
            raise CommandError(message)

    def _ran(self, tenant: Tenant, wrapped: str, rest: list[str]) -> bool:
        self.stdout.write(f"{tenant.schema_name}: {wrapped}")
        try:
            with in_tenant(tenant):
                call_command(wrapped, *rest)
        except (CommandError, Refusal) as error:
            self.stderr.write(f"{tenant.schema_name}: {error}")
            return False
        return True


def _furnished() -> list[Tenant]:
    with in_public_schema():
        return [tenant for tenant in Tenant.objects.order_by("schema_name") if tenant.is_furnished]
