"""`manage.py dry_run --tenant NAME --subscriber NAME --position N`: what a retry would do, as JSON; rolled back."""

import argparse
import os
import resource
import signal
from typing import Any

from django.core.management.base import CommandError
from django.db import connection

from events.log.log import head, read_at
from events.operations.dry_run import dry_run
from events.operations.rehearsing import MEMORY_BYTES, SECONDS, written
from events.subscriptions.registry import known_subscriber
from kernel import arguments
from kernel.commands import Command as OurCommand
from kernel.tenancy import current_tenant, schema_entered

# A dry run yields to all other work: it waits for rows for less time than PostgreSQL takes to look for a deadlock. When
# its process is killed, its session ends within a second, and what it has locked is free.
SESSION = """
SET lock_timeout = '500ms';
SET statement_timeout = %(milliseconds)s;
SET idle_in_transaction_session_timeout = %(milliseconds)s;
SET client_connection_check_interval = '500ms'
"""


class Command(OurCommand):
    help = "Try a parked event, print which rows that would change, and roll it back."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--tenant", type=arguments.name, required=True)
        parser.add_argument("--subscriber", type=arguments.name, required=True)
        parser.add_argument("--position", type=arguments.position, required=True)
        parser.add_argument("--attempt", type=arguments.whole_number(1), default=1)
        parser.add_argument("--seconds", type=arguments.seconds, default=SECONDS, help="after how long it is stopped")

    def handle(self, *_arguments: Any, tenant: str, seconds: float, **options: Any) -> None:
        """Answer on what was standard output; what the handler prints goes to standard error."""
        if known_subscriber(options["subscriber"]) is None:
            message = f"this code has no subscriber {options['subscriber']}"
            raise CommandError(message)
        with schema_entered(tenant):
            _require_recorded(options["position"])
            answer = os.fdopen(os.dup(1), "wb")
            os.dup2(2, 1)
            _limit_process(seconds)
            _limit_session(seconds)
            found = dry_run(subscriber=options["subscriber"], position=options["position"], attempt=options["attempt"])
        with answer:
            answer.write(written(found))
        os._exit(0)


def _require_recorded(position: int) -> None:
    """:raises EventArchived: when the event's month was dropped."""
    newest = head(current_tenant())
    if position > newest:
        message = f"the log of {current_tenant()} ends at position {newest}"
        raise CommandError(message)
    read_at(current_tenant(), position)


def _limit_process(seconds: float) -> None:
    """Let the kernel end this process in time, and keep it small, whatever it does then."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_session(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SESSION, {"milliseconds": int(seconds * 1000)})
