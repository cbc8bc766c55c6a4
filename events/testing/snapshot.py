"""Snapshots: the rows of a tenant, how to bring them back, and what everybody else's look like."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from kernel.tenancy import in_public_schema

EVENT_TABLES = {
    "events_event": "TRUE",
    "events_processedevent": "subscriber = %(subscriber)s",
    "events_parkedevent": "subscriber = %(subscriber)s",
    "events_outgoing": "TRUE",
    "events_keptsecret": "TRUE",
    "events_webhookdelivery": "TRUE",
}

WRITTEN_BY_TRIGGERS = "written by triggers"
"""The comment of a table that says nothing but that others have changed: it is not compared."""

Rows = dict[str, list[str]]

NEW = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:?\d\d|Z)?"
    r'|"(?P<number>(?:\w+_)?id":\d+)'
)


class Snapshot:
    """The rows that a subscriber of a tenant may leave, as they are when this is made, and how to bring them back."""

    def __init__(self, tenant_id: str, subscriber: str) -> None:
        self.tenant_id, self.subscriber = tenant_id, subscriber
        self.parameters = {"tenant": tenant_id, "subscriber": subscriber}
        self.before = self.rows()
        self.known = {found.group() for rows in self.before.values() for row in rows for found in NEW.finditer(row)}
        self.cursor = self._cursor()

    def rows(self) -> Rows:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = %s AND n.nspname <> 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
                " AND obj_description(c.oid, 'pg_class') IS DISTINCT FROM %s ORDER BY c.relname",
                [self.tenant_id, WRITTEN_BY_TRIGGERS],
            )
            sources = {table: f'"{table}" AS t' for (table,) in cursor.fetchall()} | {
                table: f"public.{table} AS t WHERE tenant_id = %(tenant)s AND {condition}"
                for table, condition in EVENT_TABLES.items()
            }
            rows: Rows = {table: [] for table in sources}
            each = (f"SELECT '{table}', row_to_json(t)::text FROM {source}" for table, source in sources.items())
            cursor.execute(" UNION ALL ".join(each) + " ORDER BY 1, 2", self.parameters)
            for table, row in cursor.fetchall():
                rows[table].append(row)
        return rows

    def _cursor(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT cursor FROM events_subscription WHERE tenant_id = %(tenant)s AND subscriber = %(subscriber)s",
                self.parameters,
            )
            position: int = cursor.fetchone()[0]
            return position

    def set_cursor_back(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE events_subscription SET cursor = %(cursor)s, starts = 0, started_position = 0,"
                " started_at = NULL WHERE tenant_id = %(tenant)s AND subscriber = %(subscriber)s",
                {**self.parameters, "cursor": self.cursor},
            )

    def restore(self) -> None:
        """Bring the tables that changed back to what they held, and the cursor with them."""
        now = self.rows()
        changed = [table for table in now if now[table] != self.before[table]]
        shared = [table for table in changed if table in EVENT_TABLES]
        own = [table for table in changed if table not in EVENT_TABLES]
        with connection.cursor() as cursor:
            if own:
                cursor.execute(f"TRUNCATE {', '.join(own)} CASCADE")
            own = [table for table, rows in self.rows().items() if rows != self.before[table] and table in now]
            own = [table for table in own if table not in EVENT_TABLES]
            for table in _parents_first(cursor, self.tenant_id, own):
                with _no_triggers(cursor, self.tenant_id, table):
                    self._write(cursor, f'"{table}"', self.before[table])
        with in_public_schema(), connection.cursor() as cursor:
            for table in shared:
                condition = f"tenant_id = %(tenant)s AND {EVENT_TABLES[table]}"
                cursor.execute(f"DELETE FROM {table} WHERE {condition}", self.parameters)
                self._write(cursor, table, self.before[table])
            self.set_cursor_back()

    def _write(self, cursor: Any, table: str, rows: list[str]) -> None:
        cursor.execute(
            f"INSERT INTO {table} OVERRIDING SYSTEM VALUE"
            f" SELECT * FROM json_populate_recordset(NULL::{table}, %s::json)",
            [f"[{','.join(rows)}]"],
        )

    def differences(self, wanted: Rows, found: Rows) -> Iterator[str]:
        """Write down the rows that differ, but for ids that were not there before, and moments."""
        for table, rows in found.items():
            unequal = Counter(wanted[table]), Counter(rows)
            missing, new = unequal[0] - unequal[1], unequal[1] - unequal[0]
            expected = Counter(self._masked(table, row) for row in missing.elements())
            there = Counter(self._masked(table, row) for row in new.elements())
            for row in (expected - there).elements():
                yield f"  {table}: missing {row}"
            for row in (there - expected).elements():
                yield f"  {table}: one too many {row}"

    def _masked(self, table: str, row: str) -> str:
        """Take out of a row what is new by nature; numbers of rows count as new unless the table had them before."""
        numbers = "\n".join(self.before[table])

        def mask(found: re.Match[str]) -> str:
            token = found.group()
            known = token in (numbers if found["number"] else self.known)
            return token if known and not token.startswith('"id":') else "…"

        return NEW.sub(mask, row)


@contextmanager
def _no_triggers(cursor: Any, schema: str, table: str) -> Iterator[None]:
    """Let no trigger change or refuse rows that are brought back: one refuses numbers that were given before."""
    cursor.execute(
        "SELECT tgname, CASE tgenabled WHEN 'A' THEN 'ALWAYS' ELSE '' END FROM pg_trigger"
        " WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled IN ('O', 'A')",
        [f'"{schema}"."{table}"'],
    )
    triggers = cursor.fetchall()
    for name, _always in triggers:
        cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER "{name}"')
    yield
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    for name, always in triggers:
        cursor.execute(f'ALTER TABLE "{table}" ENABLE {always} TRIGGER "{name}"')


def of_others(tenant_id: str) -> dict[str, str]:
    """Digest every table that is not the tenant's: other tenants' schemas, `public`, others' rows in shared tables."""
    digests = {}
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(_TABLES, {"tenant": tenant_id})
        for schema, table, has_tenant in cursor.fetchall():
            condition = "t.tenant_id <> %(tenant)s" if has_tenant else "TRUE"
            cursor.execute(
                f'SELECT count(*) || md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{schema}"."{table}" AS t'
                f" WHERE {condition}",
                {"tenant": tenant_id},
            )
            digests[f"{schema}.{table}"] = str(cursor.fetchone()[0])
    return digests


# A platform subscriber writes what it likes in `public`.
_TABLES = """
SELECT n.nspname, c.relname, EXISTS (
    SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.atttypid = 'text'::regtype
        AND n.nspname = 'public'
)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname <> %(tenant)s
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY n.nspname, c.relname
"""


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
