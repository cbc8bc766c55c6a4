"""After a restore: a new epoch, so that no cursor of the log that was lost is taken for one of this log."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from events.operations.actions import record_action, require_reason
from events.publishing.unit_of_work import unit_of_work
from kernel.refusals import Refusal
from kernel.tenancy import in_public_schema


class StillServing(Refusal):
    code = "still-serving"
    title = "Processes still running"


@dataclass(frozen=True, kw_only=True)
class NewEpoch:
    """:param starts: for each tenant the last position that the new epoch shares with the one before."""

    number: int
    starts: dict[str, int]


# The number follows the clock: had it only followed the rows, a second restore of one backup would give a number again
# that consumers hold cursors of.
_BEGIN = """
INSERT INTO events_epoch (number, began_at)
SELECT greatest(max(number) + 1, extract(epoch FROM clock_timestamp())::bigint), clock_timestamp() FROM events_epoch
RETURNING number
"""
# Where the database was restored a while ago, what was recorded since then belongs to the new epoch already.
_START = """
WITH RECURSIVE logged AS (
    (SELECT tenant_id FROM events_event ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT e.tenant_id FROM events_event e WHERE e.tenant_id > logged.tenant_id ORDER BY e.tenant_id LIMIT 1)
    FROM logged WHERE logged.tenant_id IS NOT NULL
),
tenant AS (
    SELECT tenant_id FROM logged WHERE tenant_id IS NOT NULL
    UNION SELECT tenant_id FROM events_floor UNION SELECT tenant_id FROM events_subscription
)
INSERT INTO events_epochstart (epoch, tenant_id, since)
SELECT %(number)s, tenant.tenant_id, least(
    greatest(
        (SELECT max(position) FROM events_event e WHERE e.tenant_id = tenant.tenant_id),
        (SELECT position FROM events_floor f WHERE f.tenant_id = tenant.tenant_id),
        0
    ),
    (
        SELECT min(position) - 1 FROM events_event e
        WHERE e.tenant_id = tenant.tenant_id AND e.recorded_at >= %(restored_at)s::timestamptz
    )
)
FROM tenant ORDER BY tenant.tenant_id
RETURNING tenant_id, since
"""


# Web processes and workers keep a session each, from their start. That of pg_restore is a superuser's.
_SERVING = """
SELECT pid, coalesce(host(client_addr), 'this machine'), coalesce(nullif(application_name, ''), 'no name')
FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
ORDER BY pid
"""


def require_nobody_serves() -> None:
    """:raises StillServing: when the application's role has other sessions in this database."""
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(_SERVING)
        sessions = [f"{pid} ({host}, {name})" for pid, host, name in cursor.fetchall()]
    if sessions:
        message = (
            f"{len(sessions)} other sessions of the application's role use this database: stop web processes and"
            " workers first, for every cursor outside is refused afterwards;"
            f" server processes {', '.join(sessions[:5])}"
        )
        raise StillServing(message)


def begin_epoch(*, operator: str, reason: str, restored_at: datetime | None = None) -> NewEpoch:
    """Begin an epoch of the whole database. Part of every restore, before anything serves.

    :param restored_at: when the database was restored, where something has been recorded since; otherwise now.
    :raises ReasonMissing: when no reason is given.
    """
    require_reason(reason, "why every cursor from before is to be refused: --reason 'restored the backup of ...'")
    with in_public_schema(), unit_of_work():
        with connection.cursor() as cursor:
            cursor.execute(_BEGIN)
            (number,) = cursor.fetchone()
            cursor.execute(_START, {"number": number, "restored_at": restored_at})
            starts = dict(cursor.fetchall())
        record_action(f"new epoch {number}", "", operator, reason)
    return NewEpoch(number=number, starts=starts)
