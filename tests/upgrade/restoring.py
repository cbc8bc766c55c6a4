"""Bringing an older installation back from its dump, and reading what is in it."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from django.db import connection
from psycopg import Cursor

DUMPS = Path(__file__).parent / "dumps"
SHOPS = ("alder", "birch", "cedar")

Rows = Counter[str]
Table = tuple[str, str]
"""Schema and name."""


@dataclass(frozen=True)
class Before:
    """What was in the dump: every row by table, and the grants by schema."""

    database: str
    columns: dict[Table, list[str]]
    contents: dict[Table, Rows]
    grants: dict[str, set[tuple[str, str]]]


@dataclass(frozen=True)
class Upgraded:
    facts: Any
    before: Before


def facts_of(dump: str) -> Any:
    return json.loads((DUMPS / dump / "facts.json").read_text())


def restore(dump: str) -> None:
    """Run a dump as pg_dump writes it, in the empty database that Django is connected to."""
    connection.ensure_connection()
    assert connection.connection is not None
    cursor = Cursor(connection.connection)
    with gzip.open(DUMPS / dump / "database.sql.gz", "rt", encoding="utf-8") as file:
        statements: list[str] = []
        for line in file:
            if line.startswith("CREATE SCHEMA public"):
                continue
            if line.startswith("COPY ") and line.endswith(" FROM stdin;\n"):
                cursor.execute("".join(statements))
                statements.clear()
                with cursor.copy(line.removesuffix(";\n")) as copy:
                    for row in takewhile(lambda row: row != "\\.\n", file):
                        copy.write(row)
            else:
                statements.append(line)
        cursor.execute("".join(statements))
    connection.close()


def columns() -> dict[Table, list[str]]:
    """Return the columns of every table; of a partitioned one, not of its partitions."""
    found: dict[Table, list[str]] = {}
    for schema, table, column in _read(
        """
        SELECT n.nspname, c.relname, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^(pg_|information)'
        ORDER BY 1, 2, a.attnum
        """
    ):
        found.setdefault((schema, table), []).append(column)
    return found


def contents(of: dict[Table, list[str]]) -> dict[Table, Rows]:
    """Return every row of the tables as JSON of the given columns, and how often it is there."""
    return {
        (schema, table): Counter(
            row for (row,) in _read(f"SELECT row_to_json(t)::text FROM (SELECT {_list(names)} FROM {schema}.{table}) t")
        )
        for (schema, table), names in of.items()
    }


def grants(schema: str) -> set[tuple[str, str]]:
    """Return (who, what) of every grant of a schema: a person's or role's permissions, a person's roles."""
    return set(
        _read(
            f"""
            WITH permission AS (
                SELECT p.id, format('%s.%s.%s', c.app_label, c.model, p.codename) AS name
                FROM {schema}.auth_permission p JOIN {schema}.django_content_type c ON c.id = p.content_type_id
            )
            SELECT 'role ' || g.name, permission.name FROM {schema}.auth_group g
                JOIN {schema}.auth_group_permissions gp ON gp.group_id = g.id
                JOIN permission ON permission.id = gp.permission_id
            UNION ALL
            SELECT u.username, permission.name FROM {schema}.staff_user u
                JOIN {schema}.staff_user_user_permissions up ON up.user_id = u.id
                JOIN permission ON permission.id = up.permission_id
            UNION ALL
            SELECT u.username, 'role ' || g.name FROM {schema}.staff_user u
                JOIN {schema}.staff_user_groups ug ON ug.user_id = u.id JOIN {schema}.auth_group g ON g.id = ug.group_id
            UNION ALL
            SELECT u.username, format('%s %s.%s %s', l.action_flag, c.app_label, c.model, l.object_repr)
                FROM {schema}.django_admin_log l JOIN {schema}.staff_user u ON u.id = l.user_id
                JOIN {schema}.django_content_type c ON c.id = l.content_type_id
            """
        )
    )


def _list(names: list[str]) -> str:
    return ", ".join(connection.ops.quote_name(name) for name in names)


def _read(statement: str) -> Iterator[Any]:
    connection.set_schema_to_public()
    with connection.cursor() as cursor:
        cursor.execute(statement)
        yield from cursor.fetchall()
