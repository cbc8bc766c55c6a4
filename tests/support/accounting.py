"""The accounts by the whole log, beside what the pieces brought to the books."""

from django.db import connection

from events.subscriptions.bindings import HEARS
from kernel.walls import here, wall

_UNACCOUNTED = f"""
SELECT count(*)
FROM events_subscription s
JOIN events_binding b ON b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber
JOIN events_event e ON e.tenant_id = s.tenant_id AND e.type = b.type AND {HEARS} AND e.position <= s.cursor
WHERE {wall("s")} AND (
    SELECT count(*) FROM events_processedevent d
    WHERE d.tenant_id = s.tenant_id AND d.subscriber = s.subscriber AND d.position = e.position
) + (
    SELECT count(*) FROM events_parkedevent p
    WHERE p.tenant_id = s.tenant_id AND p.subscriber = s.subscriber AND p.position = e.position
) <> 1
"""


def unaccounted() -> int:
    """Count the (event, subscriber) at or below a cursor that are not exactly one of processed, parked, discarded."""
    with connection.cursor() as cursor:
        cursor.execute(_UNACCOUNTED, here())
        count: int = cursor.fetchone()[0]
        return count
