"""Subscribers on demand: those that a tenant has only when it asked for them (webhooks, bridges).

Ringing asks here, so that a tenant without them pays nothing. A memory that is out of date costs time only: the sweeper
rings for whatever is pending.
"""

import time
from dataclasses import replace
from threading import Lock

from django.db import DatabaseError, connection, transaction

from events.subscriptions.bindings import bind
from events.subscriptions.declarations import renamed_names, wanted
from events.subscriptions.registry import Subscriber, all_subscribers
from kernel.tenancy import current_tenant

REMEMBERED_SECONDS = 30.0

_lock = Lock()
_wanted: dict[str, tuple[float, frozenset[str]]] = {}


def is_wanted(tenant_id: str, subscriber: Subscriber) -> bool:
    return not subscriber.on_demand or subscriber.name in _wanted_by(tenant_id)


def want(subscriber_name: str) -> None:
    """Subscribe the current tenant from its log's head on, where it is not subscribed yet."""
    name = renamed_names().get(subscriber_name, subscriber_name)
    chosen = [replace(each, create=True) for each in wanted(platform=False) if each.subscriber == name]
    with transaction.atomic():
        bind(current_tenant(), chosen)
    forget()


def forget() -> None:
    with _lock:
        _wanted.clear()


def _wanted_by(tenant_id: str) -> frozenset[str]:
    now = time.monotonic()
    with _lock:
        remembered = _wanted.get(tenant_id)
    if remembered and remembered[0] > now:
        return remembered[1]
    names = [subscriber.name for subscriber in all_subscribers() if subscriber.on_demand]
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT subscriber FROM events_subscription WHERE tenant_id = %s AND subscriber = ANY(%s)",
                [tenant_id, names],
            )
            found = frozenset(name for (name,) in cursor.fetchall())
    except DatabaseError:
        return frozenset()
    with _lock:
        _wanted[tenant_id] = (now + REMEMBERED_SECONDS, found)
    return found
