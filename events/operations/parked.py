"""Parked events as operators work on them: retried, discarded, or replaced by an edited copy."""

import json
from typing import Any
from uuid import UUID

import msgspec
from django.utils import timezone

from events.event import EventUnreadable, decode, encode
from events.log.causes import caused_by
from events.log.log import read_at
from events.models import ParkedEvent
from events.operations.actions import record_actions, require_reason
from events.operations.copies import CopyInvalid, corrected
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscriptions import bindings, parking
from events.subscriptions.doorbells import doorbells
from events.subscriptions.holding import hold
from events.subscriptions.parking import State
from events.subscriptions.registry import known_subscriber
from kernel.refusals import Refusal
from kernel.tenancy import current_tenant


class NotParked(Refusal):
    code = "not-parked"
    title = "No such dead letter"


class HearsNothing(Refusal):
    code = "subscription-hears-nothing"
    title = "Subscription hears nothing"


def retry_parked(*, subscriber: str, operator: str, position: int | None = None, fingerprint: str = "") -> int:
    """Give dead and retrying events a fresh set of attempts, at once: one, those of one kind of error, or all.

    Returns how many; those that wait for them follow in order.

    :raises HearsNothing: when no drain works on the subscription: it was ended, or is not bound to anything.
    :raises NotParked: when a position or a kind of error is named, and there is no such retrying or dead event.
    :raises SubscriptionBusy: when a drain, or the subscriber's bridge, works on it for longer than a moment.
    """
    with unit_of_work():
        hold(current_tenant(), subscriber)
        if not bindings.has_work(current_tenant(), subscriber):
            message = (
                f"{subscriber} of {current_tenant()} hears nothing any more, so that nothing would try its events: "
                "discard them, or let manage.py subscribe bind it"
            )
            raise HearsNothing(message)
        parked = _heads(subscriber, position=position, fingerprint=fingerprint)
        positions = list(parked.values_list("position", flat=True))
        if not positions and (position is not None or fingerprint):
            raise _nothing_parked(subscriber, position, fingerprint)
        now = timezone.now()
        parked.update(state=State.RETRYING, attempts=0, next_attempt_at=now, updated_at=now)
        record_actions("retry", subscriber, operator, "", positions)
    if positions:
        doorbells.ring_by_name(current_tenant(), subscriber)
    return len(positions)


def discard_parked(
    *, subscriber: str, operator: str, reason: str, position: int | None = None, fingerprint: str = ""
) -> int:
    """Give events up for a subscriber and let their successors go on: one, or those of one kind of error.

    Returns how many.

    :raises ReasonMissing: when no reason is given.
    :raises NotParked: when there is no such retrying or dead event.
    :raises SubscriptionBusy: when a drain, or the subscriber's bridge, works on it for longer than a moment.
    """
    require_reason(reason)
    if position is None and not fingerprint:
        message = "name the events to discard: a position or a fingerprint"
        raise NotParked(message)
    with unit_of_work():
        hold(current_tenant(), subscriber)
        discarded = _discard(subscriber, operator, reason, position=position, fingerprint=fingerprint)
        if not discarded:
            raise _nothing_parked(subscriber, position, fingerprint)
    doorbells.ring_by_name(current_tenant(), subscriber)
    return discarded


def _nothing_parked(subscriber: str, position: int | None, fingerprint: str) -> NotParked:
    where = f"at position {position}" if position is not None else f"of the kind {fingerprint}"
    return NotParked(f"{subscriber} has no retrying or dead event {where}")


def require_parked(*, subscriber: str, position: int) -> None:
    """:raises NotParked: when no retrying or dead event is parked at the position."""
    if not _heads(subscriber, position=position).exists():
        message = f"{subscriber} has no retrying or dead event at position {position}"
        raise NotParked(message)


def data_in_newest_version(*, position: int) -> dict[str, Any]:
    """Read the data of an event as a class of today has it; as it is stored, where it cannot be read."""
    stored = read_at(current_tenant(), position)
    try:
        event = decode(stored.envelope.type, stored.envelope.version, stored.data)
    except EventUnreadable:
        data: dict[str, Any] = json.loads(stored.data)
    else:
        data = json.loads(encode(event))
    return data


def publish_edited_copy(*, subscriber: str, position: int, data: dict[str, Any], operator: str, reason: str) -> UUID:
    """Publish a corrected copy of a dead event for its subscriber alone and discard the dead one; return the copy's id.

    The other subscribers and the consumers outside had the original: the subscriber is the copy's audience. On its
    stream the copy comes after what waits there now.

    :raises ReasonMissing: when no reason is given.
    :raises NotParked: when no retrying or dead event is parked at the position.
    :raises SubscriptionBusy: when a drain, or the subscriber's bridge, works on it for longer than a moment.
    :raises CopyInvalid: when the data does not fit the event's class or belongs to another stream, when this code does
        not declare the subscriber, or when its subscription no longer hears the type.
    """
    require_reason(reason)
    if known_subscriber(subscriber) is None:
        message = f"this code does not declare {subscriber}, so that nothing would apply the copy; discard the event"
        raise CopyInvalid(message)
    with unit_of_work():
        hold(current_tenant(), subscriber)
        parked = _heads(subscriber, position=position).select_for_update(no_key=True).first()
        if parked is None:
            message = f"{subscriber} has no retrying or dead event at position {position}"
            raise NotParked(message)
        original = read_at(parked.tenant_id, position).envelope
        copy = corrected(original, data, subscriber)
        cause = msgspec.structs.replace(original.cause(), actor=operator)
        with caused_by(cause):
            event_id = publish(copy, occurred_at=original.occurred_at, audience=subscriber)
        why = f"replaced by an edited copy, {event_id}: {reason}"
        _discard(subscriber, operator, why, position=position, action="edited copy")
    doorbells.ring_by_name(current_tenant(), subscriber)
    return event_id


def _discard(
    subscriber: str,
    operator: str,
    reason: str,
    *,
    position: int | None = None,
    fingerprint: str = "",
    action: str = "discard",
) -> int:
    """Discard under the subscription's lock, in as many statements for a thousand events as for one."""
    chosen = _heads(subscriber, position=position, fingerprint=fingerprint)
    rows = list(chosen.select_for_update(no_key=True).order_by("position").values_list("position", "stream"))
    if rows:
        chosen.update(state=State.DISCARDED, reason=reason, updated_at=timezone.now())
        parking.release_next(current_tenant(), subscriber, *{stream for _, stream in rows})
        record_actions(action, subscriber, operator, reason, [at for at, _ in rows])
    return len(rows)


def _heads(subscriber: str, *, position: int | None = None, fingerprint: str = ""):  # type: ignore[no-untyped-def]  # noqa: ANN202
    parked = ParkedEvent.objects.filter(
        tenant_id=current_tenant(), subscriber=subscriber, state__in=[State.RETRYING, State.DEAD]
    )
    if position is not None:
        parked = parked.filter(position=position)
    if fingerprint:
        parked = parked.filter(fingerprint=fingerprint)
    return parked
