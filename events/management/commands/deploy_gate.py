"""`manage.py deploy_gate`: run it with the code about to be deployed, against the database as it is."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.gate import unreadable
from kernel.tenancy import in_public_schema


class Command(BaseCommand):
    help = "Fail when events are pending or parked that this code cannot read."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        with in_public_schema():
            found = unreadable()
        for events in found:
            positions = ", ".join(map(str, events.positions)) + (", …" if events.count > len(events.positions) else "")
            self.stdout.write(
                f"{events.tenant_id}: {events.count} of {events.type} version {events.version} "
                f"(position {positions}): {events.error}"
            )
        if found:
            count = sum(events.count for events in found)
            message = f"{count} events wait that this code cannot read: keep the old code until they are handled"
            raise CommandError(message)
        self.stdout.write("everything that waits can be read")
