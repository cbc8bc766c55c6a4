"""Rebuilding: a projection is made again from the log, beside the one that is used, compared, and swapped in.

The shadow is a temporary table of the same name, which PostgreSQL finds first: the handler runs as it is. It is given
what the subscriber has applied: an event that is parked is applied when it is retried, one that was discarded never.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice

from django.db import connection

from events.delivery.dispatch import Dispatch
from events.log.archives import archived_events, reading_archives
from events.log.log import StoredEvent, read
from events.operations.actions import record_action
from events.publishing.unit_of_work import unit_of_work
from events.subscriptions import parking
from events.subscriptions.bindings import Heard, intervals_of
from events.subscriptions.holding import hold
from events.subscriptions.registry import Subscriber, known_subscriber
from kernel.refusals import NotFound, Refusal
from kernel.tenancy import current_tenant, tenant_connection

BATCH = 500
SAMPLE = 10


class NotAProjection(Refusal):
    """The subscriber does not declare which tables hold nothing but its projection of the log."""

    code = "not-a-projection"
    title = "Subscriber without a projection"


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """:param missing: rows that the log gives and the table lacks. :param surplus: the other way round.

    :param samples: some of them, as JSON, with their table.
    """

    events: int
    missing: int
    surplus: int
    samples: list[tuple[str, str]]
    swapped: bool

    @property
    def same(self) -> bool:
        return not (self.missing or self.surplus)


def rebuild(*, subscriber: str, operator: str, swap: bool = False) -> Rebuilt:
    """Apply the log of the current tenant again, archives included, to a shadow of a projection, and compare.

    :param swap: whether the rows are replaced by the shadow's, where they differ.
    :raises NotAProjection: when the subscriber declares no projection, or its handler publishes.
    :raises NotFound: when the tenant has no such subscription.
    :raises SubscriptionBusy: when a drain works on it for longer than a moment.
    """
    chosen = known_subscriber(subscriber)
    if chosen is None:
        message = f"this code has no subscriber {subscriber!r}"
        raise NotFound(message)
    if not chosen.projection:
        message = f"{subscriber} declares no projection: its effects cannot be rebuilt"
        raise NotAProjection(message)
    with reading_archives(), _shadow(chosen.projection):
        until = _cursor(chosen)
        events, parked = _replay(chosen, chain(_archived(chosen), _kept(chosen, after=0, until=until)))
        with unit_of_work():
            cursor = hold(current_tenant(), chosen.name) or 0
            more, _ = _replay(chosen, chain([parked], _kept(chosen, after=until, until=cursor)))
            return _compare(chosen, events + more, operator, swap=swap)


def _replay(subscriber: Subscriber, pages: Iterable[list[StoredEvent]]) -> tuple[int, list[StoredEvent]]:
    """Apply what the subscriber has applied; return how many events, and those that are parked for it or discarded."""
    excluded, parked, count = parking.positions(current_tenant(), subscriber.name), [], 0
    bound = Heard(tuple(intervals_of(current_tenant(), subscriber.name)))
    for page in pages:
        page = [event for event in page if bound.hears(event.envelope.type, event.envelope.position)]  # noqa: PLW2901
        parked += [event for event in page if event.envelope.position in excluded]
        count += _apply(subscriber, [event for event in page if event.envelope.position not in excluded])
    return count, parked


def _archived(subscriber: Subscriber) -> Iterator[list[StoredEvent]]:
    events = archived_events(current_tenant(), subscriber.types, subscriber=subscriber.name)
    while batch := list(islice(events, BATCH)):
        yield batch


def _kept(subscriber: Subscriber, *, after: int, until: int) -> Iterator[list[StoredEvent]]:
    while after < until:
        page = read(current_tenant(), subscriber=subscriber.name, after=after, types=subscriber.types, limit=BATCH)
        yield [event for event in page.events if event.envelope.position <= until]
        if page.reached <= after:
            return
        after = page.reached


def _apply(subscriber: Subscriber, events: list[StoredEvent]) -> int:
    if not events:
        return 0
    dispatch = Dispatch(subscriber, current_tenant())
    deliveries = [dispatch.delivery(event, attempt=1) for event in events]
    with unit_of_work() as unit:
        before = len(unit.published)
        dispatch.call(deliveries)
        if len(unit.published) > before:
            message = f"{subscriber.name} publishes: a rebuild would publish its events twice"
            raise NotAProjection(message)
    return len(deliveries)


@contextmanager
def _shadow(tables: tuple[str, ...]) -> Iterator[None]:
    tenant_id = current_tenant()
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'CREATE TEMPORARY TABLE "{table}" (LIKE "{tenant_id}"."{table}" INCLUDING ALL)')
    tenant_connection().keeps_session = True
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            tenant_connection().keeps_session = False
            for table in tables:
                cursor.execute(f'DROP TABLE pg_temp."{table}"')


def _cursor(subscriber: Subscriber) -> int:
    """:raises NotFound: when the tenant has no such subscription."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cursor FROM events_subscription WHERE tenant_id = %s AND subscriber = %s",
            [current_tenant(), subscriber.name],
        )
        row = cursor.fetchone()
    if row is None:
        message = f"{current_tenant()} has no subscription {subscriber.name!r}"
        raise NotFound(message)
    position: int = row[0]
    return position


def _compare(subscriber: Subscriber, events: int, operator: str, *, swap: bool) -> Rebuilt:
    tenant_id = current_tenant()
    missing = surplus = 0
    samples: list[tuple[str, str]] = []
    with connection.cursor() as cursor:
        for table in subscriber.projection:
            columns = _columns(table)
            shadow, used = f'SELECT {columns} FROM pg_temp."{table}"', f'SELECT {columns} FROM "{tenant_id}"."{table}"'
            for statement, sign in ((f"{shadow} EXCEPT ALL {used}", "+"), (f"{used} EXCEPT ALL {shadow}", "-")):
                cursor.execute(f"SELECT row_to_json(t)::text FROM ({statement}) AS t")
                rows = [row for (row,) in cursor.fetchall()]
                missing, surplus = missing + len(rows) * (sign == "+"), surplus + len(rows) * (sign == "-")
                samples += [(table, f"{sign} {row}") for row in rows[:SAMPLE]]
            if swap:
                cursor.execute(f'DELETE FROM "{tenant_id}"."{table}"')
                cursor.execute(f'INSERT INTO "{tenant_id}"."{table}" ({columns}) {shadow}')
    different = bool(missing or surplus)
    if swap:
        reason = f"{events} events, {missing} rows were missing, {surplus} too many"
        record_action("rebuild", subscriber.name, operator, reason)
    return Rebuilt(events=events, missing=missing, surplus=surplus, samples=samples, swapped=swap and different)


def _columns(table: str) -> str:
    """List the columns that say something: all but those that the table numbers by itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''
                AND coalesce(pg_get_expr(d.adbin, d.adrelid), '') NOT LIKE 'nextval%%'
            """,
            [f'"{current_tenant()}"."{table}"'],
        )
        columns: str = cursor.fetchone()[0]
        return columns
