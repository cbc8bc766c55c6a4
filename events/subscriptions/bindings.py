"""Bindings: which types a subscription hears, from which position on, as rows.

The rows decide, not what the running code declares: while a release is rolled out, processes of two declarations work
on the same log. A subscription hears an event of a type when a row has `since` < position, and `position` <= `until`
where the row has ended. The release step (`manage.py subscribe`) and the creation of a tenant write them, under the
lock of the subscription, so that no drain reads on with what was bound before.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from django.db import connection

from events.log.audience import is_for
from events.log.log import FLOOR, HEAD
from events.subscriptions.holding import hold

# Whether binding b hears event e.
HEARS = f"b.since < e.position AND (b.until IS NULL OR e.position <= b.until) AND {is_for('e', 'b.subscriber')}"
# Whether subscription s hears event e.
HEARD_BY = f"""EXISTS (
    SELECT 1 FROM events_binding b
    WHERE b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber AND b.type = e.type AND {HEARS}
)"""
_AFTER_CURSOR = f"""e.tenant_id = b.tenant_id AND e.type = b.type AND e.position > greatest(b.since, s.cursor)
        AND (b.until IS NULL OR e.position <= b.until) AND {is_for("e", "b.subscriber")}"""
# Whether binding b is one of subscription s whose end, where it has one, the cursor has not passed.
OPEN = """b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber AND (b.until IS NULL OR b.until > s.cursor)"""
# The events e that subscription s hears and its cursor has not passed, for a FROM clause.
PENDING = f"events_binding b JOIN events_event e ON {_AFTER_CURSOR} AND {OPEN}"
# The first of them of each type. The order makes it one look at an index for each type, however long the log is:
# PostgreSQL takes a third of the log to be pending, and would rather read all of it until it finds one.
FIRST_PENDING = f"""events_binding b JOIN LATERAL (
    SELECT e.position, e.recorded_at FROM events_event e WHERE {_AFTER_CURSOR} ORDER BY e.position LIMIT 1
) AS first ON {OPEN}"""
# What subscription s is bound to, as one text for `heard`: the rows that its cursor has not passed.
HEARD = f"""(
    SELECT string_agg(concat_ws(' ', b.type, b.since, b.until), ',' ORDER BY b.type, b.since) FROM events_binding b
    WHERE {OPEN}
)"""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """The positions at which a type is heard: those above `since`, up to `until` where it is given."""

    type: str
    since: int
    until: int | None = None

    def holds(self, position: int) -> bool:
        return self.since < position and (self.until is None or position <= self.until)


@dataclass(frozen=True)
class Heard:
    """What a subscription is bound to that its cursor has not passed. Nothing: it has no work, and its cursor stays."""

    intervals: tuple[Interval, ...]

    @cached_property
    def types(self) -> tuple[str, ...]:
        """All types of it, to read the log with; what is read must still be asked for with `hears`."""
        return tuple(sorted({interval.type for interval in self.intervals}))

    @cached_property
    def plain_after(self) -> int | None:
        """Return the cursor from which on every event of `types` is heard, None where one has ended."""
        if any(interval.until is not None for interval in self.intervals):
            return None
        return max((interval.since for interval in self.intervals), default=0)

    def is_plain(self, cursor: int) -> bool:
        """Say whether every event of `types` after the cursor is heard."""
        return self.plain_after is not None and cursor >= self.plain_after

    def hears(self, type_name: str, position: int) -> bool:
        return any(interval.type == type_name and interval.holds(position) for interval in self.intervals)

    def types_after(self, cursor: int) -> frozenset[str]:
        """Return the types that are heard at the next position."""
        return frozenset(interval.type for interval in self.intervals if interval.holds(cursor + 1))

    def next_since(self, cursor: int) -> int | None:
        """Return the position after which the next type is heard, None when all are heard already."""
        return min((interval.since for interval in self.intervals if interval.since > cursor), default=None)

    def lacking(self, known: Collection[str]) -> frozenset[str]:
        """Return the bound types that are not among those that the code knows."""
        return frozenset(self.types) - frozenset(known)


@lru_cache(maxsize=4096)
def heard(text: str | None) -> Heard:
    """Read what `HEARD` selected. The same text gives the same object."""
    return Heard(tuple(_interval(*row.split(" ")) for row in text.split(","))) if text else Heard(())


def _interval(type_name: str, since: str, until: str | None = None) -> Interval:
    return Interval(type=type_name, since=int(since), until=int(until) if until is not None else None)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A type that a subscriber is to hear.

    :param from_beginning: whether a subscription that is created for it begins with what the log already holds.
    :param create: whether the subscription is created where the tenant has none.
    """

    subscriber: str
    type: str
    from_beginning: bool = False
    create: bool = True


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A change that was made: a subscription that is new (`type` is empty), or a type that it hears from now on."""

    subscriber: str
    type: str
    since: int


_MISSING = """
SELECT wanted.subscriber, wanted.type FROM unnest(%(subscribers)s::text[], %(types)s::text[], %(create)s::boolean[])
    AS wanted (subscriber, type, may_create)
