"""`manage.py trace --tenant NAME --stream order:…`: its events and reactions, one by one, with milliseconds."""

import argparse
from typing import Any

from django.core.management.base import CommandError

from events.log.horizon import horizon
from events.operations.tracing import Traced, correlations_of, trace
from kernel import arguments
from kernel.commands import Command as OurCommand
from kernel.tenancy import current_tenant, schema_entered


class Command(OurCommand):
    help = "Follow the events of a stream to every event that they caused and every subscriber that applied them."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--tenant", type=arguments.name, required=True)
        parser.add_argument("--stream", type=arguments.name, required=True, help="for example order:0190…")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        with schema_entered(options["tenant"]):
            correlations = correlations_of(current_tenant(), options["stream"])
            if not correlations:
                raise CommandError(_nothing(options["stream"]))
            for correlation_id in correlations:
                for traced in trace(current_tenant(), correlation_id):
                    self._write(traced)

    def _write(self, traced: Traced) -> None:
        self.stdout.write(f"{traced.position:>6} +{traced.after_ms:>7.1f} ms  {traced.type}")
        for applied in traced.applied:
            when = f"{applied.after_ms:>6.1f} ms" if applied.after_ms is not None else " " * 9
            self.stdout.write(f"         {when}  → {applied.subscriber}: {applied.state}")


def _nothing(stream: str) -> str:
    begin = horizon()
    since = f" since {begin.moment:%Y-%m-%d}; older months: manage.py retention --show YYYY_MM" if begin else ""
    return f"nothing is recorded on the stream {stream!r} of {current_tenant()}{since}"
