"""Sending: lease a delivery, record the attempt, call, record the outcome.

Of one stream an endpoint gets one event at a time, the earliest first. Whatever is answered but 2xx is tried again,
with exponential backoff, for three days; then the delivery is parked, and its successors on the stream wait for it.
An event that cannot be delivered is parked at once, with the reason; the endpoint is not blamed for it.
An endpoint that fails several times in a row rests; one that has answered nothing well for a day is paused.
A test is sent once, also to an endpoint that rests or is paused, and says nothing about its health.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import connection
from django.utils import timezone

from events.events import TRIAL
from events.log.horizon import EventArchived
from events.log.log import read_at
from events.observability import metrics
from events.outgoing.slots import SlotsTaken, require_slot
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import Backoff
from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from integrations.outward import Undeliverable, outward, trial
from integrations.terms import terms_of_tenant
from integrations.webhooks.endpoints import pause_endpoint
from integrations.webhooks.http import Answer
from integrations.webhooks.ringing import QUEUE, ring
from integrations.webhooks.signing import post_signed
from integrations.webhooks.turns import end_turn, rest_after, take_turn
from kernel.tenancy import current_tenant

logger = structlog.get_logger(__name__)

LEASE_SECONDS = 60
BUDGET_SECONDS = 10.0
PATIENCE = timedelta(hours=72)
DEAD_AFTER = timedelta(hours=24)
DEAD_FAILURES = 20
MOMENT = timedelta(seconds=1)
BACKOFF = Backoff(base=5.0, cap=3600.0)

_DUE = f"""
FROM events_webhookdelivery d
WHERE d.tenant_id = e.tenant_id AND d.endpoint_id = e.id AND d.type <> '{TRIAL}'
    AND d.state IN ('PENDING', 'SENDING') AND d.next_attempt_at <= %(now)s
    AND NOT EXISTS (
        SELECT 1 FROM events_webhookdelivery earlier
        WHERE earlier.tenant_id = d.tenant_id AND earlier.endpoint_id = d.endpoint_id AND earlier.replay = d.replay
            AND earlier.stream = d.stream AND earlier.position < d.position
            AND earlier.state IN ('PENDING', 'SENDING', 'PARKED')
    )
ORDER BY d.position LIMIT 1
"""
"""Of an endpoint e: the first delivery that is due. In the order of an index, however much follows it."""
_TEST_DUE = f"""
FROM events_webhookdelivery d
WHERE d.tenant_id = e.tenant_id AND d.endpoint_id = e.id AND d.type = '{TRIAL}'
    AND d.state IN ('PENDING', 'SENDING') AND d.next_attempt_at <= %(now)s
ORDER BY d.position LIMIT 1
"""
_CALLED = "e.state = 'ACTIVE'"
_FREE = f"{_CALLED} AND (e.next_call_at IS NULL OR e.next_call_at <= %(now)s)"
_TESTED = "e.state <> 'DELETED'"
_LEASE = """
UPDATE events_webhookdelivery SET state = 'SENDING', attempts = attempts + 1,
    first_attempt_at = coalesce(first_attempt_at, %(now)s), next_attempt_at = %(until)s
