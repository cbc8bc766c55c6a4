"""`manage.py golden pos.drawer_opened`: the golden payload of an event's newest version, with sample values."""

import argparse
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from events.event import EventUnreadable, find_type
from events.management.scaffolding.editing import Tree
from events.management.scaffolding.writing import golden_path, golden_text
from kernel.commands import Command as OurCommand


class Command(OurCommand):
    help = "Write the golden payload of an event's newest version, which tests read from then on."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("event", help="the event's name, as in pos.order_completed")
        parser.add_argument(
            "--folder", type=Path, default=settings.BASE_DIR, help="the source tree; by default this one"
        )

    def handle(self, *_arguments: Any, **options: Any) -> None:
        try:
            declared = find_type(options["event"])
        except EventUnreadable as unknown:
            message = f"{unknown}: see manage.py events list"
            raise CommandError(message) from None
        tree = Tree(options["folder"])
        try:
            tree.put(golden_path(declared), golden_text(declared))
        except TypeError as unknown:
            message = f"{unknown}; write {golden_path(declared)} by hand"
            raise CommandError(message) from None
        for path in tree.write():
            self.stdout.write(f"wrote {path}")
