"""`manage.py redact [--tenant NAME] [--dry-run]`: take out of the log what older versions told of people and cards."""

import argparse
import getpass
from typing import Any

from django.core.management.base import CommandError

from events.maintenance.redacted_archives import redact_archives, unrecorded
from events.maintenance.redaction import redact
from kernel import arguments
from kernel.commands import Command as OurCommand
from kernel.tenancy import in_public_schema, schema_entered


class Command(OurCommand):
    help = (
        "Redact mail addresses, texts of receipts and card tokens in events of older versions that everybody has"
        " handled, in the log and in archives. May be repeated: what waits is redacted when it has come to an end."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--tenant", type=arguments.name, help="only this one's log, and no archives")
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        if options["tenant"]:
            schema_entered(options["tenant"])
        chosen = {"operator": f"shell:{getpass.getuser()}", "dry_run": options["dry_run"]}
        with in_public_schema():
            events, waiting = self._redact_log(tenant_id=options["tenant"], **chosen)
            failed = [] if options["tenant"] else self._redact_archives(**chosen)
        self.stdout.write(f"redact: events={events} waiting={waiting}{' (dry run)' if options['dry_run'] else ''}")
        if failed:
            message = f"not redacted: {', '.join(failed)}; put the files right and run it again"
            raise CommandError(message)

    def _redact_log(self, **chosen: Any) -> tuple[int, int]:
        events = waiting = 0
        for each in redact(**chosen):
            events, waiting = events + each.events, waiting + each.waiting
            if each.events or each.waiting:
                self.stdout.write(f"{each.tenant_id}: {each.type}: {each.events} redacted, {each.waiting} wait")
        return events, waiting

    def _redact_archives(self, **chosen: Any) -> list[str]:
        failed = []
        for each in redact_archives(**chosen):
            if each.error:
                failed.append(each.partition)
                self.stderr.write(f"{each.partition}: FAILED: {each.error}")
            elif each.events:
                self.stdout.write(f"{each.partition}: {each.events} redacted in its archive")
        for name in unrecorded():
            self.stdout.write(f"{name} is not on record: it was not read; delete it where it is not needed")
        return failed