WHERE tenant_id = %(tenant)s AND id = (
    SELECT next.id FROM events_webhookendpoint e
    CROSS JOIN LATERAL (SELECT d.id {due} FOR NO KEY UPDATE OF d SKIP LOCKED) AS next
    WHERE e.tenant_id = %(tenant)s AND e.id = %(endpoint)s AND {callable}
)
RETURNING id
"""
_LEASE_EVENT = _LEASE.format(due=_DUE, callable=_CALLED)
_LEASE_TEST = _LEASE.format(due=_TEST_DUE, callable=_TESTED)
_IN_FLIGHT = """
SELECT count(*) FROM events_webhookdelivery
WHERE tenant_id = %(tenant)s AND state = 'SENDING' AND next_attempt_at > %(now)s
"""
_IS_DUE = f"""
SELECT 1 FROM events_webhookendpoint e CROSS JOIN LATERAL (SELECT 1 {_DUE}) AS next
WHERE e.tenant_id = %(tenant)s AND e.id = %(endpoint)s AND {_CALLED}
"""
_WAITING = f"""
SELECT e.id FROM events_webhookendpoint e CROSS JOIN LATERAL (SELECT d.next_attempt_at {_DUE}) AS next
WHERE e.tenant_id = %(tenant)s AND e.id <> %(endpoint)s AND {_FREE}
ORDER BY next.next_attempt_at LIMIT 1
"""
_ENDPOINTS = f"""
SELECT e.tenant_id, e.id FROM events_webhookendpoint e CROSS JOIN LATERAL (SELECT 1 {_DUE}) AS next
WHERE e.tenant_id = ANY(%(tenants)s) AND {_FREE}
UNION SELECT e.tenant_id, e.id FROM events_webhookendpoint e CROSS JOIN LATERAL (SELECT 1 {_TEST_DUE}) AS next
WHERE e.tenant_id = ANY(%(tenants)s) AND {_TESTED}
"""


@dataclass(frozen=True, kw_only=True)
class Leased:
    delivery: WebhookDelivery
    attempt: WebhookAttempt


def send_due(*, endpoint_id: UUID, now: datetime | None = None, budget: float = BUDGET_SECONDS) -> int:
    """Send what is due to an endpoint, for about ten seconds; return how many attempts were made.

    No attempt is made while another worker calls the endpoint, while it rests, or while the tenant has no slot free.

    :param now: stands for the clock, in tests.
    """

    def clock() -> datetime:
        return now or timezone.now()

    deadline, rest = time.monotonic() + budget, 0.0
    attempts = _send_tests(endpoint_id, clock)
    if not take_turn(endpoint_id, clock()):
        return attempts
    try:
        while not rest and (leased := _lease(endpoint_id, clock())) is not None:
            rest = _record(leased, _call(leased.delivery, clock()), clock())
            attempts += 1
            if time.monotonic() > deadline:
                break
    except SlotsTaken:
        return attempts
    finally:
        end_turn(endpoint_id, clock(), rest=rest)
    if attempts:
        _ring_next(endpoint_id, clock())
    if _is_due(endpoint_id, clock()):
        ring(current_tenant(), endpoint_id, countdown=rest)
    return attempts


def due_endpoints(tenants: Iterable[str]) -> list[tuple[str, UUID]]:
    """List (tenant, endpoint) that have something due; for the sweeper."""
    with connection.cursor() as cursor:
        cursor.execute(
            _ENDPOINTS,
            {"now": timezone.now() - MOMENT, "tenants": list(tenants)},
        )
        return list(cursor.fetchall())


def _send_tests(endpoint_id: UUID, clock: Callable[[], datetime]) -> int:
    """Send what an operator has asked for to see how the endpoint answers."""
    attempts = 0
    with suppress(SlotsTaken):
        while (leased := _lease(endpoint_id, clock(), _LEASE_TEST)) is not None:
            _record(leased, _call(leased.delivery, clock()), clock())
            attempts += 1
    return attempts


def _lease(endpoint_id: UUID, now: datetime, statement: str = _LEASE_EVENT) -> Leased | None:
    """Hold a delivery for a while and record the attempt, before anything is sent.

    :raises SlotsTaken: when the tenant has no slot free.
    """
    with unit_of_work():
        require_slot(QUEUE, lambda: _in_flight(now))
        with connection.cursor() as cursor:
            until = now + timedelta(seconds=LEASE_SECONDS)
            cursor.execute(statement, {"endpoint": endpoint_id, "tenant": current_tenant(), "now": now, "until": until})
            row = cursor.fetchone()
        if row is None:
            return None
        delivery = WebhookDelivery.objects.get(id=row[0])
        attempt = WebhookAttempt.objects.create(
            tenant_id=delivery.tenant_id, delivery=delivery, number=delivery.attempts, attempted_at=now
        )
    return Leased(delivery=delivery, attempt=attempt)


def _in_flight(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_IN_FLIGHT, {"tenant": current_tenant(), "now": now})
        count: int = cursor.fetchone()[0]
    return count


def _ring_next(endpoint_id: UUID, now: datetime) -> None:
    """Ring for the endpoint of the tenant that waits longest beside this one: it may have found no slot."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"endpoint": endpoint_id, "tenant": current_tenant(), "now": now})
        row = cursor.fetchone()
    if row is not None:
        ring(current_tenant(), row[0])


def _is_due(endpoint_id: UUID, now: datetime) -> bool:
    """Look once more after a turn: whoever rang meanwhile was sent away."""
    with connection.cursor() as cursor:
        cursor.execute(
            _IS_DUE,
            {"endpoint": endpoint_id, "tenant": current_tenant(), "now": now},
        )
        return cursor.fetchone() is not None


