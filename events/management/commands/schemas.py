"""`manage.py schemas [--check]`: the committed JSON Schemas of events, and whether every change is compatible."""

import argparse
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from events.contracts.schemas import SchemaBook, SchemaIncompatible
from kernel.commands import Command as OurCommand


class Command(OurCommand):
    help = "Write the JSON Schemas of all events, or check that they are committed and fully compatible."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail when something is wrong")
        parser.add_argument("--folder", type=Path, default=settings.BASE_DIR / "schemas")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        book = SchemaBook(options["folder"])
        if options["check"]:
            problems = list(book.problems())
            if problems:
                raise CommandError("\n".join(problems))
            return
        try:
            changed = book.write()
        except SchemaIncompatible as error:
            raise CommandError(str(error)) from None
        for name in changed:
            self.stdout.write(f"wrote the schema of {name}")
