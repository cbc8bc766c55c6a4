"""The sweeper: ring for every subscription with something pending, whatever happened to its doorbells."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from django.db import connection

from events.outgoing import calls
from events.subscriptions.doorbells import doorbells
from events.subscriptions.queries import behind
from events.subscriptions.registry import all_subscribers
from kernel.tenancy import in_public_schema, working_schemas

MOMENT_SECONDS = 1.0
PATIENCE_SECONDS = 10.0
LONGEST_PATIENCE_SECONDS = 300.0
MESSAGES_PER_SECOND = 50.0
"""How fast a queue is taken to move when it is estimated how long a reminder may wait in it."""


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """What a worker is asked for once more, in a queue; `name` tells it from every other."""

    name: str
    queue: str
    ring: Callable[[], bool]
    """Ring; say whether the broker has taken it."""


Source = Callable[[frozenset[str]], list[Reminder]]
"""Lists what is due in these schemas; asked in `public`."""

_sources: list[Source] = []


def remind_of(source: Source) -> Source:
    """Let the sweeper ask this too, at each sweep."""
    _sources.append(source)
    return source


def sweep(*, insist: bool = False) -> int:
    """Ring for all that is pending or due to leave, in all tenants that may work; return how many were rung.

    What was rung for a short while ago is left alone, so that the queues do not grow by what is slow.

    :param insist: ring for everything, because earlier doorbells may have been lost.
    """
    if insist:
        return sweep_all()[1]
    return sum(bool(reminder.ring()) for reminder in _patient(_reminders()))


def sweep_all() -> tuple[int, int]:
    """Ring for all that is pending or due, whatever was rung for before; return how many there were, and were rung."""
    reminders = _reminders()
    return len(reminders), sum(bool(reminder.ring()) for reminder in reminders)


def _reminders() -> list[Reminder]:
    by_name = {subscriber.name: subscriber for subscriber in all_subscribers()}
    working = working_schemas()
    with in_public_schema():
        late = behind(moment_seconds=MOMENT_SECONDS)
        unsent = calls.due(working)
        others = [reminder for source in _sources for reminder in source(frozenset(working))]
    drains = [(tenant_id, by_name[name]) for tenant_id, name in late if tenant_id in working and name in by_name]
    return [
        *(
            Reminder(name=f"{tenant}:{each.name}", queue=each.queue, ring=partial(doorbells.ring_again, tenant, each))
            for tenant, each in drains
        ),
        *(
            Reminder(name=f"{tenant}:{row}", queue=queue, ring=partial(calls.ring, tenant, row, queue))
            for tenant, row, queue in unsent
        ),
        *others,
    ]


def _patient(reminders: list[Reminder]) -> list[Reminder]:
    """Leave out what was asked for so lately that the request may still wait in line."""
    waiting = doorbells.waiting() if reminders else {}
    in_line = {queue: length / MESSAGES_PER_SECOND for queue, length in waiting.items()}
    fresh = doorbells.remind(
        {each.name: min(PATIENCE_SECONDS + in_line.get(each.queue, 0), LONGEST_PATIENCE_SECONDS) for each in reminders}
    )
    return [reminder for reminder in reminders if reminder.name in fresh]


def make_partitions(*, start: datetime | None = None, months_ahead: int = 3) -> int:
    """Make the log's partitions of a month and of those that follow it; return how many were new.

    :param start: a moment of the first month, this one where it is not given.
    """
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("SELECT public.events_make_partitions(%s, coalesce(%s, now()))", [months_ahead, start])
        made: int = cursor.fetchone()[0]
        return made


def oldest_to_keep(now: datetime, months: int) -> datetime:
    """Return the beginning of the earliest month to keep, when so many whole months before this one are kept."""
    whole = now.year * 12 + now.month - 1 - months
    return datetime(whole // 12, whole % 12 + 1, 1, tzinfo=UTC)
