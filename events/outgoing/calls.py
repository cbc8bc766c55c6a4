"""What leaves the database: rows written with the effect, sent by their own task, at least once, with a stable key.

A sender is registered by kind. Its row is leased and the attempt counted before the call; the call itself holds no
transaction; its outcome is recorded in one. Whatever dies between, the same key is sent again. A worker that comes back
after its lease was over brings its success all the same; its failure counts for nothing.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from events.log.causes import Cause, caused_by, current_cause
from events.models import Outgoing
from events.outgoing.slots import SlotsTaken, require_slot
from events.publishing.unit_of_work import current_unit, unit_of_work
from events.subscriptions.doorbells import doorbells
from events.subscriptions.plain import require_plain
from events.subscriptions.registry import Backoff
from kernel.ids import new_id
from kernel.tenancy import current_tenant
from kernel.text import storable

logger = structlog.get_logger(__name__)

BUDGET_SECONDS = 10.0


class State(StrEnum):
    PENDING = "PENDING"
    SENDING = "SENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    """The other side refused for good."""
    UNKNOWN = "UNKNOWN"
    """Out of attempts without an answer. Whoever makes the call again, under its key, will know."""


class RefusedForGood(Exception):
    """The other side has refused, and would refuse again."""


class NeverEnded(Exception):
    """All attempts were made, and the worker of the last one died."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """:param key: the idempotency key, the same at every attempt. :param attempt: 1 the first time."""

    key: UUID
    attempt: int


class Sender(Protocol):
    """Sends one kind of thing; each method works in the tenant's schema."""

    kind: str
    queue: str
    backoff: Backoff
    lease_seconds: int

    def send(self, call: Call) -> Any:
        """Call the other side, outside any transaction.

        :raises RefusedForGood: when no retry would help.
        """

    def record(self, call: Call, outcome: Any) -> None:
        """Write what the call brought, in the transaction that marks it delivered.

        Comes once more when a worker that had stalled brings the outcome of an earlier attempt.
        """

    def record_failure(self, call: Call, error: Exception, state: State) -> None:
        """Write that an attempt failed; `state` says whether another one follows."""


_senders: dict[str, Sender] = {}


def register_sender(sender: Sender) -> None:
    """:raises TypeError: when a call of one of its functions would do nothing."""
    for name in ("send", "record", "record_failure"):
        require_plain(getattr(sender, name), f"{name} of the sender {sender.kind}")
    _senders[sender.kind] = sender


def find_sender(kind: str) -> Sender:
    """:raises KeyError: when no sender of that kind is registered."""
    return _senders[kind]


def all_senders() -> list[Sender]:
    return sorted(_senders.values(), key=lambda sender: sender.kind)


def send_later(kind: str, key: UUID) -> None:
    """Write the row of a call in the current unit of work; it is sent after the commit."""
    current_unit()
    cause = current_cause()
    row = Outgoing(
        id=new_id(),
        tenant_id=current_tenant(),
        kind=kind,
        key=key,
        state=State.PENDING,
        attempts=0,
        next_attempt_at=timezone.now(),
        error="",
        correlation_id=cause.correlation_id,
        causation_id=cause.causation_id,
        actor=cause.actor,
        created_at=timezone.now(),
    )
    row.save(force_insert=True)
    bell = _Bell(row.tenant_id, row.id, find_sender(kind).queue)
    transaction.on_commit(bell.ring, robust=True)


@dataclass(frozen=True)
class _Bell:
    tenant_id: str
    id: UUID
    queue: str

    def ring(self) -> None:
        ring(self.tenant_id, self.id, self.queue)


def ring(tenant_id: str, outgoing_id: UUID, queue: str, *, countdown: float = 0.0) -> bool:
    """Ask a worker to send a row. A hint: the sweeper asks again for what is due."""
    return doorbells.send(
        "events.send", {"tenant": tenant_id, "outgoing": str(outgoing_id)}, queue=queue, countdown=countdown
    )


def send_in_line(outgoing_id: UUID, *, budget: float = BUDGET_SECONDS) -> State | None:
    """Make the next attempt of a row, then of those of its tenant that found no slot meanwhile, for about ten seconds.

    Returns the outcome of the first; None when it is not due, another worker has it, or the tenant has no slot free.
    """
    deadline = time.monotonic() + budget
    first = _lease(outgoing_id)
    if first is None:
        return None
    state, queue = _send(first), find_sender(first.kind).queue
    while (waiting := _waiting(queue)) is not None:
        if time.monotonic() > deadline:
            ring(first.tenant_id, waiting, queue)
            break
        if send(waiting) is None:
            break
    return state


