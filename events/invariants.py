"""What must be true of the log, the bindings of subscribers, and what was applied."""

from kernel.invariants import declare

# An edited copy is for one subscriber, whatever it is called now.
_HEARD = (
    "coalesce((SELECT r.after FROM events_renamed r WHERE r.before = e.audience AND r.after = b.subscriber),"
    " e.audience, b.subscriber) = b.subscriber"
)

PENDING = f"""
SELECT count(*) FILTER (WHERE e.position > s.cursor),
    (SELECT count(*) FROM events_parkedevent WHERE state <> 'DISCARDED' AND tenant_id = %(tenant)s)
FROM events_subscription s JOIN events_binding b ON b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber
    JOIN events_event e ON e.tenant_id = s.tenant_id AND e.type = b.type AND e.position > b.since
    AND (b.until IS NULL OR e.position <= b.until) AND {_HEARD}
WHERE s.tenant_id = %(tenant)s
"""
"""The events that subscribers have yet to apply, and those that are parked."""

declare(
    "positions gapless",
    "position <> expected",
    """(SELECT position, row_number() OVER (ORDER BY position) AS expected FROM events_event
       WHERE tenant_id = %(tenant)s) AS numbered""",
    order=190,
)
declare(
    "stream versions gapless",
    "stream_version <> expected",
    """(SELECT stream_version, row_number() OVER (PARTITION BY stream ORDER BY position) AS expected
       FROM events_event WHERE tenant_id = %(tenant)s) AS numbered""",
    order=200,
)
declare(
    "every (event, subscriber) accounted once",
    "e.position <= s.cursor AND"
    " (SELECT count(*) FROM events_processedevent d WHERE d.tenant_id = e.tenant_id AND d.subscriber = s.subscriber"
    " AND d.position = e.position)"
    " + (SELECT count(*) FROM events_parkedevent p WHERE p.tenant_id = e.tenant_id AND p.subscriber = s.subscriber"
    " AND p.position = e.position) <> 1",
    """events_subscription s JOIN events_binding b ON b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber
       JOIN events_event e ON e.tenant_id = s.tenant_id AND e.type = b.type AND e.position > b.since
       AND (b.until IS NULL OR e.position <= b.until) AND """
    f"{_HEARD} WHERE s.tenant_id = %(tenant)s",
    order=210,
)
declare(
    "an event is bound at most once to a subscriber",
    "other.since IS NOT NULL",
    """events_binding b LEFT JOIN events_binding other ON other.tenant_id = b.tenant_id
       AND other.subscriber = b.subscriber AND other.type = b.type AND other.since > b.since
       AND (b.until IS NULL OR other.since < b.until) WHERE b.tenant_id = %(tenant)s""",
    order=220,
)
declare(
    "bindings begin within the log",
    "b.since > greatest((SELECT max(position) FROM events_event WHERE tenant_id = %(tenant)s),"
    " (SELECT position FROM events_floor WHERE tenant_id = %(tenant)s), 0)",
    "events_binding b WHERE b.tenant_id = %(tenant)s",
    order=230,
)
declare(
    "nothing of another tenant",
    "tenant_id <> %(tenant)s OR position > (SELECT max(position) FROM events_event WHERE tenant_id = %(tenant)s)",
    """(SELECT tenant_id, position FROM events_event UNION ALL SELECT tenant_id, position FROM events_processedevent
       UNION ALL SELECT tenant_id, position FROM events_parkedevent) AS seen""",
    order=240,
)
