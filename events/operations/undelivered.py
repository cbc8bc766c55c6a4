"""Undelivered calls: those that are out of attempts, or were refused; operators see them and send them again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, Max, Min, QuerySet
from django.utils import timezone

from events.models import Outgoing
from events.operations.actions import record_action
from events.outgoing import calls
from events.outgoing.calls import State, all_senders, find_sender
from events.publishing.unit_of_work import unit_of_work
from kernel.refusals import NotFound
from kernel.tenancy import current_tenant
from kernel.text import require_reason_text

ENDED = [State.UNKNOWN, State.FAILED]
RUNG_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class UndeliveredGroup:
    """Calls of one kind that ended alike; `error` is one of theirs."""

    tenant_id: str
    kind: str
    state: str
    count: int
    error: str
    oldest_at: datetime
    newest_at: datetime


def groups() -> list[UndeliveredGroup]:
    """Group the undelivered calls that this session sees, the largest group first."""
    kinds = Outgoing.objects.filter(state__in=ENDED).values("tenant_id", "kind", "state")
    found = kinds.annotate(
        count=Count("id"), error=Max("error"), oldest_at=Min("created_at"), newest_at=Max("created_at")
    )
    return [UndeliveredGroup(**group) for group in found.order_by("-count", "tenant_id", "kind", "state")]


def list_calls(*, kind: str = "", limit: int = 100) -> list[Outgoing]:
    """List undelivered calls of the current tenant, the oldest first.

    :raises NotFound: when there is no such kind.
    """
    found = Outgoing.objects.filter(tenant_id=current_tenant(), state__in=ENDED)
    if kind:
        found = found.filter(kind__in=_kinds(kind))
    return list(found.order_by("created_at", "id")[:limit])


def send_again(*, operator: str, outgoing_id: UUID | None = None, kind: str = "", reason: str = "") -> int:
    """Have calls of the current tenant made again, at once and with fresh attempts: one, those of a kind, or all.

    A call keeps its key and the number of its attempts, so that whoever was called before knows it again. Those that
    merely wait for their next attempt come along; those that were refused for good only if their id is given.
    Returns how many.

    :raises NotFound: when there is no such kind, or the one with that id neither is undelivered nor waits.
    """
    require_reason_text(reason)
    kinds = _kinds(kind)
    with unit_of_work():
        rows = list(_chosen(outgoing_id, kinds).select_for_update(no_key=True).order_by("id"))
        if outgoing_id is not None and not rows:
            message = f"no call {outgoing_id} is undelivered, or waits for its next attempt"
            raise NotFound(message)
        Outgoing.objects.filter(id__in=[row.id for row in rows]).update(
            state=State.PENDING, forgiven=F("attempts"), next_attempt_at=timezone.now()
        )
        for row in rows:
            record_action("send again", row.kind, operator, f"{row.id}: {reason}" if reason else str(row.id))
    for row in rows[:RUNG_AT_ONCE]:
        calls.ring(row.tenant_id, row.id, find_sender(row.kind).queue)
    return len(rows)


def _chosen(outgoing_id: UUID | None, kinds: list[str]) -> QuerySet[Outgoing]:
    found = Outgoing.objects.filter(tenant_id=current_tenant(), kind__in=kinds)
    if outgoing_id is not None:
        return found.filter(id=outgoing_id, state__in=[State.PENDING, *ENDED])
    return found.filter(state__in=[State.PENDING, State.UNKNOWN])


def _kinds(kind: str) -> list[str]:
    """Return the kind with that name, or all of them.

    :raises NotFound: when there is no such kind.
    """
    kinds = [sender.kind for sender in all_senders()]
    if not kind:
        return kinds
    if kind not in kinds:
        message = f"there is no kind of call {kind!r}: there are {', '.join(kinds)}"
        raise NotFound(message)
    return [kind]
