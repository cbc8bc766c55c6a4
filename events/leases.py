"""Leases of subscriptions: for subscribers whose effect is outside, so that no transaction waits for it."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from events.bindings import HEARD, Heard, heard
from events.cursors import Isolation, Suspicion
from events.parking import PARKED_FLAGS
from kernel.ids import new_id
from kernel.tenancy import current_tenant

LEASE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Lease:
    """:param failures: how often in a row sending from this cursor has failed. :param heard: what it is bound to."""

    token: UUID
    cursor: int
    failures: int
    blocked: bool
    due: bool
    heard: Heard
    isolation: Isolation | None = None
    started: int = 0


def take(tenant_id: str, subscriber: str) -> Lease | None:
    """Hold a subscription for a minute; None when another has it, it is paused, or it must wait after a failure."""
    token = new_id()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE events_subscription
            SET lease = %(token)s, leased_until = clock_timestamp() + make_interval(secs => %(seconds)s)
            WHERE tenant_id = %(tenant)s AND subscriber = %(subscriber)s AND paused_at IS NULL
                AND (leased_until IS NULL OR leased_until < clock_timestamp())
            RETURNING cursor, starts, isolation, isolated_until;
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
    position, failures, suspicion, until = row
    isolated = Isolation(until=until, suspicion=Suspicion(suspicion)) if suspicion and until > position else None
    return Lease(
        token=token,
        cursor=position,
        failures=failures,
        blocked=flags[0],
        due=flags[1] is not None and flags[1] <= 0,
        heard=heard(flags[2]),
        isolation=isolated,
    )


def release(lease: Lease) -> bool:
    """Give a lease back; False when it was lost meanwhile, and what was done under it must not be booked."""
    return _end(lease, "leased_until = NULL, starts = 0", [])


def postpone(lease: Lease, seconds: float) -> bool:
    """Give a lease back after a failure: nobody takes it for a while."""
    wait = "starts = starts + 1, leased_until = clock_timestamp() + make_interval(secs => %s)"
    return _end(lease, wait, [seconds])


def _end(lease: Lease, changes: str, parameters: list[float]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE events_subscription SET lease = NULL, {changes} WHERE lease = %s AND tenant_id = %s",
            [*parameters, lease.token, current_tenant()],
        )
        return bool(cursor.rowcount)
