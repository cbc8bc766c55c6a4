"""Retention: months that everyone has handled are archived, compared, and then their partitions are dropped.

What is needed of them afterwards stays: for each tenant the last position, for each stream the last version, so that
the log goes on counting where it was. The log of webhook deliveries goes with the events, and so do the outgoing calls
that have come to an end; those whose end nobody knows stay.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected, LockNotAvailable, QueryCanceled

from events.log.archives import (
    Archive,
    ArchiveDamaged,
    ArchiveDiffers,
    compare,
    dropped_archives,
    keep_readers_away,
    require_present,
    write_archive,
)
from events.log.months import TABLES, Extent, Month, extents, months, newest
from events.maintenance.obstacles import WRONG, Kind, Reason, obstacles
from kernel.tenancy import in_public, tenant_statuses

WRITERS_LOCK_TIMEOUT = "3s"
DROP_LOCK_TIMEOUT = "300ms"
"""How long every reader and writer of the log waits for one attempt to drop."""
DROP_ATTEMPTS = 20
DROP_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Retained:
    """The outcome of a month: dropped, or kept for some reasons.

    :param events: how many positions it holds, or held. :param orphans: tenants with rows in it that do not exist.
    :param droppable: whether a dry run would have dropped it.
    """

    month: str
    events: int
    reasons: tuple[Reason, ...] = ()
    orphans: tuple[str, ...] = ()
    droppable: bool = False

    @property
    def dropped(self) -> bool:
        return not self.reasons and not self.droppable

    @property
    def kept_because(self) -> str:
        """All reasons in one line, empty when there are none."""
        return "; ".join(reason.text for reason in self.reasons)

    @property
    def wrong(self) -> bool:
        """Say whether somebody must put something right, which time will not do."""
        return any(reason.kind in WRONG for reason in self.reasons)


_OLD_DELIVERIES = """
WITH old AS (
    SELECT d.id FROM events_webhookdelivery d
    JOIN events_floor floor ON floor.tenant_id = d.tenant_id AND floor.position >= d.position
    JOIN events_webhookendpoint e ON e.id = d.endpoint_id
    WHERE d.state IN ('DELIVERED', 'SKIPPED', 'FAILED') OR e.state = 'DELETED' LIMIT 10000
), attempts AS (
    DELETE FROM events_webhookattempt a USING old WHERE a.delivery_id = old.id
)
DELETE FROM events_webhookdelivery d USING old WHERE d.id = old.id
"""

_OLD_CALLS = """
DELETE FROM events_outgoing WHERE id IN (
    SELECT id FROM events_outgoing WHERE created_at < %s AND state IN ('DELIVERED', 'FAILED') LIMIT 10000
)
"""

_REMEMBER = """
INSERT INTO events_keptmonth (month, tenant_id, kind, reason, checked_at)
SELECT kept.month, kept.tenant_id, kept.kind, kept.reason, now()
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) AS kept (month, tenant_id, kind, reason)
"""


class NotInPublic(Exception):
    """The session sees one tenant's rows only, and must not decide about a month of all tenants."""


class _Kept(Exception):
    """Something came up while a month was compared: nothing of it is written."""

    def __init__(self, reasons: list[Reason]) -> None:
        super().__init__()
        self.reasons = reasons


def retain(*, before: datetime, dry_run: bool = False) -> list[Retained]:
    """Archive and drop every month that ended before a moment and that everyone has handled. In `public`.

    The first month that must be kept also keeps those after it: a log has no holes. Each step may be repeated after a
    crash. What keeps a month is remembered, for the gauge and the admin.

    :param dry_run: only print the outcome for each month.
    :raises NotInPublic: when the session would see only one tenant's rows.
    """
    if not in_public():
        message = "retention works on the months of all tenants: call it in the public schema"
        raise NotInPublic(message)
    old = [month for month in months() if month.ends_at <= before]
    with _alone() as alone:
        if not alone:
            busy = Reason(kind=Kind.BUSY, text="another retention is running: wait until it has ended")
            done = [Retained(month=month.suffix, events=0, reasons=(busy,)) for month in old]
            if not dry_run:
                _remember(done, instead_of=Kind.BUSY)
            return done
        done = list(_retained(old, dry_run=dry_run))
        if not dry_run:
            _remember(done)
            _forget_what_was_dropped([month for month, each in zip(old, done, strict=True) if each.dropped])
        return done


def _retained(old: list[Month], *, dry_run: bool) -> Iterator[Retained]:
    earlier = ""
    for month in old:
        held, reasons = _first_look(month)
        if earlier:
            reasons.append(Reason(kind=Kind.EARLIER, text=f"{earlier} is kept, and a log has no holes"))
        if not reasons and not dry_run:
            reasons = _archive_and_drop(month)
        earlier = earlier or (month.suffix if reasons else "")
        statuses = tenant_statuses()
        yield Retained(
            month=month.suffix,
            events=sum(each.last - each.first + 1 for each in held),
            reasons=tuple(reasons),
            orphans=tuple(each.tenant_id for each in held if each.tenant_id not in statuses),
            droppable=dry_run and not reasons,
        )


