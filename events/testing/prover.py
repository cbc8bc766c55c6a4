"""For tests of subscribers: prove that one leaves the same rows however it is run.

    def test_my_subscriber_is_idempotent(committed):
        publish_what_it_hears()
        prove_idempotent("my_app.my_subscriber")

The subscriber's pending events are applied once; then, each time from the same rows, twice, by several drains at once,
and with a crash at every statement. The rows of the tenant's schema, its log and its accounts must be the same each
time, but for what is new by nature: ids that were not there before, and moments.

It commits for real, in the schema that the connection is in; the caller brings it back afterwards.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Barrier, Thread
from typing import Any

from django.db import connection, connections

from events.doorbells import Doorbells
from events.drain import Drain
from events.subscriptions import Subscriber, find_subscriber
from kernel.tenancy import current_tenant, in_public_schema, tenant_connection

DRAINS_AT_ONCE = 3
MOST_DRAINS = 50
EVENT_TABLES = {
    "events_event": "TRUE",
    "events_processedevent": "subscriber = %(subscriber)s",
    "events_parkedevent": "subscriber = %(subscriber)s",
    "events_outgoing": "TRUE",
    "events_webhookdelivery": "TRUE",
}

Rows = dict[str, list[str]]

_NEW = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:?\d\d|Z)?"
    r'|"(?P<number>(?:\w+_)?id":\d+)'
)


class NotIdempotent(AssertionError):
    """A way to run the subscriber left other rows than running it once. The message lists them."""


class Crash(BaseException):
    """What stands for the death of the process at a statement."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What was tried. :param events: applied each time. :param crashes: one at each statement of the drain."""

    events: int
    crashes: int
    tables: list[str]


class _Silent(Doorbells):
    """Rings nowhere: the drains are run by hand."""

    def ring_for(self, tenant_id: str, subscribers: list[Subscriber]) -> None: ...

    def ring_again(self, tenant_id: str, subscriber: Subscriber, *, countdown: float = 0.0) -> None: ...

    def _try(self, command: Callable[[], object], **about: str) -> object: ...


def prove_idempotent(name: str, *, outside: Callable[[], Any] = lambda: None) -> Proof:
    """Run a subscriber's pending events in every way, and compare what is left.

    :param outside: reads what the subscriber may have done beyond the tenant's rows; it is compared too.
    :raises NotIdempotent: with the rows that differ, and the way that made them.
    :raises ValueError: when nothing is pending, so that nothing would be proved.
    """
    return _Prover(find_subscriber(name), outside).prove()


