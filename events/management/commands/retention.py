"""`manage.py retention [--months N]`: archive and drop what is older and everyone has passed."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from events.retention import retain
from events.sweeper import oldest_to_keep
from kernel.tenancy import in_public_schema


class Command(BaseCommand):
    help = "Archive the log's months that are older than RETENTION_MONTHS, and drop their partitions."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--months", type=int, default=settings.RETENTION_MONTHS, help="whole months to keep")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        if options["months"] < 1:
            raise CommandError("say how many whole months to keep: --months, or RETENTION_MONTHS")
        with in_public_schema():
            done = retain(before=oldest_to_keep(timezone.now(), options["months"]))
        for month in done:
            became = f"kept: {month.kept_because}" if month.kept_because else "archived and dropped"
            self.stdout.write(f"{month.month}  {month.events:>10} events  {became}")
        if not done:
            self.stdout.write("nothing is old enough")