LEFT JOIN events_subscription s ON s.tenant_id = %(tenant)s AND s.subscriber = wanted.subscriber
WHERE (s.id IS NOT NULL OR wanted.may_create) AND NOT EXISTS (
    SELECT 1 FROM events_binding b WHERE b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber
        AND b.type = wanted.type AND b.until IS NULL
)
ORDER BY wanted.subscriber, wanted.type
"""

# The log is read in the same statement, so that no month of it is dropped before this transaction ends.
_CREATE = f"""
INSERT INTO events_subscription (tenant_id, subscriber, start, cursor, started_position, starts, updated_at)
SELECT %(tenant)s, new.subscriber, new.start, new.start, 0, 0, clock_timestamp()
FROM (
    SELECT wanted.subscriber, CASE WHEN bool_or(wanted.from_beginning) THEN {FLOOR} ELSE {HEAD} END AS start
    FROM unnest(%(subscribers)s::text[], %(beginnings)s::boolean[]) AS wanted (subscriber, from_beginning)
    GROUP BY wanted.subscriber ORDER BY wanted.subscriber
) AS new
ON CONFLICT (tenant_id, subscriber) DO NOTHING
RETURNING subscriber, start
"""

_PASSED = """
SELECT 1 FROM public.events_event e WHERE e.tenant_id = s.tenant_id AND e.type = wanted.type
    AND e.position > s.start AND e.position <= s.cursor"""
_IS_NEW_TO_IT = f"""
EXISTS ({_PASSED})
AND NOT EXISTS ({_PASSED} AND EXISTS (
    SELECT 1 FROM public.events_processedevent p
    WHERE p.tenant_id = e.tenant_id AND p.subscriber = s.subscriber AND p.position = e.position
))
AND NOT EXISTS (
    SELECT 1 FROM events_parkedevent p
    WHERE p.tenant_id = s.tenant_id AND p.subscriber = s.subscriber AND p.type = wanted.type
)"""

# A subscription without any binding, new or of older code, is bound from where it started; but a type of which it has
# passed events and applied none is one that the older code did not hear, and is bound from its cursor. One that has
# bindings is bound from the head: what it has passed is not heard again. Where the row that ended last began at the
# same head, it goes on.
_BIND = f"""
INSERT INTO events_binding (tenant_id, subscriber, type, since, bound_at)
SELECT s.tenant_id, s.subscriber, wanted.type, CASE
    WHEN EXISTS (SELECT 1 FROM events_binding b WHERE b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber)
    THEN {HEAD} WHEN {_IS_NEW_TO_IT} THEN s.cursor ELSE s.start END, clock_timestamp()
