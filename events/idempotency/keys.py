"""Idempotency keys: the answer of a request, committed with its effect, so that a repetition gets the same answer."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.db import connection

from events.publishing.unit_of_work import current_unit
from kernel.refusals import Refusal
from kernel.tenancy import current_tenant

KEPT_DAYS = 400
MOST_AT_ONCE = 10_000


class IdempotencyKeyReused(Refusal):
    """The key came before, with another request."""

    code = "idempotency-key-reused"
    title = "Idempotency key reused"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Answer:
    """:param body: JSON, as it was sent."""

    status: int
    body: bytes


# The limit is one statement and the INSERT, which may wait, the next; both travel in one round trip.
_CLAIM = """
SET LOCAL lock_timeout = %(patience)s;
INSERT INTO events_idempotencyrecord (tenant_id, scope, key, fingerprint, created_at)
VALUES (%(tenant)s, %(scope)s, %(key)s, %(fingerprint)s, clock_timestamp()) ON CONFLICT DO NOTHING
"""


def fingerprint_of(method: str, path: str, body: Any) -> str:
    """Name a request by what it asks, whatever the order of its members."""
    canonical = json.dumps([method, path, body], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def claim(scope: str, key: str, fingerprint: str, *, patience: str) -> Answer | None:
    """Claim a key in the current transaction; return the answer where the key was answered before.

    A request with the same key that is still being worked on is waited for: the unique key decides, not a look
    before. When it is rolled back, this one goes on in its place.

    :param patience: how long this statement, and each after it in the transaction, waits for a lock, as PostgreSQL
        writes it: `5s`.
    :raises OperationalError: (55P03) when the other request takes longer than that.
    :raises IdempotencyKeyReused: when the key belongs to another request.
    """
    tenant_id = current_tenant()
    of = {"tenant": tenant_id, "scope": scope, "key": key, "fingerprint": fingerprint}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {**of, "patience": patience})
        cursor.nextset()
        if cursor.rowcount:
            return None
        cursor.execute(
            "SELECT fingerprint, status, body::text FROM events_idempotencyrecord"
            " WHERE tenant_id = %s AND scope = %s AND key = %s",
            [tenant_id, scope, key],
        )
        earlier, status, body = cursor.fetchone()
    if earlier != fingerprint:
        message = f"the Idempotency-Key {key} was used for another request"
        raise IdempotencyKeyReused(message)
    return Answer(status=status, body=body.encode())


def remember(scope: str, key: str, *, status: int, body: str) -> None:
    """Store the answer with its effect: in the last round trip of the current unit of work.

    :param body: JSON.
    """
    current_unit().execute_later(
        "UPDATE events_idempotencyrecord SET status = %(status)s, body = %(body)s::json"
        " WHERE tenant_id = %(tenant)s AND scope = %(scope)s AND key = %(key)s",
        {"status": status, "body": body, "tenant": current_tenant(), "scope": scope, "key": key},
    )


def forget_old() -> int:
    """Forget the keys that are older than 400 days, at most so many at once; return how many. In `public`."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM events_idempotencyrecord WHERE (tenant_id, scope, key) IN (
                SELECT tenant_id, scope, key FROM events_idempotencyrecord
                WHERE created_at < clock_timestamp() - make_interval(days => %s) LIMIT %s
            )
            """,
            [KEPT_DAYS, MOST_AT_ONCE],
        )
        return int(cursor.rowcount)