def _call(delivery: WebhookDelivery, now: datetime) -> Answer:
    endpoint = delivery.endpoint
    if delivery.type == TRIAL:
        subject = f"webhook_endpoint:{endpoint.id}"
        made = trial(
            trial_id=delivery.event_id, tenant_id=delivery.tenant_id, subject=subject, made_at=delivery.created_at
        )
        return post_signed(endpoint, str(delivery.event_id), made.body)
    if _has_killed(delivery, now):
        return Answer.unsent("no worker that tried it for three days has come to an end")
    try:
        stored = read_at(delivery.tenant_id, delivery.position)
    except EventArchived as error:
        return Answer.undeliverable(f"EventArchived: {error.detail}")
    found = outward(stored, terms_of_tenant().pinned(endpoint.pins))
    if isinstance(found, Undeliverable):
        say = Answer.unsent if found.newer else Answer.undeliverable
        return say(f"this event cannot be delivered: {found.reason}")
    return post_signed(endpoint, str(delivery.event_id), found.body)


def _has_killed(delivery: WebhookDelivery, now: datetime) -> bool:
    """Say whether the time for a delivery is over, and the attempt before this one was never answered."""
    if delivery.first_attempt_at is None or now - delivery.first_attempt_at < PATIENCE:
        return False
    before = WebhookAttempt.objects.filter(delivery=delivery, number=delivery.attempts - 1)
    return before.filter(status=None, error="").exists()


def _record(leased: Leased, answer: Answer, now: datetime) -> float:
    """Write the outcome of an attempt; return for how many seconds the endpoint is to rest.

    What an operator did with the delivery during the call stands.
    """
    delivery, endpoint = leased.delivery, leased.delivery.endpoint
    state, delay = _outcome(delivery, answer, now)
    with unit_of_work():
        WebhookAttempt.objects.filter(id=leased.attempt.id).update(
            status=answer.status, milliseconds=answer.milliseconds, error=answer.error, response=answer.response
        )
        ours = WebhookDelivery.objects.filter(id=delivery.id, attempts=delivery.attempts, state=delivery.State.SENDING)
        ours.update(
            state=state,
            next_attempt_at=now + timedelta(seconds=delay),
            delivered_at=now if answer.delivered else None,
        )
        rest = 0.0 if answer.hopeless or delivery.type == TRIAL else _note_health(endpoint, answer, now)
    metrics.deliveries.labels(state.lower()).inc()
    if not answer.delivered:
        logger.warning(
            "webhook_failed",
            tenant=delivery.tenant_id,
            endpoint=str(endpoint.id),
            event_id=str(delivery.event_id),
            attempt=delivery.attempts,
            status=answer.status,
            error=answer.error,
        )
    if state == WebhookDelivery.State.PENDING:
        ring(delivery.tenant_id, endpoint.id, countdown=max(delay, rest))
    return rest


def _outcome(delivery: WebhookDelivery, answer: Answer, now: datetime) -> tuple[str, float]:
    if answer.delivered:
        return WebhookDelivery.State.DELIVERED, 0.0
    if delivery.type == TRIAL:
        return WebhookDelivery.State.FAILED, 0.0
    if answer.hopeless:
        return WebhookDelivery.State.PARKED, 0.0
    if delivery.first_attempt_at is not None and now - delivery.first_attempt_at >= PATIENCE:
        return WebhookDelivery.State.PARKED, 0.0
    return WebhookDelivery.State.PENDING, max(BACKOFF.delay(delivery.attempts), min(answer.retry_after, BACKOFF.cap))


def _note_health(endpoint: WebhookEndpoint, answer: Answer, now: datetime) -> float:
    """Note how an endpoint does, and return for how many seconds it is to rest: until Retry-After, when it asks for it.

    One that is dead for a day is paused, which is an event itself.
    """
    rows = WebhookEndpoint.objects.filter(id=endpoint.id)
    if answer.delivered:
        rows.exclude(failing_since=None).update(failing_since=None, failures=0)
        return 0.0
    asked_for = min(answer.retry_after, BACKOFF.cap)
    row = rows.select_for_update(no_key=True).get()
    since, failures = row.failing_since or now, row.failures + 1
    rows.update(failing_since=since, failures=failures)
    if row.state == row.State.ACTIVE and now - since >= DEAD_AFTER and failures >= DEAD_FAILURES:
        reason = (
            f"{failures} attempts failed since {since:%Y-%m-%d %H:%M} UTC; the last: {answer.error or answer.status}"
        )
        pause_endpoint(endpoint_id=endpoint.id, reason=reason, now=now)
    return max(rest_after(failures), asked_for)
