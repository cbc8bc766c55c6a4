"""Turns: one worker at a time calls an endpoint, and nobody while it rests after failing several times in a row.

So an endpoint that is slow or dead holds one slot at most, however many deliveries wait for it. A turn is a matter of
fairness alone: what is sent once and in order, the leases of the deliveries see to.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from integrations.models import WebhookEndpoint

TURN_SECONDS = 60
FAILURES_BEFORE_REST = 3
LONGEST_REST_SECONDS = 300.0


def take_turn(endpoint_id: UUID, now: datetime) -> bool:
    """Begin to call an endpoint; False when another worker does, or it rests. A turn that nobody ends is soon over."""
    active = WebhookEndpoint.objects.filter(id=endpoint_id, state=WebhookEndpoint.State.ACTIVE)
    free = active.filter(Q(next_call_at=None) | Q(next_call_at__lte=now))
    return bool(free.update(next_call_at=now + timedelta(seconds=TURN_SECONDS)))


def end_turn(endpoint_id: UUID, now: datetime, *, rest: float = 0.0) -> None:
    """:param rest: seconds for which nobody is to call it."""
    until = now + timedelta(seconds=rest) if rest else None
    WebhookEndpoint.objects.filter(id=endpoint_id).update(next_call_at=until)


def rest_after(failures: int) -> float:
    """Return for how many seconds an endpoint is left alone that has failed so often in a row."""
    doublings = failures - FAILURES_BEFORE_REST
    return 0.0 if doublings < 0 else min(LONGEST_REST_SECONDS, 5.0 * 2.0 ** min(doublings, 10))
