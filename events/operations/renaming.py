"""Renaming: what a subscriber has under its old name becomes the new name's, in one transaction."""

from dataclasses import dataclass

from django.db import connection

from events.subscriptions.bindings import OPEN
from events.subscriptions.declarations import note_rename
from events.subscriptions.holding import hold
from events.subscriptions.parking import UNRESOLVED
from kernel.refusals import Refusal


class RenameRefused(Refusal):
    code = "rename-refused"
    title = "Rename refused"


@dataclass(frozen=True, kw_only=True)
class Renamed:
    before: str
    after: str
    processed: int
    parked: int


# Of both names: whether the subscription exists, where it started, whether it has handled or parked anything, and
# whether it has nothing left to do.
_STATE = f"""
SELECT s.subscriber, s.start,
    EXISTS (SELECT 1 FROM events_processedevent d WHERE d.tenant_id = s.tenant_id AND d.subscriber = s.subscriber)
    OR EXISTS (SELECT 1 FROM events_parkedevent p WHERE p.tenant_id = s.tenant_id AND p.subscriber = s.subscriber),
    NOT EXISTS (SELECT 1 FROM events_binding b WHERE {OPEN}) AND NOT EXISTS (
        SELECT 1 FROM events_parkedevent p WHERE p.tenant_id = s.tenant_id AND p.subscriber = s.subscriber
            AND p.state = ANY(%(unresolved)s)
    )
FROM events_subscription s
WHERE s.tenant_id = %(tenant)s AND s.subscriber = ANY(ARRAY[%(before)s, %(after)s])
"""

# The processed rows are inserted again: the log of what was applied is append-only, but for deleting in `public`.
_MOVE = """
UPDATE events_subscription SET subscriber = %(after)s, updated_at = clock_timestamp()
WHERE tenant_id = %(tenant)s AND subscriber = %(before)s;
UPDATE events_account SET subscriber = %(after)s WHERE tenant_id = %(tenant)s AND subscriber = %(before)s;
"""
_MOVE_PARKED = (
    "UPDATE events_parkedevent SET subscriber = %(after)s WHERE tenant_id = %(tenant)s AND subscriber = %(before)s"
)
_MOVE_PROCESSED = """
WITH moved AS (
    DELETE FROM events_processedevent WHERE tenant_id = %(tenant)s AND subscriber = %(before)s
    RETURNING tenant_id, position, recorded_at, processed_at
)
INSERT INTO events_processedevent (tenant_id, subscriber, position, recorded_at, processed_at)
SELECT tenant_id, %(after)s, position, recorded_at, processed_at FROM moved
"""
_DROP = """
DELETE FROM events_subscription WHERE tenant_id = %(tenant)s AND subscriber = %(dropped)s;
DELETE FROM events_account WHERE tenant_id = %(tenant)s AND subscriber = %(dropped)s;
"""


def rename(tenant_id: str, before: str, after: str) -> Renamed | None:
    """Give what a tenant's subscription has to a new name; None when there is nothing under the old one.

    Only from `public`, inside a transaction: the locks of both are held until its end. A subscription of the new name
    that has handled nothing gives way, and so does one of the old name that began later and has handled nothing.

    :raises RenameRefused: when both have handled events: what both heard would be lost or applied twice.
    :raises SubscriptionBusy: when a drain or a bridge holds one of them for longer than a moment.
    """
    names = {"tenant": tenant_id, "before": before, "after": after}
    if not _exists(names):
        return None
    for name in sorted([before, after]):
        hold(tenant_id, name)
    with connection.cursor() as cursor:
        cursor.execute(_STATE, {**names, "unresolved": UNRESOLVED})
        found = {name: (start, progress, spent) for name, start, progress, spent in cursor.fetchall()}
        if before not in found:
            return None
        start, progress, spent = found[before]
        if after in found:
            new_start, new_progress, _ = found[after]
            if new_progress and (spent or (not progress and new_start <= start)):
                if not progress:
                    cursor.execute(_DROP, {"tenant": tenant_id, "dropped": before})
                return None
            if new_progress:
                message = (
                    f"{tenant_id} has {before} and {after}, and both have handled events: "
                    f"end one of them with manage.py unsubscribe"
                )
                raise RenameRefused(message)
            cursor.execute(_DROP, {"tenant": tenant_id, "dropped": after})
        cursor.execute(_MOVE, names)
        cursor.execute(_MOVE_PARKED, names)
        parked = cursor.rowcount
        cursor.execute(_MOVE_PROCESSED, names)
        processed = cursor.rowcount
    note_rename(before, after)
    return Renamed(before=before, after=after, processed=processed, parked=parked)


def _exists(names: dict[str, str]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM events_subscription WHERE tenant_id = %(tenant)s AND subscriber = %(before)s", names
        )
        return cursor.fetchone() is not None