def _first_look(month: Month) -> tuple[list[Extent], list[Reason]]:
    """Find what a month holds, and what keeps it."""
    try:
        return extents(month), [*obstacles(month, newest(month)), *_damaged_archives()]
    except OperationalError as error:
        return [], [_busy(error)]


def _archive_and_drop(month: Month) -> list[Reason]:
    """Archive a month, compare, and drop it; return why it was kept, where it was."""
    try:
        archives = {table: write_archive(table, month) for table in TABLES}
        with transaction.atomic():
            _keep_writers_away(month)
            for table, archive in archives.items():
                compare(archive, table, month)
            held = newest(month)
            _keep_everyone_away(month)
            reasons = obstacles(month, held)
            if not reasons and not keep_readers_away():
                text = "a rebuild or verify reads the log and its archives: the next run drops the month"
                reasons = [Reason(kind=Kind.READER, text=text)]
            if reasons:
                raise _Kept(reasons)
            _drop(archives)
    except _Kept as kept:
        return kept.reasons
    except (ArchiveDamaged, ArchiveDiffers, OSError) as error:
        return [Reason(kind=Kind.ARCHIVE, text=f"its archive cannot be trusted: {error}")]
    except OperationalError as error:
        return [_busy(error)]
    return []


def _keep_writers_away(month: Month) -> None:
    """Let nobody write to a month's partitions until the end of this transaction. Other months are written to."""
    partitions = ", ".join(f"public.{month.partition(table)}" for table in TABLES)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{WRITERS_LOCK_TIMEOUT}'")
        cursor.execute(f"LOCK TABLE {partitions} IN SHARE MODE")


def _keep_everyone_away(month: Month) -> None:
    """Take the locks that a drop needs, in short attempts: whoever uses the log waits for each of them.

    :raises OperationalError: when they were not to be had in `DROP_ATTEMPTS`.
    """
    parents = ", ".join(f"ONLY public.{table}" for table in TABLES)
    partitions = ", ".join(f"public.{month.partition(table)}" for table in TABLES)
    lock = partial(_lock_for_a_moment, f"LOCK TABLE {parents}, {partitions} IN ACCESS EXCLUSIVE MODE")
    for _ in range(DROP_ATTEMPTS - 1):
        try:
            return lock()
        except OperationalError as error:
            if not _is_timeout(error):
                raise
        time.sleep(DROP_PAUSE_SECONDS)
    return lock()


def _lock_for_a_moment(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{DROP_LOCK_TIMEOUT}'")
        cursor.execute(statement)


def _drop(archives: dict[str, Archive]) -> None:
    with connection.cursor() as cursor:
        for archive in archives.values():
            cursor.execute(f"DROP TABLE public.{archive.partition}")
            cursor.execute(
                "UPDATE events_archive SET dropped_at = now() WHERE partition = %s AND dropped_at IS NULL",
                [archive.partition],
            )


def _damaged_archives() -> Iterator[Reason]:
    """Nothing is dropped into a folder that has lost what was dropped into it before."""
    for archive in dropped_archives():
        try:
            require_present(archive)
        except ArchiveDamaged as error:
            yield Reason(kind=Kind.ARCHIVE, text=f"an earlier archive is damaged, put it back first: {error}")


def _forget_what_was_dropped(dropped: list[Month]) -> None:
    if dropped:
        _forget(_OLD_DELIVERIES)
        _forget(_OLD_CALLS, dropped[-1].ends_at)


def _forget(statement: str, *parameters: datetime) -> None:
    """Delete piece by piece, until nothing is left to delete."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        while cursor.rowcount:
            cursor.execute(statement, parameters)


def _remember(done: list[Retained], *, instead_of: Kind | None = None) -> None:
    """Write down what keeps months, in the place of all that was, or of the reasons of one kind."""
    kept = [(each.month, reason.tenant_id, reason.kind, reason.text) for each in done for reason in each.reasons]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_keptmonth WHERE kind = coalesce(%s, kind)", [instead_of])
        cursor.execute(_REMEMBER, [[row[n] for row in kept] for n in range(4)])


@contextmanager
def _alone() -> Iterator[bool]:
    """Keep every other retention from running; False when one runs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended('events.retention', 2))")
        alone = bool(cursor.fetchone()[0])
    try:
        yield alone
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended('events.retention', 2))")


def _busy(error: OperationalError) -> Reason:
    """Say what took too long. :raises OperationalError: when it was not that."""
    if not _is_timeout(error):
        raise error
    if isinstance(error.__cause__, QueryCanceled):
        text = f"a statement was cancelled ({str(error).strip()}): the next run tries again; where that fails as well,"
        return Reason(kind=Kind.BUSY, text=f"{text} raise the role's statement_timeout")
    return Reason(kind=Kind.BUSY, text="its rows were locked by others for too long: the next run tries again")


def _is_timeout(error: OperationalError) -> bool:
    return isinstance(error.__cause__, LockNotAvailable | DeadlockDetected | QueryCanceled)
