"""`manage.py dry_run --tenant NAME --subscriber NAME --position N`: what a retry would do, as JSON; rolled back."""

import argparse
import os
import resource
import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from events.dry_run import dry_run
from events.rehearsing import MEMORY_BYTES, SECONDS, written
from events.subscriptions import known_subscriber
from kernel.refusals import Refusal
from kernel.tenancy import find_any_tenant, in_public_schema, in_tenant

# A dry run yields to all other work: it waits for rows for less time than PostgreSQL takes to look for a deadlock. When
# its process is killed, its session ends within a second, and what it has locked is free.
SESSION = """
SET lock_timeout = '500ms';
SET statement_timeout = %(milliseconds)s;
SET idle_in_transaction_session_timeout = %(milliseconds)s;
SET client_connection_check_interval = '500ms'
"""


class Command(BaseCommand):
    help = "Try a parked event, print which rows that would change, and roll it back."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--subscriber", required=True)
        parser.add_argument("--position", type=int, required=True)
        parser.add_argument("--attempt", type=int, default=1)
        parser.add_argument("--seconds", type=float, default=SECONDS, help="after how long it is stopped")

    def handle(self, *_arguments: Any, tenant: str, seconds: float, **options: Any) -> None:
        """Answer on what was standard output; what the handler prints goes to standard error."""
        answer = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        _limit_process(seconds)
        if known_subscriber(options["subscriber"]) is None:
            message = f"this code has no subscriber {options['subscriber']}"
            raise CommandError(message)
        try:
            with in_public_schema() if tenant == "public" else in_tenant(find_any_tenant(tenant)):
                _limit_session(seconds)
                found = dry_run(
                    subscriber=options["subscriber"], position=options["position"], attempt=options["attempt"]
                )
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        with answer:
            answer.write(written(found))
        os._exit(0)


def _limit_process(seconds: float) -> None:
    """Let the kernel end this process in time, and keep it small, whatever it does then."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_session(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SESSION, {"milliseconds": int(seconds * 1000)})
