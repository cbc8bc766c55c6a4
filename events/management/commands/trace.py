"""`manage.py trace R1-000018`, or `--tenant NAME --stream order:…`: events and reactions, with milliseconds."""

import argparse
from typing import Any

from django.core.management.base import CommandError

from events.log.horizon import horizon
from events.operations.tracing import Traced, correlations_of, trace
from kernel import arguments
from kernel.commands import Command as OurCommand
from kernel.streams import stream_of
from kernel.tenancy import TenantRefused, current_tenant, in_public, schema_entered, tenant_statuses


class Command(OurCommand):
    help = "Follow the events of a stream to every event that they caused and every subscriber that applied them."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "receipt",
            nargs="?",
            type=arguments.name,
            help="the number on the receipt of an order or a return, for example R1-000018",
        )
        parser.add_argument("--tenant", type=arguments.name, help="whose; left out, it is looked for in all shops")
        parser.add_argument("--stream", type=arguments.name, help="for example order:0190…")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        tenant, stream, receipt = options["tenant"], options["stream"], options["receipt"]
        if bool(stream) == bool(receipt) or (stream and not tenant):
            message = (
                "name a receipt (trace R1-000018, with --tenant where several shops have it), or --tenant and --stream"
            )
            raise CommandError(message)
        if receipt:
            tenant, stream = _found(receipt, tenant)
        with schema_entered(tenant):
            self._follow(stream)

    def _follow(self, stream: str) -> None:
        correlations = correlations_of(current_tenant(), stream)
        if not correlations:
            raise CommandError(_nothing(stream))
        for correlation_id in correlations:
            for traced in trace(current_tenant(), correlation_id):
                self._write(traced)

    def _write(self, traced: Traced) -> None:
        self.stdout.write(f"{traced.position:>6} +{traced.after_ms:>7.1f} ms  {traced.type}  {traced.stream}")
        for applied in traced.applied:
            when = f"{applied.after_ms:>6.1f} ms" if applied.after_ms is not None else " " * 9
            self.stdout.write(f"         {when}  → {applied.subscriber}: {applied.state}")


def _found(receipt: str, tenant: str | None) -> tuple[str, str]:
    """Return whose receipt it is, and its stream. The platform sells nothing."""
    if tenant:
        found = {tenant: _stream_at(tenant, receipt)}
    else:
        found = {each: _stream_of_furnished(each, receipt) for each in tenant_statuses()}
    named = [(each, stream) for each, stream in found.items() if stream]
    if not named:
        message = f"{tenant} has no receipt {receipt!r}" if tenant else f"no shop has a receipt {receipt!r}"
        raise CommandError(message)
    if len(named) > 1:
        message = (
            f"several shops have a receipt {receipt!r}, name one by --tenant: {', '.join(each for each, _ in named)}"
        )
        raise CommandError(message)
    return named[0]


def _stream_at(tenant: str, receipt: str) -> str | None:
    with schema_entered(tenant):
        return None if in_public() else stream_of(receipt)


def _stream_of_furnished(tenant: str, receipt: str) -> str | None:
    try:
        return _stream_at(tenant, receipt)
    except TenantRefused:
        return None


def _nothing(stream: str) -> str:
    begin = horizon()
    since = f" since {begin.moment:%Y-%m-%d}; older months: manage.py retention --show YYYY_MM" if begin else ""
    return f"nothing is recorded on the stream {stream!r} of {current_tenant()}{since}"