FROM unnest(%(subscribers)s::text[], %(types)s::text[]) AS wanted (subscriber, type)
JOIN events_subscription s ON s.tenant_id = %(tenant)s AND s.subscriber = wanted.subscriber
WHERE NOT EXISTS (
    SELECT 1 FROM events_binding b WHERE b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber
        AND b.type = wanted.type AND b.until IS NULL
)
ORDER BY s.subscriber, wanted.type
ON CONFLICT (tenant_id, subscriber, type, since) DO UPDATE SET until = NULL, bound_at = clock_timestamp()
WHERE events_binding.until IS NOT NULL
RETURNING subscriber, type, since
"""


def bind(tenant_id: str, wanted: Iterable[Wanted]) -> list[Bound]:
    """Create the subscriptions that a tenant lacks and bind the types that are not bound; return what was changed.

    Belongs into a transaction: the lock of each subscription that gets a type is held until its end.

    :raises SubscriptionBusy: when a drain or a bridge works on one of them for longer than a moment.
    """
    by_key = {(each.subscriber, each.type): each for each in wanted}
    missing = [by_key[key] for key in missing_in(tenant_id, by_key.values())]
    if not missing:
        return []
    new = [each for each in missing if each.create]
    with connection.cursor() as cursor:
        cursor.execute(
            _CREATE,
            {
                "tenant": tenant_id,
                "subscribers": [each.subscriber for each in new],
                "beginnings": [each.from_beginning for each in new],
            },
        )
        changes = [Bound(subscriber=name, type="", since=start) for name, start in cursor.fetchall()]
        changed: dict[str, str | list[str]] = {
            "tenant": tenant_id,
            "subscribers": [each.subscriber for each in missing],
            "types": [each.type for each in missing],
        }
        for name in sorted({each.subscriber for each in missing} - {change.subscriber for change in changes}):
            hold(tenant_id, name)
        cursor.execute(_BIND, changed)
        return changes + [Bound(subscriber=name, type=kind, since=since) for name, kind, since in cursor.fetchall()]


def missing_in(tenant_id: str, wanted: Iterable[Wanted]) -> list[tuple[str, str]]:
    """List the (subscriber, type) that are wanted and not bound, in the order of their names."""
    each = list(wanted)
    with connection.cursor() as cursor:
        cursor.execute(
            _MISSING,
            {
                "tenant": tenant_id,
                "subscribers": [one.subscriber for one in each],
                "types": [one.type for one in each],
                "create": [one.create for one in each],
            },
        )
        return [(name, kind) for name, kind in cursor.fetchall()]


_UNBIND = """
UPDATE events_binding b SET until = greatest(b.since, s.cursor)
FROM events_subscription s
WHERE b.tenant_id = %(tenant)s AND b.subscriber = %(subscriber)s AND b.type = ANY(%(types)s::text[])
    AND b.until IS NULL AND s.tenant_id = b.tenant_id AND s.subscriber = b.subscriber
RETURNING b.type
"""


def unbind(tenant_id: str, subscriber: str, types: Collection[str]) -> list[str]:
    """Let a subscription hear nothing of some types after its cursor; return those that were bound.

    Belongs into a transaction: the lock of the subscription is held until its end.

    :raises SubscriptionBusy: when a drain or a bridge works on it for longer than a moment.
    """
    with connection.cursor() as cursor:
        hold(tenant_id, subscriber)
        cursor.execute(_UNBIND, {"tenant": tenant_id, "subscriber": subscriber, "types": list(types)})
        return sorted(kind for (kind,) in cursor.fetchall())


def is_bound(tenant_id: str, subscriber: str, type_name: str) -> bool:
    """Say whether a subscription hears the next event of a type. Asked under its lock, that stays so until the end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM events_binding WHERE tenant_id = %s AND subscriber = %s AND type = %s AND until IS NULL",
            [tenant_id, subscriber, type_name],
        )
        return cursor.fetchone() is not None


def has_work(tenant_id: str, subscriber: str) -> bool:
    """Say whether a drain works on a subscription: it is bound to something that its cursor has not passed."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {HEARD} IS NOT NULL FROM events_subscription s WHERE s.tenant_id = %s AND s.subscriber = %s",
            [tenant_id, subscriber],
        )
        row = cursor.fetchone()
        return row is not None and row[0]


def intervals_of(tenant_id: str, subscriber: str) -> list[Interval]:
    """List all that a subscription is bound to, or was."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT type, since, until FROM events_binding WHERE tenant_id = %s AND subscriber = %s"
            " ORDER BY type, since",
            [tenant_id, subscriber],
        )
        return [Interval(type=kind, since=since, until=until) for kind, since, until in cursor.fetchall()]
