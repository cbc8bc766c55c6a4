"""What operators and the platform do with subscriptions and parked events. Every act of an operator is recorded."""

from django.db import connection
from django.utils import timezone

from events import cursors, parking
from events.doorbells import doorbells
from events.log import head
from events.models import OperatorAction, ParkedEvent, Subscription
from events.parking import State
from events.subscriptions import all_subscribers, find_subscriber
from events.unit_of_work import unit_of_work
from kernel.refusals import NotFound, Refusal
from kernel.tenancy import current_tenant, in_public


class ReasonMissing(Refusal):
    code = "reason-missing"
    title = "A reason is needed"
    status = 422


class NotDiscardable(Refusal):
    code = "not-discardable"
    title = "Only an event that is retrying or dead can be discarded"


def subscribe_tenant() -> int:
    """Create the subscriptions that the current tenant lacks; return how many.

    A subscriber that is new to a tenant starts at the log's head, or at its beginning where it asks for that.
    """
    tenant_id = current_tenant()
    newest = head(tenant_id)
    starts = {s.name: 0 if s.from_beginning else newest for s in all_subscribers(platform=in_public())}
    return cursors.create_missing(tenant_id, starts)


def drop_tenant_records(*, tenant_id: str) -> None:
    """Forget everything that the event layer keeps for a tenant whose schema is gone. Only from `public`."""
    with connection.cursor() as cursor:
        for table in ("event", "processedevent", "subscription", "parkedevent", "outgoing", "idempotencyrecord"):
            cursor.execute(f"DELETE FROM events_{table} WHERE tenant_id = %s", [tenant_id])


def pause_subscription(*, subscriber: str, operator: str, reason: str = "") -> None:
    """Stop a subscriber of the current tenant before its next event; its events wait in the log.

    :raises NotFound: when the tenant has no such subscription.
    """
    with unit_of_work():
        _change_pause(subscriber, paused=True)
        _record("pause", subscriber, operator, reason)


def resume_subscription(*, subscriber: str, operator: str, reason: str = "") -> None:
    """:raises NotFound: when the tenant has no such subscription."""
    with unit_of_work():
        _change_pause(subscriber, paused=False)
        _record("resume", subscriber, operator, reason)
    doorbells.ring_again(current_tenant(), find_subscriber(subscriber))


def retry_parked(*, subscriber: str, operator: str, position: int | None = None, fingerprint: str = "") -> int:
    """Give dead and retrying events a fresh set of attempts, at once: one, those of one kind of error, or all.

    Returns how many; those that wait behind them follow in order.
    """
    with unit_of_work():
        parked = _heads(subscriber, position=position, fingerprint=fingerprint)
        positions = list(parked.values_list("position", flat=True))
        now = timezone.now()
        parked.update(state=State.RETRYING, attempts=0, next_attempt_at=now, updated_at=now)
        for at in positions:
            _record("retry", subscriber, operator, "", at)
    if positions:
        doorbells.ring_again(current_tenant(), find_subscriber(subscriber))
    return len(positions)


def discard_parked(*, subscriber: str, position: int, operator: str, reason: str) -> None:
    """Give an event up for a subscriber and let its successors go on.

    :raises ReasonMissing: when no reason is given.
    :raises NotDiscardable: when no retrying or dead event is parked at the position.
    """
    if not reason.strip():
        message = "say why this event may be given up"
        raise ReasonMissing(message)
    with unit_of_work():
        parked = _heads(subscriber, position=position).select_for_update(no_key=True).first()
        if parked is None:
            message = f"{subscriber} has no retrying or dead event at position {position}"
            raise NotDiscardable(message)
        parked.state, parked.reason, parked.updated_at = State.DISCARDED, reason, timezone.now()
        parked.save(update_fields=["state", "reason", "updated_at"])
        parking.release_next(parked.tenant_id, subscriber, parked.stream)
        _record("discard", subscriber, operator, reason, position)
    doorbells.ring_again(current_tenant(), find_subscriber(subscriber))


def _heads(subscriber: str, *, position: int | None = None, fingerprint: str = ""):  # type: ignore[no-untyped-def]  # noqa: ANN202
    parked = ParkedEvent.objects.filter(
        tenant_id=current_tenant(), subscriber=subscriber, state__in=[State.RETRYING, State.DEAD]
    )
    if position is not None:
        parked = parked.filter(position=position)
    if fingerprint:
        parked = parked.filter(fingerprint=fingerprint)
    return parked


def _change_pause(subscriber: str, *, paused: bool) -> None:
    changed = Subscription.objects.filter(tenant_id=current_tenant(), subscriber=subscriber).update(
        paused_at=timezone.now() if paused else None
    )
    if not changed:
        message = f"{current_tenant()} has no subscription {subscriber!r}"
        raise NotFound(message)


def _record(action: str, subscriber: str, operator: str, reason: str, position: int | None = None) -> None:
    OperatorAction.objects.create(
        tenant_id=current_tenant(),
        subscriber=subscriber,
        action=action,
        position=position,
        operator=operator,
        reason=reason,
        acted_at=timezone.now(),
    )
