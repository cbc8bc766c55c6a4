"""`manage.py replay_orders FILE --tenant NAME`: send a retailer's invoices through the REST API."""

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from requests import RequestException
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo.hiring import hire, let_go
from demo.people import REPLAY
from demo.replay import Replay, Tally
from demo.retail import FileUnusable, Retail, iter_documents, read_retail
from demo.till import ApiRefused, NobodyThere, Till
from kernel import arguments
from kernel.commands import Command as OurCommand
from kernel.limits import LARGEST_AMOUNT
from kernel.tenancy import find_furnished_tenant, in_public_schema, in_tenant
from pos.registers.models import Location
from pos.registers.queries import has_staff
from pos.registers.services import pair_device, revoke_device

MOST_THREADS = 64
SHOWN_OF_USELESS = 5


class Command(OurCommand):
    help = "Send a retailer's file of invoices to a shop as a terminal would. A second run changes nothing."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--tenant", type=arguments.name, required=True)
        parser.add_argument("--limit", type=arguments.whole_number(1), help="only so many invoices")
        parser.add_argument(
            "--url",
            type=arguments.name,
            default=os.environ.get("TILLFLOW_URL", "http://127.0.0.1:8000"),
            help="of the web processes; that of the demo that runs here, where there is one",
        )
        parser.add_argument(
            "--token", default="", help="of a paired device; one is paired, and revoked at the end, when none is given"
        )
        parser.add_argument("--threads", type=arguments.whole_number(1, MOST_THREADS), default=4)

    def handle(self, *_arguments: Any, **options: Any) -> None:
        try:
            retail = read_retail(options["file"], options["limit"])
            self._list_rejected(retail, options["file"])
            with self._till(options) as till:
                began = time.monotonic()
                tally = self._replay(Replay(till, threads=options["threads"]), retail)
        except (FileUnusable, NobodyThere) as error:
            raise CommandError(str(error)) from error
        except ApiRefused as refused:
            message = f"the shop has refused: {refused}"
            raise CommandError(message) from refused
        except RequestException as error:
            message = f"the web process at {options['url']} has stopped answering: {error}"
            raise CommandError(message) from error
        self._report(retail, tally, time.monotonic() - began)
        if tally.refused:
            message = f"{len(tally.refused)} documents were refused"
            raise CommandError(message)

    def _list_rejected(self, retail: Retail, file: Path) -> None:
        """List the rows that are not used.

        :raises CommandError: when there is no other; then some of them say why.
        """
        is_useless = not any(invoice.rows for invoice in retail.invoices)
        for rejected in retail.rejected[: SHOWN_OF_USELESS if is_useless else None]:
            self.stdout.write(f"row {rejected.number}: not used: {rejected.reason}")
        if is_useless:
            message = f"none of the {retail.rows} rows of {file} can be used"
            raise CommandError(message)

    @contextmanager
    def _till(self, options: dict[str, Any]) -> Iterator[Till]:
        """Give a till with the token that was typed, or with that of a device which is revoked at the end.

        In a shop that has staff, somebody is signed in there who is let go at the end.
        """
        tenant = find_furnished_tenant(options["tenant"])
        with in_public_schema():
            host = tenant.domains.get(is_primary=True).domain  # type: ignore[attr-defined]
        Till(url=options["url"], host=host, token=options["token"]).require_web()
        with in_tenant(tenant):
            # The file's returns name no orders.
            Location.objects.update(unlinked_return_limit=LARGEST_AMOUNT)
        with _device(tenant, options["token"]) as token:
            till = Till(url=options["url"], host=host, token=token)
            with _somebody(tenant, till):
                yield till

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


@contextmanager
def _device(tenant: Any, token: str) -> Iterator[str]:
    if token:
        yield token
        return
    with in_tenant(tenant):
        device, token = pair_device(register_code="R1", name="Replay")
    try:
        yield token
    finally:
        with in_tenant(tenant):
            revoke_device(device_id=device.id)


@contextmanager
def _somebody(tenant: Any, till: Till) -> Iterator[None]:
    with in_tenant(tenant):
        pin = hire(REPLAY) if has_staff() else ""
    try:
        if pin:
            till.sign_in(REPLAY.code, pin)
        yield
    finally:
        if pin:
            with in_tenant(tenant):
                let_go(REPLAY)
