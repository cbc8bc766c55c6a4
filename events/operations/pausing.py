"""Pausing: an operator stops a subscriber, and lets it go on."""

from django.db.models import QuerySet
from django.utils import timezone

from events.events import SubscriptionPaused, SubscriptionResumed
from events.models import Subscription
from events.operations.actions import record_action, require_reason
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscriptions.doorbells import doorbells
from events.subscriptions.holding import hold_beside_lease
from events.subscriptions.registry import known_subscriber
from kernel.refusals import NotFound
from kernel.tenancy import current_tenant
from kernel.text import require_reason_text


def pause_subscription(*, subscriber: str, operator: str, reason: str) -> None:
    """Stop a subscriber of the current tenant before its next event, and inform the shop. Its events wait in the log.

    :raises ReasonMissing: when no reason is given.
    :raises NotFound: when the tenant has no such subscription.
    :raises SubscriptionBusy: when a drain works on it for longer than a moment.
    """
    require_reason(reason, "why this subscriber may be paused")
    with unit_of_work():
        if _change_pause(subscriber, paused=True):
            publish(SubscriptionPaused(subscriber=subscriber, operator=operator, reason=reason))
        record_action("pause", subscriber, operator, reason)


def resume_subscription(*, subscriber: str, operator: str, reason: str = "") -> None:
    """Let a subscriber of the current tenant go on.

    :raises NotFound: when the tenant has no such subscription.
    :raises SubscriptionBusy: when a drain works on it for longer than a moment.
    :raises TextRefused: when the reason is too long, or holds a control character.
    """
    require_reason_text(reason)
    with unit_of_work():
        if _change_pause(subscriber, paused=False):
            publish(SubscriptionResumed(subscriber=subscriber, operator=operator))
        record_action("resume", subscriber, operator, reason)
    doorbells.ring_by_name(current_tenant(), subscriber)


def require_subscriber(*, subscriber: str) -> None:
    """Let a subscriber be named that this code has, or that the current tenant has a subscription of.

    :raises NotFound: when there is neither.
    """
    if known_subscriber(subscriber) is None and not _subscription(subscriber).exists():
        message = f"there is no subscriber {subscriber!r}"
        raise NotFound(message)


def _subscription(subscriber: str) -> QuerySet[Subscription]:
    return Subscription.objects.filter(tenant_id=current_tenant(), subscriber=subscriber)


def _change_pause(subscriber: str, *, paused: bool) -> bool:
    """Return whether it was not so before."""
    if hold_beside_lease(current_tenant(), subscriber) is None:
        message = f"{current_tenant()} has no subscription {subscriber!r}"
        raise NotFound(message)
    changed = _subscription(subscriber).filter(paused_at__isnull=paused)
    return bool(changed.update(paused_at=timezone.now() if paused else None))
