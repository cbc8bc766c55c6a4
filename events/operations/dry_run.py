"""A dry run: give a parked event to its subscriber, note which rows that changes, and roll all of it back."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from events.delivery.dispatch import Dispatch
from events.log.log import StoredEvent, read_at
from events.publishing.unit_of_work import Unit, rehearsal
from events.subscriptions.parking import described
from events.subscriptions.registry import Subscriber, find_subscriber
from kernel.tenancy import current_tenant

SHARED = "events_outgoing"
TAKEN = {"55P03", "40001", "40P01"}
"""SQLSTATEs of waiting too long for a row, of a row that others changed meanwhile, and of a deadlock."""
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A row that would be created (no `before`), changed, or deleted (no `after`)."""

    table: str
    before: Row | None
    after: Row | None


@dataclass(kw_only=True)
class DryRun:
    """What a retry would do now; `error` is the traceback of one that would fail again."""

    error: str = ""
    changes: list[Change] = field(default_factory=list)
    publishes: list[tuple[str, Row]] = field(default_factory=list)

    @property
    def succeeds(self) -> bool:
        return not self.error


def dry_run(*, subscriber: str, position: int, attempt: int = 1) -> DryRun:
    """Try an event of the current tenant without effect: database rows only, which is all a subscriber writes.

    Runs at REPEATABLE READ, so that what others commit meanwhile is not taken for its doing. The handler may end or
    block its process: `events.operations.rehearsing` gives it one.

    :raises KeyError: when this code has no such subscriber.
    """
    found = DryRun()
    with rehearsal() as unit:
        event = read_at(current_tenant(), position)
        _observe(find_subscriber(subscriber), event, attempt, unit, found)
    return found


def _observe(subscriber: Subscriber, event: StoredEvent, attempt: int, unit: Unit, found: DryRun) -> None:
    def handle() -> str:
        return _try(subscriber, event, attempt, unit)

    first = _next_transaction()
    savepoint = transaction.savepoint()
    found.error = handle()
    published = [(new.type, json.loads(new.data)) for new in unit.events]
    tables = _touched_tables()
    after = {table: _rows(table, "xmin", first) for table in tables}
    transaction.savepoint_rollback(savepoint)
    if found.error:
        return
    found.publishes = published
    before = {table: _rows(table, "xmax", first) for table in tables}
    gone = _gone(handle, before, after)
    for table in tables:
        for key in sorted(after[table].keys() | gone[table]):
            found.changes.append(Change(table=table, before=before[table].get(key), after=after[table].get(key)))


def _try(subscriber: Subscriber, event: StoredEvent, attempt: int, unit: Unit) -> str:
    """Handle the event; return the traceback of its failure, of an error that was caught inside as well."""
    dispatch = Dispatch(subscriber, event.envelope.tenant_id)
    try:
        with transaction.atomic():
            dispatch.call([dispatch.delivery(event, attempt=attempt)])
            unit.write_collected()
            unit.require_whole()
    except Exception as error:  # noqa: BLE001 - whatever the handler raises is what the operator wants to see
        if getattr(error.__cause__, "sqlstate", None) in TAKEN:
            return f"Other work has the rows that this event needs now. Try it again in a moment.\n\n{described(error)}"
        return described(error)
    except BaseException as error:  # noqa: BLE001 - this process does nothing else
        return f"The handler asks its process to end: {type(error).__name__}."
    return ""


def _gone(
    handle: Callable[[], str], before: dict[str, dict[str, Row]], after: dict[str, dict[str, Row]]
) -> dict[str, set[str]]:
    """Find which rows are deleted: of those that were deleted or merely locked, the ones that a second try lacks."""
    suspects = {table: before[table].keys() - after[table].keys() for table in before}
    if not any(suspects.values()):
        return {table: set() for table in before}
    savepoint = transaction.savepoint()
    handle()
    there = {table: _keys(table) if keys else set() for table, keys in suspects.items()}
    transaction.savepoint_rollback(savepoint)
    return {table: suspects[table] - there[table] for table in before}


def _next_transaction() -> str:
    """Return the id that the next transaction, or part of one, will get; what the try writes bears it or a later."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::xid::text")
        first: str = cursor.fetchone()[0]
        return first


def _touched_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_stat_xact_user_tables"
            " WHERE (schemaname = %s OR relname = %s) AND n_tup_ins + n_tup_upd + n_tup_del > 0 ORDER BY relname",
            [current_tenant(), SHARED],
        )
        return [table for (table,) in cursor.fetchall()]


def _rows(table: str, column: str, first: str) -> dict[str, Row]:
    """Read the rows whose system column names the try, by their primary keys."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_key(cursor, table)}, row_to_json(t)::text FROM {_qualified(table)} AS t"
            f" WHERE {_own(table)} AND t.{column}::text <> '0' AND age(t.{column}) <= age(%(first)s::xid)",
            {"first": first, "tenant": current_tenant()},
        )
        return {key: json.loads(row) for key, row in cursor.fetchall()}


def _keys(table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_key(cursor, table)} FROM {_qualified(table)} AS t WHERE {_own(table)}",
            {"tenant": current_tenant()},
        )
        return {key for (key,) in cursor.fetchall()}


def _own(table: str) -> str:
    """Write the condition for the rows of the current tenant, whose schema holds all tables but one."""
    return "t.tenant_id = %(tenant)s" if table == SHARED else "TRUE"


def _key(cursor: Any, table: str) -> str:
    cursor.execute(
        "SELECT array_agg(a.attname::text) FROM pg_index i"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)"
        " WHERE i.indrelid = %s::regclass AND i.indisprimary",
        [_qualified(table)],
    )
    (columns,) = cursor.fetchone()
    return "concat_ws('/', " + ", ".join(f't."{column}"::text' for column in columns or ["ctid"]) + ")"


def _qualified(table: str) -> str:
    return f'public."{table}"' if table == SHARED else f'"{table}"'
