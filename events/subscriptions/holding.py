"""Holding a subscription: whoever changes what it has pending keeps its drains, its bridge and other operators away."""

import time

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from kernel.refusals import Refusal

WAIT_SECONDS = 5.0
"""How long an operator's act waits for the drain, or the bridge, that works on the subscription."""
LOOK_AGAIN_SECONDS = 0.05


class SubscriptionBusy(Refusal):
    code = "subscription-busy"
    title = "Subscription busy"


class _Leased(Exception):
    """A bridge sends what the subscription has pending."""


_HOLD = """
SET LOCAL lock_timeout = %(milliseconds)s;
SELECT cursor, lease IS NOT NULL, lease IS NOT NULL AND leased_until > clock_timestamp()
FROM events_subscription WHERE tenant_id = %(tenant)s AND subscriber = %(subscriber)s FOR NO KEY UPDATE
"""


def hold(tenant_id: str, subscriber: str) -> int | None:
    """Lock a subscription until the end of this transaction; return its cursor, None when there is no such row.

    Waits for the drain that has it, or for the lease of its bridge. A lease that is over is ended: what its bridge
    still sends is not booked, and is sent again.

    :raises SubscriptionBusy: when it was not to be had in `WAIT_SECONDS`.
    """
    return _hold(tenant_id, subscriber, past_lease=False)


def hold_beside_lease(tenant_id: str, subscriber: str) -> int | None:
    """Lock a subscription as `hold` does, but do not wait for the lease of its bridge: it looks when it takes the next.

    :raises SubscriptionBusy: when it was not to be had in `WAIT_SECONDS`.
    """
    return _hold(tenant_id, subscriber, past_lease=True)


def _hold(tenant_id: str, subscriber: str, *, past_lease: bool) -> int | None:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            with transaction.atomic():
                return _lock(tenant_id, subscriber, max(0.001, deadline - time.monotonic()), past_lease=past_lease)
        except _Leased:
            if time.monotonic() >= deadline:
                raise _busy(subscriber, "its bridge is sending") from None
            time.sleep(LOOK_AGAIN_SECONDS)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            raise _busy(subscriber, "a drain or another operator is at work on it") from None


def _lock(tenant_id: str, subscriber: str, seconds: float, *, past_lease: bool) -> int | None:
    """:raises _Leased: when a bridge has a lease that is not over."""
    asked = {"tenant": tenant_id, "subscriber": subscriber}
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, {**asked, "milliseconds": max(1, int(seconds * 1000))})
        cursor.nextset()
        row = cursor.fetchone()
        if row is None:
            return None
        position, leased, sending = row
        if sending and not past_lease:
            raise _Leased
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
        if leased and not past_lease:
            cursor.execute(
                "UPDATE events_subscription SET lease = NULL WHERE tenant_id = %(tenant)s"
                " AND subscriber = %(subscriber)s",
                asked,
            )
        return int(position)


def _busy(subscriber: str, why: str) -> SubscriptionBusy:
    return SubscriptionBusy(f"{subscriber} cannot be changed now: {why}. Nothing was changed; try again in a moment")
