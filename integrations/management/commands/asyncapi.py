"""`manage.py asyncapi [--check FILE]`: the AsyncAPI 3 document of the integration events."""

import argparse
import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from events.contracts.schemas import SchemaBook
from integrations.asyncapi import document
from kernel.commands import Command as OurCommand


class Command(OurCommand):
    help = "Write the AsyncAPI document of what leaves a shop, or check that a written one is true."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--check", type=Path, help="fail when this file is not what the code gives")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        written = json.dumps(document(SchemaBook(settings.BASE_DIR / "schemas")), indent=2, ensure_ascii=False) + "\n"
        if options["check"] is None:
            self.stdout.write(written, ending="")
        elif not options["check"].exists() or options["check"].read_bytes() != written.encode():
            message = f"{options['check']} is stale: make docs"
            raise CommandError(message)
