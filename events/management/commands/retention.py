"""`manage.py retention [--months N] [--dry-run]`: archive and drop what is older and everyone has handled."""

import argparse
import json
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from events.log.archives import ArchiveDamaged, archived_rows, dropped_archives, require_sound
from events.log.months import EVENTS, PROCESSED
from events.maintenance.retention import Retained, retain
from events.maintenance.sweeper import oldest_to_keep
from kernel import arguments
from kernel.commands import Command as OurCommand
from kernel.tenancy import in_public_schema

MOST_MONTHS = 1200


class Command(OurCommand):
    help = (
        "Archive the log's months that are older than RETENTION_MONTHS, and drop their partitions. Names everything"
        " that keeps a month. Exit code 1 when something is wrong that time will not put right."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        acting = parser.add_mutually_exclusive_group()
        parser.add_argument(
            "--months",
            type=arguments.whole_number(1, MOST_MONTHS, of="months"),
            default=settings.RETENTION_MONTHS,
            help="whole months to keep",
        )
        acting.add_argument("--dry-run", action="store_true", help="only print the outcome for each month")
        acting.add_argument("--check", action="store_true", help="only read every archive back and check it")
        acting.add_argument("--show", metavar="YYYY_MM", help="only print the archived events of a month as JSON lines")
        parser.add_argument("--processed", action="store_true", help="with --show: who applied them, in their place")
        parser.add_argument("--tenant", type=arguments.name, help="with --show: only this tenant's")
        parser.add_argument("--type", type=arguments.name, help="with --show: only events of this type")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        narrowing = [name for name in ("processed", "tenant", "type") if options[name]]
        if narrowing and options["show"] is None:
            message = f"--{narrowing[0]} is for --show"
            raise CommandError(message)
        with in_public_schema():
            if options["show"] is not None:
                self._show(options)
            elif options["check"]:
                self._check()
            else:
                self._retain(options["months"], dry_run=options["dry_run"])

    def _retain(self, months: int, *, dry_run: bool) -> None:
        if months < 1:
            raise CommandError("say how many whole months to keep: --months, or RETENTION_MONTHS")
        done = retain(before=oldest_to_keep(timezone.now(), months), dry_run=dry_run)
        for month in done:
            self._print(month)
        if not done:
            self.stdout.write("nothing is old enough")
        if any(month.wrong for month in done):
            sys.exit(1)

    def _print(self, month: Retained) -> None:
        became = "kept" if month.reasons else "would be dropped" if month.droppable else "archived and dropped"
        self.stdout.write(f"{month.month}  {month.events:>10} events  {became}")
        for reason in month.reasons:
            self.stdout.write(f"    {reason.kind}: {reason.text}")
        if month.orphans:
            self.stdout.write(f"    note: it holds rows of what is no tenant: {', '.join(month.orphans)}")

    def _check(self) -> None:
        damaged = 0
        for archive in dropped_archives():
            try:
                require_sound(archive)
            except ArchiveDamaged as error:
                damaged += 1
                self.stdout.write(f"{archive.partition}  DAMAGED: {error}")
            else:
                self.stdout.write(f"{archive.partition}  {archive.rows:>10} rows  ok")
        if damaged:
            sys.exit(1)

    def _show(self, options: dict[str, Any]) -> None:
        table = PROCESSED if options["processed"] else EVENTS
        if options["processed"] and options["type"]:
            raise CommandError("--type is for events: leave out --processed")
        if not any(archive.partition == f"{table}_{options['show']}" for archive in dropped_archives(table)):
            message = f"no archive of {options['show']}: a month is named YYYY_MM, and is archived when it is dropped"
            raise CommandError(message)
        try:
            for row in archived_rows(table, options["tenant"] or "", month=options["show"]):
                if not options["type"] or json.loads(row)["type"] == options["type"]:
                    self.stdout.write(row)
        except ArchiveDamaged as error:
            raise CommandError(str(error)) from None
