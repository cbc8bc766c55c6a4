"""`manage.py subscribe`: the release step. Run it with the code about to be deployed, before that code serves."""

import argparse
import getpass
from typing import Any

from django.core.management.base import CommandError

from events.operations.releasing import Step, release, require_known
from kernel import arguments
from kernel.commands import Command as OurCommand
from kernel.refusals import Refusal
from kernel.tenancy import schema_entered


class Command(OurCommand):
    help = "Create the subscriptions and bindings that this code declares, of the platform and of every tenant."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--tenant", type=arguments.name, help="only this one (public: only the platform)")
        parser.add_argument("--dry-run", action="store_true", help="print what would be changed, and change nothing")
        parser.add_argument(
            "--unbind", action="store_true", help="after a rollback: end what this code does not declare"
        )
        parser.add_argument(
            "--rename",
            action="append",
            default=[],
            metavar="FROM=TO",
            help="after a rollback: FROM is the name that a subscription has now, TO that of this code",
        )

    def handle(self, *_arguments: Any, **options: Any) -> None:
        step = Step(
            operator=f"shell:{getpass.getuser()}",
            dry_run=options["dry_run"],
            unbind=options["unbind"],
            renames=_renames(options["rename"]),
        )
        changes, failed = 0, []
        try:
            require_known(step.renames)
            if options["tenant"]:
                schema_entered(options["tenant"])
            for outcome in release(step, [options["tenant"]] if options["tenant"] else None):
                for line in outcome.lines + outcome.notes:
                    self.stdout.write(f"{outcome.tenant_id}: {line}")
                changes += len(outcome.lines)
                if outcome.error:
                    self.stderr.write(f"{outcome.tenant_id}: FAILED: {outcome.error}")
                    failed.append(outcome.tenant_id)
        except (Refusal, TypeError) as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(f"subscribe: changes={changes}{' (dry run)' if step.dry_run else ''} failed={len(failed)}")
        if failed:
            message = f"not released: {', '.join(failed)}; run it again when they are fixed"
            raise CommandError(message)


def _renames(asked: list[str]) -> dict[str, str]:
    renames: dict[str, str] = {}
    for before, after in map(_pair, asked):
        if renames.setdefault(before, after) != after:
            message = f"--rename gives {before} two new names: {renames[before]} and {after}"
            raise CommandError(message)
    return renames


def _pair(rename: str) -> tuple[str, str]:
    before, equals, after = rename.partition("=")
    if not (before and equals and after) or before == after:
        message = f"--rename takes FROM=TO, two names, not {rename!r}"
        raise CommandError(message)
    return before, after
