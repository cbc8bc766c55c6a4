"""The Celery tasks: one for each subscriber, under its own name, that of rounds, and the platform's periodic ones."""

from typing import Any
from uuid import UUID

import structlog
from celery import Celery, Task, shared_task
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django_tenants.utils import get_public_schema_name

from events.delivery.bells import BellsInRound
from events.delivery.drain import Drain
from events.delivery.round import Round
from events.delivery.verdicts import is_told_to_end, outages_raised_for_a_retry
from events.idempotency import keys
from events.maintenance import retention, sweeper
from events.observability.requests import RoundRequest
from events.operations import accounts, audit
from events.operations.releasing import tenants_to_release
from events.outgoing.calls import send_in_line
from events.publishing import safekeeping
from events.subscriptions.declarations import unbound
from events.subscriptions.doorbells import doorbells
from events.subscriptions.messages import ROUND
from events.subscriptions.parking import STARTING_SECONDS, summary
from events.subscriptions.registry import Run, Subscriber, all_subscribers
from kernel.tenancy import TenantRefused, in_public_schema, in_tenant, tenant_for_task

logger = structlog.get_logger(__name__)

RETRY_ON_INFRASTRUCTURE: dict[str, Any] = {
    "autoretry_for": (OperationalError, InterfaceError),
    "retry_backoff": True,
    "retry_backoff_max": 60,
    "retry_jitter": True,
    "max_retries": 8,
}
RETENTION_SECONDS = 4 * 3600


FORWARD_LIMITS = {"soft_time_limit": 90, "time_limit": 120}
"""Of subscribers that send their events elsewhere: a batch is confirmed within half a minute."""


def drain_tenant(subscriber: Subscriber, tenant: str) -> dict[str, Any]:
    """Drain for one tenant, in its schema; a doorbell for a tenant that may not work is refused.

    :raises TenantRefused: when the tenant is missing, unknown, suspended, or `public`.
    """
    if subscriber.platform:
        if tenant != get_public_schema_name():
            message = f"{subscriber.name} listens to the platform's log, not to {tenant!r}"
            raise TenantRefused(message)
        with in_public_schema():
            return {"tenant": tenant, "handled": Drain(subscriber, tenant, doorbells).run()}
    with in_tenant(tenant_for_task(tenant)):
        return {"tenant": tenant, "handled": drain_of(subscriber, tenant).run()}


def drain_and_live(subscriber: Subscriber, tenant: str) -> dict[str, Any]:
    """Drain for one tenant; a handler that asks its process to end has failed, and the process goes on.

    A pool that loses a child hands out nothing while it makes another, and a child that exits by itself is handed tasks
    until it is gone, a second or two later: other subscribers would wait. The drain has counted the death.
    """
    try:
        return drain_tenant(subscriber, tenant)
    except Exception:
        raise
    except BaseException as death:
        if is_told_to_end(death):
            raise
        doorbells.ring_later(tenant, subscriber, countdown=STARTING_SECONDS)
        return {"tenant": tenant, "handled": 0, "died": summary(death)}


def drain_round(tenant: str, queue: str) -> dict[str, Any]:
    """Drain, one after the other, the subscribers of a queue that have news for one tenant, in its schema.

    :raises TenantRefused: when the tenant is missing, unknown or suspended.
    """
    if tenant == get_public_schema_name():
        with in_public_schema():
            return _round_of(tenant, queue, platform=True)
    try:
        found = tenant_for_task(tenant)
    except TenantRefused:
        doorbells.silence_round(tenant, queue, {})
        raise
    with in_tenant(found):
        return _round_of(tenant, queue, platform=False)


def _round_of(tenant: str, queue: str, *, platform: bool) -> dict[str, Any]:
    chosen = [each for each in all_subscribers(platform=platform) if each.queue == queue and each.in_rounds]

    def drain(subscriber: Subscriber, bells: BellsInRound, store: Any, budget: float) -> Drain:
        return Drain(subscriber, tenant, bells, store=store, looks_again=False, budget=budget)

    drained = Round(tenant, queue, chosen, doorbells, drain).run()
    return {"tenant": tenant, "queue": queue, "drained": [each.told for each in drained]}


