"""`manage.py deploy_gate`: run it with the code about to be deployed, against the database as it is.

Exit codes: 0, nothing is in the way; 1, events wait that this code cannot read; 3, everything that waits can be read,
but bound types or subscribers are missing in this code, so that its drains would stop, or nobody would serve them.
"""

from typing import Any

from django.core.management.base import CommandError

from events.contracts import gate
from events.contracts.unreadable import Unreadable, named_by_feeds, unreadable
from events.operations.releasing import tenants_to_release
from events.subscriptions.declarations import unbound
from kernel.commands import Command as OurCommand
from kernel.tenancy import in_public_schema


class Command(OurCommand):
    help = "Fail when events are pending or parked that this code cannot read or handle."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        with in_public_schema():
            waiting, types, subscribers = unreadable(), gate.unknown_types(), gate.unknown_subscribers()
            missing, named = unbound(tenants_to_release()), named_by_feeds()
        for events in waiting:
            self.stdout.write(_line(events))
        for kind in types:
            self.stdout.write(f"{kind.tenant_id}: {kind}")
        for subscription in subscribers:
            self.stdout.write(f"{subscription.tenant_id}: {subscription}")
        for tenant_id, name, count, first in missing:
            self.stdout.write(
                f"{tenant_id}: {name} is yet to be bound to {count} types ({first}, …): manage.py subscribe"
            )
        for tenant_id, type_name in named:
            self.stdout.write(
                f"note: {tenant_id}: the log holds {type_name}, which this code does not declare: "
                "readers of feeds get its name in its place"
            )
        if waiting:
            count = sum(events.count for events in waiting)
            message = f"{count} events wait that this code cannot read: keep the old code until they are handled"
            raise CommandError(message, returncode=1)
        if types or subscribers:
            message = (
                f"this code lacks {len(types)} bound types and {len(subscribers)} subscribers: declare them "
                "(renamed_from= for a new name), or end them as each line says"
            )
            raise CommandError(message, returncode=3)
        self.stdout.write("everything that waits can be read")


def _line(events: Unreadable) -> str:
    positions = ", ".join(map(str, events.positions)) + (", …" if events.count > len(events.positions) else "")
    return (
        f"{events.tenant_id}: {events.count} of {events.type} version {events.version} "
        f"(position {positions}): {events.error}"
    )
