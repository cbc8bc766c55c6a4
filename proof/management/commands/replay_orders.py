"""`manage.py replay_orders FILE --tenant NAME`: send a retailer's invoices through the REST API."""

import argparse
import os
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kernel.refusals import Refusal
from kernel.tenancy import find_any_tenant, in_public_schema, in_tenant
from pos.services.tills import pair_device
from proof.replay import Replay, Tally
from proof.retail import FileUnusable, Retail, iter_documents, read_retail
from proof.till import Till


class Command(BaseCommand):
    help = "Send a retailer's file of invoices to a shop as a terminal would. A second run changes nothing."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--limit", type=int, help="only so many invoices")
        parser.add_argument("--url", default=os.environ.get("TILLFLOW_URL", "http://127.0.0.1:8000"))
        parser.add_argument("--token", default="", help="of a paired device; one is paired when none is given")
        parser.add_argument("--threads", type=int, default=4)

    def handle(self, *_arguments: Any, **options: Any) -> None:
        try:
            retail = read_retail(options["file"], options["limit"])
            till = self._till(options)
        except (FileUnusable, Refusal) as error:
            raise CommandError(str(error)) from None
        for rejected in retail.rejected:
            self.stdout.write(f"row {rejected.number}: not used: {rejected.reason}")
        began = time.monotonic()
        tally = self._replay(Replay(till, threads=options["threads"]), retail)
        self._report(retail, tally, time.monotonic() - began)
        if tally.refused:
            message = f"{len(tally.refused)} documents were refused"
            raise CommandError(message)

    def _till(self, options: dict[str, Any]) -> Till:
        tenant = find_any_tenant(options["tenant"])
        with in_public_schema():
            host = tenant.domains.get(is_primary=True).domain  # type: ignore[attr-defined]
        token = options["token"]
        if not token:
            with in_tenant(tenant):
                _, token = pair_device(register_code="R1", name="Replay")
        return Till(url=options["url"], host=host, token=token)

    def _replay(self, replay: Replay, retail: Retail) -> Tally:
        total = len(retail.titles()) + sum(1 for _ in iter_documents(retail))
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("products and invoices", total=total)
            return replay.run(retail, lambda done: progress.advance(task, done))

    def _report(self, retail: Retail, tally: Tally, seconds: float) -> None:
        for refused in tally.refused:
            self.stdout.write(f"refused: {refused}")
        ordered = sorted(tally.seconds)
        middle, late = (ordered[int(len(ordered) * q)] * 1000 for q in (0.5, 0.99)) if ordered else (0.0, 0.0)
        self.stdout.write(
            f"replay: rows={retail.rows} unusable={len(retail.rejected)} products={tally.products} "
            f"orders={tally.orders} returns={tally.returns} adjustments={tally.adjustments} "
            f"replayed={tally.replayed} refused={len(tally.refused)} "
            f"seconds={seconds:.1f} request_p50_ms={middle:.0f} request_p99_ms={late:.0f}"
        )