def send(outgoing_id: UUID) -> State | None:
    """Make the next attempt of a row; None when it is not due, somebody else has it, or the tenant has no slot free."""
    leased = _lease(outgoing_id)
    return None if leased is None else _send(leased)


def _send(row: Outgoing) -> State | None:
    sender = find_sender(row.kind)
    call = Call(key=row.key, attempt=row.attempts)
    cause = Cause(correlation_id=row.correlation_id, causation_id=row.causation_id, actor=row.actor)
    with caused_by(cause):
        try:
            outcome = _attempt(row, sender, call)
        except Exception as error:  # noqa: BLE001 - whatever a sender raises is a failed attempt
            return _failed(row, sender, call, error)
        with unit_of_work():
            _deliver(row)
            sender.record(call, outcome)
    return State.DELIVERED


def _attempt(row: Outgoing, sender: Sender, call: Call) -> Any:
    if row.attempts_that_count > sender.backoff.attempts:
        raise NeverEnded
    return sender.send(call)


def _lease(outgoing_id: UUID) -> Outgoing | None:
    """Count the attempt and hold the row for a while, before anything is sent."""
    now = timezone.now()
    with suppress(SlotsTaken), unit_of_work():
        row = (
            Outgoing.objects.select_for_update(no_key=True, skip_locked=True)
            .filter(id=outgoing_id, state__in=[State.PENDING, State.SENDING], next_attempt_at__lte=now)
            .first()
        )
        if row is None:
            return None
        queue = find_sender(row.kind).queue
        require_slot(queue, _of_queue(queue).filter(state=State.SENDING, next_attempt_at__gt=now).count)
        row.state, row.attempts = State.SENDING, row.attempts + 1
        row.next_attempt_at = now + timedelta(seconds=find_sender(row.kind).lease_seconds)
        changed = {name: getattr(row, name) for name in ("state", "attempts", "next_attempt_at")}
        Outgoing.objects.filter(id=row.id).update(**changed)
        return row
    return None


def _waiting(queue: str) -> UUID | None:
    """Find the tenant's row that waits longest for an attempt that is due."""
    due_rows = _of_queue(queue).filter(state=State.PENDING, next_attempt_at__lte=timezone.now())
    return due_rows.order_by("next_attempt_at").values_list("id", flat=True).first()


def _of_queue(queue: str) -> QuerySet[Outgoing]:
    kinds = [sender.kind for sender in all_senders() if sender.queue == queue]
    return Outgoing.objects.filter(tenant_id=current_tenant(), kind__in=kinds)


def _failed(row: Outgoing, sender: Sender, call: Call, error: Exception) -> State | None:
    refused = isinstance(error, RefusedForGood)
    exhausted = row.attempts_that_count >= sender.backoff.attempts
    state = State.FAILED if refused else State.UNKNOWN if exhausted else State.PENDING
    delay = sender.backoff.delay(row.attempts_that_count)
    with unit_of_work():
        if not _give_up(row, state, delay=delay, error=storable(f"{type(error).__name__}: {error}")):
            return None
        sender.record_failure(call, error, state)
    logger.warning("send_failed", tenant=row.tenant_id, kind=row.kind, attempt=row.attempts, error=str(error))
    if state is State.PENDING:
        ring(row.tenant_id, row.id, sender.queue, countdown=delay)
    return state


def _deliver(row: Outgoing) -> None:
    Outgoing.objects.filter(id=row.id).update(state=State.DELIVERED, next_attempt_at=timezone.now(), error="")


def _give_up(row: Outgoing, state: State, *, delay: float, error: str) -> bool:
    """End a failed attempt; False when its lease was lost, and another worker has the row."""
    leased = Outgoing.objects.filter(id=row.id, state=State.SENDING, attempts=row.attempts)
    next_attempt_at = timezone.now() + timedelta(seconds=delay)
    return bool(leased.update(state=state, next_attempt_at=next_attempt_at, error=error[:2000]))


def due(tenants: Iterable[str]) -> list[tuple[str, UUID, str]]:
    """List (tenant, id, queue) of the rows whose next attempt, or whose lost lease, is due; for the sweeper.

    Of each tenant and kind the hundred that wait longest, so that those of one tenant do not hide another's.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT tenant_id, id, kind FROM (
                SELECT tenant_id, id, kind,
                    row_number() OVER (PARTITION BY tenant_id, kind ORDER BY next_attempt_at) AS n
                FROM events_outgoing
                WHERE state IN ('PENDING', 'SENDING') AND next_attempt_at < clock_timestamp() - interval '1 second'
                    AND tenant_id = ANY(%s) AND kind = ANY(%s)
            ) AS waiting WHERE n <= 100
            """,
            [list(tenants), list(_senders)],
        )
        return [(tenant_id, row, find_sender(kind).queue) for tenant_id, row, kind in cursor.fetchall()]
