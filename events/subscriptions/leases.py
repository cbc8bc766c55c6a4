"""Leases of subscriptions: for subscribers whose effect is outside, so that no transaction waits for it."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from events.subscriptions.bindings import HEARD, Heard, heard
from events.subscriptions.cursors import Isolation, Suspicion
from events.subscriptions.parking import PARKED_FLAGS
from kernel.ids import new_id
from kernel.tenancy import current_tenant

LEASE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Lease:
    """What a bridge holds while it sends.

    :param failures: how often in a row sending from this cursor has failed. :param heard: what it is bound to.
    :param deaths: how many leases in a row were not given back while the cursor stood here. The first may have been
        over several messages, which counts as two where each is sent alone already.
    """

    token: UUID
    cursor: int
    failures: int
    blocked: bool
    due: bool
    heard: Heard
    isolation: Isolation | None = None
    started: int = 0
    deaths: int = 0


def take(tenant_id: str, subscriber: str) -> Lease | None:
    """Hold a subscription for a minute; None when another has it, it is paused, or it must wait after a failure.

    A lease that is over and was not given back is counted: its process has died, or should have.
    """
    token = new_id()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE events_subscription
            SET lease = %(token)s, leased_until = clock_timestamp() + make_interval(secs => %(seconds)s),
                outages = CASE
                    WHEN lease IS NULL THEN outages
                    WHEN outage_position = cursor AND outages > 0 THEN outages + 1
                    WHEN isolation = 'KILLS' AND isolated_until > cursor THEN 2
                    ELSE 1 END,
                outage_position = CASE WHEN lease IS NULL THEN outage_position ELSE cursor END
            WHERE tenant_id = %(tenant)s AND subscriber = %(subscriber)s AND paused_at IS NULL
                AND (leased_until IS NULL OR leased_until < clock_timestamp())
            RETURNING cursor, starts, isolation, isolated_until,
                CASE WHEN outage_position = cursor THEN outages ELSE 0 END;
            SELECT {PARKED_FLAGS}, {HEARD}
            FROM events_subscription s WHERE s.tenant_id = %(tenant)s AND s.subscriber = %(subscriber)s
            """,
            {"token": token, "seconds": LEASE_SECONDS, "tenant": tenant_id, "subscriber": subscriber},
        )
        row = cursor.fetchone()
        if row is None:
            return None
        cursor.nextset()
        flags = cursor.fetchone()
    position, failures, suspicion, until, deaths = row
    isolated = Isolation(until=until, suspicion=Suspicion(suspicion)) if suspicion and until > position else None
    return Lease(
        token=token,
        cursor=position,
        failures=failures,
        blocked=flags[0],
        due=flags[1] is not None and flags[1] <= 0,
        heard=heard(flags[2]),
        isolation=isolated,
        deaths=deaths,
    )


def release(lease: Lease) -> bool:
    """Give a lease back; False when it was lost meanwhile, and what was done under it must not be booked."""
    return _end(lease, "lease = NULL, leased_until = NULL, starts = 0, outages = 0", [])


def postpone(lease: Lease, seconds: float) -> bool:
    """Give a lease back after a failure: nobody takes it for a while."""
    wait = "lease = NULL, starts = starts + 1, leased_until = clock_timestamp() + make_interval(secs => %s)"
    return _end(lease, wait, [seconds])


def abandon(lease: Lease, *, died: bool) -> bool:
    """End a lease under which something went wrong. After a death it is over, but not given back: that is counted."""
    return _end(lease, "leased_until = clock_timestamp()" if died else "lease = NULL, leased_until = NULL", [])


def _end(lease: Lease, changes: str, parameters: list[float]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE events_subscription SET {changes} WHERE lease = %s AND tenant_id = %s",
            [*parameters, lease.token, current_tenant()],
        )
        return bool(cursor.rowcount)