class _Prover:
    def __init__(self, subscriber: Subscriber, outside: Callable[[], Any]) -> None:
        self.subscriber, self.outside = subscriber, outside
        self.tenant = tenant_connection().tenant
        self.tenant_id = current_tenant()
        self.before = self._rows()
        self.known = {found.group() for rows in self.before.values() for row in rows for found in _NEW.finditer(row)}
        self.cursor = self._subscription()

    def prove(self) -> Proof:
        with _counted() as statements:
            events = self._drain()
        if not events:
            message = f"{self.subscriber.name} has nothing pending in {self.tenant_id}: publish what it hears first"
            raise ValueError(message)
        self.once, self.left_outside = self._rows(), self.outside()
        self._again("twice", self._twice)
        self._again("by several drains at once", self._at_once)
        for at in range(1, statements.count + 1):
            self._again(f"with a crash at statement {at} of {statements.count}", lambda at=at: self._crashing(at))  # type: ignore[misc]
        self._restore()
        changed = [table for table, rows in self.once.items() if rows != self.before.get(table)]
        return Proof(events=events, crashes=statements.count, tables=changed)

    def _again(self, way: str, run: Callable[[], None]) -> None:
        self._restore()
        run()
        after, left_outside = self._rows(), self.outside()
        differences = list(self._differences(after))
        if left_outside != self.left_outside:
            differences.append(f"outside: {self.left_outside!r} became {left_outside!r}")
        if differences:
            lines = "\n".join(differences[:20])
            message = f"{self.subscriber.name}, run {way}, left other rows than run once:\n{lines}"
            raise NotIdempotent(message)

    def _twice(self) -> None:
        self._drain()
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE events_subscription SET cursor = %s WHERE tenant_id = %s AND subscriber = %s",
                [self.cursor, self.tenant_id, self.subscriber.name],
            )
        self._drain()

    def _at_once(self) -> None:
        ready = Barrier(DRAINS_AT_ONCE)

        def run() -> None:
            try:
                tenant_connection().set_tenant(self.tenant)
                ready.wait(10)
                self._drain()
            finally:
                connections.close_all()

        threads = [Thread(target=run) for _ in range(DRAINS_AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._drain()

    def _crashing(self, at: int) -> None:
        try:
            with _counted(crash_at=at):
                self._drain()
        except Crash:
            connection.close()
            tenant_connection().set_tenant(self.tenant)
        self._drain()

    def _drain(self) -> int:
        """Drain until nothing is left, retries included."""
        handled = 0
        for _ in range(MOST_DRAINS):
            done = Drain(self.subscriber, self.tenant_id, _Silent()).run()
            handled += done
            if not done:
                break
        return handled

    def _rows(self) -> Rows:
        rows: Rows = {}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = %s AND table_type = 'BASE TABLE'"
                " AND table_schema <> 'public' ORDER BY table_name",
                [self.tenant_id],
            )
            for (table,) in cursor.fetchall():
                rows[table] = self._read(cursor, f'"{table}"', "TRUE")
            for table, condition in EVENT_TABLES.items():
                rows[table] = self._read(cursor, f"public.{table}", f"tenant_id = %(tenant)s AND {condition}")
        return rows

    def _read(self, cursor: Any, table: str, condition: str) -> list[str]:
        parameters = {"tenant": self.tenant_id, "subscriber": self.subscriber.name}
        cursor.execute(f"SELECT row_to_json(t)::text FROM {table} AS t WHERE {condition} ORDER BY 1", parameters)
        return [row for (row,) in cursor.fetchall()]

    def _subscription(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT cursor FROM events_subscription WHERE tenant_id = %s AND subscriber = %s",
                [self.tenant_id, self.subscriber.name],
            )
            position: int = cursor.fetchone()[0]
            return position

    def _restore(self) -> None:
        """Bring the tables that changed back to what they held, and the cursor with them."""
        now = self._rows()
        changed = [table for table in now if now[table] != self.before[table]]
        shared = [table for table in changed if table in EVENT_TABLES]
        own = [table for table in changed if table not in EVENT_TABLES]
        with connection.cursor() as cursor:
            if own:
                cursor.execute(f"TRUNCATE {', '.join(own)} CASCADE")
            own = [table for table, rows in self._rows().items() if rows != self.before[table] and table in now]
            own = [table for table in own if table not in EVENT_TABLES]
            for table in _parents_first(cursor, self.tenant_id, own):
                self._write(cursor, f'"{table}"', self.before[table])
        with in_public_schema(), connection.cursor() as cursor:
            for table in shared:
                condition = f"tenant_id = %(tenant)s AND {EVENT_TABLES[table]}"
                cursor.execute(
                    f"DELETE FROM {table} WHERE {condition}",
                    {"tenant": self.tenant_id, "subscriber": self.subscriber.name},
                )
                self._write(cursor, table, self.before[table])
            cursor.execute(
                "UPDATE events_subscription SET cursor = %s, starts = 0, started_position = 0, started_at = NULL"
                " WHERE tenant_id = %s AND subscriber = %s",
                [self.cursor, self.tenant_id, self.subscriber.name],
            )

    def _write(self, cursor: Any, table: str, rows: list[str]) -> None:
        cursor.execute(
            f"INSERT INTO {table} OVERRIDING SYSTEM VALUE"
            f" SELECT * FROM json_populate_recordset(NULL::{table}, %s::json)",
            [f"[{','.join(rows)}]"],
        )

    def _differences(self, after: Rows) -> Iterator[str]:
        for table, rows in after.items():
            wanted = Counter(self._masked(table, row) for row in self.once[table])
            found = Counter(self._masked(table, row) for row in rows)
            for row in (wanted - found).elements():
                yield f"  {table}: missing {row}"
            for row in (found - wanted).elements():
                yield f"  {table}: one too many {row}"

    def _masked(self, table: str, row: str) -> str:
        """Take out of a row what is new by nature; numbers of rows count as new unless the table had them before."""
        numbers = "\n".join(self.before[table])

        def mask(found: re.Match[str]) -> str:
            token = found.group()
            known = token in (numbers if found["number"] else self.known)
            return token if known and not token.startswith('"id":') else "…"

        return _NEW.sub(mask, row)


class _Statements:
    """Counts statements and commits, and crashes before one of them."""

    def __init__(self, crash_at: int) -> None:
        self.count, self.crash_at = 0, crash_at

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        self.step()
        return execute(sql, params, many, context)

    def step(self) -> None:
        self.count += 1
        if self.count == self.crash_at:
            raise Crash


@contextmanager
def _counted(crash_at: int = 0) -> Iterator[_Statements]:
    statements = _Statements(crash_at)
    database: Any = connections[connection.alias]
    commit = database.commit

    def commit_or_crash() -> None:
        try:
            statements.step()
        except Crash:
            database.connection.close()
            database.closed_in_transaction = True
            raise
        commit()

    database.commit = commit_or_crash
    try:
        with connection.execute_wrapper(statements):
            yield statements
    finally:
        del database.commit


def _parents_first(cursor: Any, schema: str, tables: list[str]) -> list[str]:
    """Order tables so that what a foreign key points to comes first."""
    cursor.execute(
        "SELECT DISTINCT c.conrelid::regclass::text, c.confrelid::regclass::text FROM pg_constraint c"
        " JOIN pg_namespace n ON n.oid = c.connamespace WHERE c.contype = 'f' AND n.nspname = %s",
        [schema],
    )
    parents: dict[str, set[str]] = {}
    for child, parent in cursor.fetchall():
        parents.setdefault(child, set()).add(parent)
    ordered: list[str] = []
    left = list(tables)
    while left:
        free = [t for t in left if not (parents.get(t, set()) & set(left) - {t})] or left
        ordered += free
        left = [t for t in left if t not in free]
    return ordered
