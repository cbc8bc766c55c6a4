"""Redaction: what older versions of events told of people and cards is taken out of the log, once.

What a subscriber has yet to handle, and what is parked for one, stays as it is until that has come to an end. What is
taken out, and which bytes those were, is recorded as an operator's act in the transaction that does it.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from events.models import OperatorAction
from events.subscriptions.parking import State
from kernel.tenancy import in_public

ACTION = "redact"
PAGE = 1000
"""How many events of a type one statement looks at, and one transaction changes at most."""
LOCK = "events.redaction"


class NotInPublic(Exception):
    """The session sees one tenant's rows only, and may not change the log."""


@dataclass(frozen=True, kw_only=True)
class Redacted:
    """The outcome of the events of one type of a tenant.

    :param events: how many were redacted. :param waiting: how many are not, because somebody has yet to handle them.
    """

    tenant_id: str
    type: str
    events: int
    waiting: int


# Tenant after tenant, each by one look into the index: also those whose names are no tenants any more.
_TENANTS = """
WITH RECURSIVE logged AS (
    (SELECT tenant_id FROM events_event ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT e.tenant_id FROM events_event e WHERE e.tenant_id > logged.tenant_id ORDER BY e.tenant_id LIMIT 1)
    FROM logged WHERE logged.tenant_id IS NOT NULL
)
SELECT tenant_id FROM logged WHERE tenant_id IS NOT NULL
"""

# A subscription that older code made, and that no release step has bound yet, may hear whatever comes after its cursor.
AWAITED = """
EXISTS (
    SELECT 1 FROM events_parkedevent p
    WHERE p.tenant_id = e.tenant_id AND p.position = e.position AND p.state <> %(discarded)s
) OR EXISTS (
    SELECT 1 FROM events_subscription s WHERE s.tenant_id = e.tenant_id AND s.cursor < e.position AND (
        NOT EXISTS (SELECT 1 FROM events_binding b WHERE b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber)
        OR EXISTS (
            SELECT 1 FROM events_binding b WHERE b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber
            AND b.type = e.type AND e.position > b.since AND (b.until IS NULL OR e.position <= b.until)
        )
    )
)
"""

_LOOK = f"""
WITH page AS MATERIALIZED (
    SELECT e.tenant_id, e.type, e.position, e.recorded_at, e.version, e.data FROM events_event e
    WHERE e.tenant_id = %(tenant)s AND e.type = %(type)s AND e.position > %(after)s ORDER BY e.position LIMIT %(limit)s
)
SELECT e.position, e.recorded_at, e.data::text, {AWAITED}
FROM page e WHERE e.data IS DISTINCT FROM events_redacted(e.type, e.version, e.data)
ORDER BY e.position
"""
_LAST = """
SELECT max(position) FROM (
    SELECT e.position FROM events_event e
    WHERE e.tenant_id = %(tenant)s AND e.type = %(type)s AND e.position > %(after)s ORDER BY e.position LIMIT %(limit)s
) AS page
"""
_REDACT = """
UPDATE events_event e SET data = events_redacted(e.type, e.version, e.data)
FROM unnest(%s::bigint[], %s::timestamptz[]) AS chosen (position, recorded_at)
WHERE e.tenant_id = %s AND e.position = chosen.position AND e.recorded_at = chosen.recorded_at
"""

# What a mail server answers names the address that it refuses.
_ERRORS = r"""
UPDATE {table} SET error = regexp_replace(error, '[[:alnum:]_.+-]+@[[:alnum:]_-]+\.[[:alnum:]_.]+', '(an address)', 'g')
WHERE tenant_id = %s AND state = ANY(%s) AND error ~ '[[:alnum:]_.+-]+@[[:alnum:]_-]+\.[[:alnum:]_.]+'
"""
_ENDED: dict[str, list[str]] = {
    "events_outgoing": ["DELIVERED", "FAILED", "UNKNOWN"],
    "events_parkedevent": [State.DISCARDED],
}


def redact(*, operator: str, tenant_id: str | None = None, dry_run: bool = False) -> Iterator[Redacted]:
    """Redact what everybody has handled, of one tenant or of all, page by page. In `public`. May be repeated.

    :param operator: who acts, for the record. :param dry_run: only count.
    :raises NotInPublic: when the session would see only one tenant's rows.
    """
    if not in_public():
        message = "the log is redacted in the public schema: no tenant's session may change it"
        raise NotInPublic(message)
    types = redacted_types()
    with connection.cursor() as cursor:
        cursor.execute(_TENANTS)
        tenants = [name for (name,) in cursor.fetchall() if tenant_id in {None, name}]
    for name in tenants:
        for kind in types:
            yield _redact_type(name, kind, operator, dry_run=dry_run)
        if not dry_run:
            _redact_errors(name)


def redacted_types() -> list[str]:
    """Return the types whose older versions hold something that is redacted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT unnest(events_redacted_types())")
        return [kind for (kind,) in cursor.fetchall()]


def digest_of(rows: Iterable[tuple[int, str]]) -> str:
    """Return what proves which events were redacted, to who has a backup and this deployment's secret key.

    HMAC-SHA256 over position and SHA-256 of the data, as PostgreSQL writes it, of each event. Without the key nobody
    can try whether a guessed address was among them.
    """
    key = hashlib.sha256(b"tillflow redaction" + settings.SECRET_KEY.encode()).digest()
    digest = hmac.new(key, digestmod=hashlib.sha256)
    for position, data in rows:
        digest.update(f"{position} {hashlib.sha256(data.encode()).hexdigest()}\n".encode())
    return digest.hexdigest()


def record(tenant_id: str, operator: str, what: str) -> None:
    OperatorAction.objects.create(
        tenant_id=tenant_id, subscriber="", action=ACTION, operator=operator, reason=what, acted_at=timezone.now()
    )


def _redact_type(tenant_id: str, kind: str, operator: str, *, dry_run: bool) -> Redacted:
    events = waiting = after = 0
    while True:
        with transaction.atomic():
            page = {"tenant": tenant_id, "type": kind, "after": after, "limit": PAGE, "discarded": State.DISCARDED}
            found, last = _look(page)
            ready = [row for row in found if not row[-1]]
            events, waiting = events + len(ready), waiting + len(found) - len(ready)
            if ready and not dry_run:
                _redact_rows(tenant_id, kind, ready, operator)
        if last is None:
            return Redacted(tenant_id=tenant_id, type=kind, events=events, waiting=waiting)
        after = last


Row = tuple[int, datetime, str, bool]


def _look(page: dict[str, Any]) -> tuple[list[Row], int | None]:
    """Return what is to be redacted in a page, and the page's last position; None behind the last page."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 3))", [LOCK])
        cursor.execute(_LAST, page)
        (last,) = cursor.fetchone()
        if last is None:
            return [], None
        cursor.execute(_LOOK, page)
        return cursor.fetchall(), last


def _redact_rows(tenant_id: str, kind: str, rows: list[Row], operator: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_REDACT, [[row[0] for row in rows], [row[1] for row in rows], tenant_id])
        changed = cursor.rowcount
    digest = digest_of((position, data) for position, _, data, _ in rows)
    where = f"positions {rows[0][0]} to {rows[-1][0]}"
    record(tenant_id, operator, f"{changed} events of {kind}, {where}, hmac-sha256 {digest}")


def _redact_errors(tenant_id: str) -> None:
    with connection.cursor() as cursor:
        for table, ended in _ENDED.items():
            cursor.execute(_ERRORS.format(table=table), [tenant_id, ended])
