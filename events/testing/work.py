"""A worker's work, done in the process of a test, and the events that it left in the log."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from events.delivery.drain import Drain
from events.models import Event, Outgoing
from events.outgoing.calls import send
from events.subscriptions.queries import behind
from events.subscriptions.registry import all_subscribers, find_subscriber
from events.testing.doorbells import SilentDoorbells
from kernel.tenancy import current_tenant, in_public

PATIENT_SECONDS = 60.0
SINCE_EVER = -3600.0
"""Of `behind`: whatever is pending, also what a test dates a little ahead."""


def drain(name: str, **options: Any) -> int:
    """Drain once, with the time that a machine needs which has much else to do."""
    options = {"budget": PATIENT_SECONDS, **options}
    return Drain(find_subscriber(name), current_tenant(), SilentDoorbells(), **options).run()


def settle(*, without: str = "") -> int:
    """Let every subscriber (but one) apply everything, and send everything; return how much it was."""
    total = 0
    while True:
        late = {name for tenant, name in behind(moment_seconds=SINCE_EVER) if tenant == current_tenant()}
        names = [subscriber.name for subscriber in all_subscribers(platform=in_public()) if subscriber.name in late]
        done = sum(drain(name) for name in names if name != without)
        waiting = Outgoing.objects.filter(tenant_id=current_tenant(), state="PENDING", attempts=0)
        done += sum(send(row.id) is not None for row in waiting)
        total += done
        if not done:
            return total


def published(*types: str) -> list[Event]:
    events = Event.objects.filter(tenant_id=current_tenant()).order_by("position")
    return list(events.filter(type__in=types) if types else events)


def names() -> list[str]:
    return [event.type for event in published()]


def try_again() -> None:
    """Let the time of the next attempt come, and make it."""
    for row in Outgoing.objects.filter(state="PENDING"):
        Outgoing.objects.filter(id=row.id).update(next_attempt_at=timezone.now() - timedelta(seconds=1))
        send(row.id)
    settle()