def drain_of(subscriber: Subscriber, tenant: str) -> Run:
    return (subscriber.forward or Drain)(subscriber, tenant, doorbells)


def handler_limits() -> dict[str, float]:
    """Return the seconds after which a handler is interrupted, and its process is killed; both count as a start."""
    return {"soft_time_limit": settings.HANDLER_SECONDS, "time_limit": 1.5 * settings.HANDLER_SECONDS}


def register_drains(app: Celery) -> None:
    """Give every subscriber a Celery task under its own name."""
    for subscriber in all_subscribers():
        if subscriber.name not in app.tasks:
            _register_drain(app, subscriber)
    if ROUND not in app.tasks:
        _register_round(app)


def _register_round(app: Celery) -> None:
    def drain(_task: Task[..., Any], tenant: str, queue: str) -> dict[str, Any]:
        with outages_raised_for_a_retry():
            return drain_round(tenant, queue)

    options: dict[str, Any] = {"resultrepr_maxsize": RoundRequest.LONGEST_RESULT, "Request": RoundRequest}
    options |= {**RETRY_ON_INFRASTRUCTURE, **handler_limits()}
    register: Any = app.task(name=ROUND, bind=True, **options)
    register(drain)


def _register_drain(app: Celery, subscriber: Subscriber) -> None:
    def drain(_task: Task[..., Any], tenant: str) -> dict[str, Any]:
        with outages_raised_for_a_retry():
            return drain_and_live(subscriber, tenant)

    limits = handler_limits() if subscriber.forward is None else FORWARD_LIMITS
    options = {**RETRY_ON_INFRASTRUCTURE, **limits}
    register: Any = app.task(name=subscriber.name, bind=True, queue=subscriber.queue, **options)
    register(drain)


@shared_task(name="events.send", queue="mail", **RETRY_ON_INFRASTRUCTURE)
def send(tenant: str, outgoing: str) -> dict[str, Any]:
    """Send a row of what leaves the database, and what waits for a slot after it; its queue is the sender's."""
    with in_tenant(tenant_for_task(tenant)):
        return {"tenant": tenant, "state": send_in_line(UUID(outgoing))}


@shared_task(name="events.sweep", queue="platform", expires=10, ignore_result=True)
def sweep() -> int:
    return sweeper.sweep()


@shared_task(name="events.look_after_tables", queue="platform", ignore_result=True)
def look_after_tables() -> dict[str, int]:
    """Make partitions, forget old records, and report what `manage.py subscribe` has not bound: it is not done here.

    A worker that subscribed by itself would bind what another release declares, or step over what it does not know.
    """
    with in_public_schema():
        missing = unbound(tenants_to_release())
        forgotten = keys.forget_old()
        audit.forget_old()
        safekeeping.forget_old()
    for tenant_id, subscriber, count, first in missing:
        logger.warning("types_unbound", tenant=tenant_id, subscriber=subscriber, types=count, first=first)
    return {"unbound": len(missing), "partitions": sweeper.make_partitions(), "forgotten": forgotten}


@shared_task(name="events.check_accounts", queue="platform", expires=30, ignore_result=True)
def check_accounts() -> int:
    """Check the next piece of every subscription's accounts."""
    with in_public_schema():
        return accounts.check_accounts()


@shared_task(
    name="events.retain",
    queue="platform",
    expires=3600,
    ignore_result=True,
    acks_late=False,
    soft_time_limit=RETENTION_SECONDS,
    time_limit=RETENTION_SECONDS + 60,
)
def retain() -> list[str]:
    """Archive and drop the months that need not be kept; nothing, where RETENTION_MONTHS is 0.

    Acknowledged at once: it may take longer than the broker waits for an answer, and beat asks again every hour.
    """
    if not settings.RETENTION_MONTHS:
        return []
    with in_public_schema():
        done = retention.retain(before=sweeper.oldest_to_keep(timezone.now(), settings.RETENTION_MONTHS))
    return [f"{month.month}: {month.kept_because or 'dropped'}" for month in done]
