"""Rehearsing: a dry run in a separate process, which may end, block or grow without harm to the one that asks."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from tempfile import TemporaryFile

from django.conf import settings

from events.delivery.poison import KilledItsWorker
from events.models import ParkedEvent
from events.operations.dry_run import Change, DryRun
from events.subscriptions.registry import known_subscriber
from kernel.refusals import Refusal
from kernel.tenancy import current_tenant

SECONDS = 10.0
"""After how long a dry run is stopped."""
STARTING_SECONDS = 20.0
"""How long its process may take to start before that, on a machine with much else to do."""
MEMORY_BYTES = 1024**3
"""How much address space the process may have; it has an eighth of it before it handles anything."""
LARGEST_ANSWER = 4 * 1024**2

_only_one = threading.Lock()


class DryRunRefused(Refusal):
    code = "dry-run-refused"
    title = "Event kills its process"


class DryRunBusy(Refusal):
    code = "dry-run-busy"
    title = "Another dry run in progress"


def rehearse(*, subscriber: str, position: int) -> DryRun:
    """Try a parked event of the current tenant in another process, and roll back what it does.

    When the process does not come to an end by itself, `error` says so in one sentence.

    :raises DryRunRefused: when the event has killed a worker.
    :raises DryRunBusy: when this process waits for another dry run.
    """
    chosen = known_subscriber(subscriber)
    if chosen is None:
        return DryRun(error=f"this code has no subscriber {subscriber}: its handler cannot be tried here")
    if chosen.forward is not None:
        return DryRun(error=f"{subscriber} sends events to another system, which cannot be tried without effect")
    parked = ParkedEvent.objects.filter(tenant_id=current_tenant(), subscriber=subscriber, position=position).first()
    _require_harmless(parked, position)
    if not _only_one.acquire(blocking=False):
        message = (
            f"another dry run is under way; it ends within {STARTING_SECONDS + SECONDS:g} s. Try again in a moment"
        )
        raise DryRunBusy(message)
    try:
        return _run(subscriber, position, attempt=parked.attempts + 1 if parked else 1)
    finally:
        _only_one.release()


def written(found: DryRun) -> bytes:
    """Write what was found for the process that asked."""
    answer = json.dumps(asdict(found)).encode()
    if len(answer) > LARGEST_ANSWER:
        changes = f"{len(found.changes)} changed rows and {len(found.publishes)} events"
        answer = json.dumps(asdict(DryRun(error=f"It would succeed, but {changes} are too much to show"))).encode()
    return answer


def _require_harmless(parked: ParkedEvent | None, position: int) -> None:
    """:raises DryRunRefused: when the parked event has killed a worker, or was started and never ended."""
    if parked is not None and (parked.starts > 0 or parked.error.startswith(KilledItsWorker.__name__)):
        message = (
            f"the event at position {position} has killed the process that handled it:"
            " discard it, publish an edited copy, or retry it once its handler is repaired"
        )
        raise DryRunRefused(message)


def _run(subscriber: str, position: int, *, attempt: int) -> DryRun:
    """Start the process, and end it with all that it has started. A file takes its answer: a pipe could block both."""
    command = [sys.executable, "manage.py", "dry_run", f"--tenant={current_tenant()}", f"--subscriber={subscriber}"]
    command += [f"--position={position}", f"--attempt={attempt}", f"--seconds={SECONDS}"]
    with TemporaryFile() as answer:
        process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL, stdout=answer, start_new_session=True
        )
        try:
            code = process.wait(timeout=STARTING_SECONDS + SECONDS)
        except subprocess.TimeoutExpired:
            code = -signal.SIGALRM
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        answer.seek(0)
        return _read(answer.read(LARGEST_ANSWER + 1), code)


def _read(answer: bytes, code: int) -> DryRun:
    if code == -signal.SIGALRM:
        return DryRun(error=f"The dry run did not finish within {SECONDS:g} s and was stopped.")
    if code < 0:
        return DryRun(error=f"The process of the dry run was ended by the signal {_signal(-code)}.")
    try:
        found = json.loads(answer)
        changes = [Change(**change) for change in found["changes"]]
        publishes = [(type_name, data) for type_name, data in found["publishes"]]
        return DryRun(error=found["error"], changes=changes, publishes=publishes)
    except (ValueError, TypeError, KeyError):
        return DryRun(error=f"The process of the dry run ended with exit code {code}.")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
