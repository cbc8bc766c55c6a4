"""`manage.py trace --tenant NAME --stream order:…`: what came of it, event by event, with milliseconds."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.horizon import horizon
from events.tracing import Traced, correlations_of, trace
from kernel.refusals import Refusal
from kernel.tenancy import current_tenant, find_any_tenant, in_tenant


class Command(BaseCommand):
    help = "Follow what was said on a stream to every event it caused and every subscriber that applied it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--stream", required=True, help="for example order:0190…")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        try:
            tenant = find_any_tenant(options["tenant"])
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        with in_tenant(tenant):
            correlations = correlations_of(current_tenant(), options["stream"])
            begin = horizon()
            if begin and not correlations:
                self.stdout.write(
                    f"nothing since {begin.moment:%Y-%m-%d}; older months: manage.py retention --show YYYY_MM"
                )
            for correlation_id in correlations:
                for traced in trace(current_tenant(), correlation_id):
                    self._write(traced)

    def _write(self, traced: Traced) -> None:
        self.stdout.write(f"{traced.position:>6} +{traced.after_ms:>7.1f} ms  {traced.type}")
        for applied in traced.applied:
            when = f"{applied.after_ms:>6.1f} ms" if applied.after_ms is not None else " " * 9
            self.stdout.write(f"         {when}  → {applied.subscriber}: {applied.state}")
