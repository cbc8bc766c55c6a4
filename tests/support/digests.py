"""What a database holds, table by table, in a form that two moments can be compared by."""

import psycopg
from psycopg import sql

_TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^(pg_|information)'
"""


def digests(url: str) -> dict[str, tuple[int, str]]:
    """Return (rows, digest of all rows in any order) of every table of a database, by `schema.table`."""
    found = {}
    with psycopg.connect(url) as database:
        database.execute("SET search_path = public")
        for schema, table in database.execute(_TABLES).fetchall():
            statement = sql.SQL(
                "SELECT count(*), md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {} t"
            )
            row = database.execute(statement.format(sql.Identifier(schema, table))).fetchone()
            assert row is not None
            found[f"{schema}.{table}"] = (row[0], row[1])
    return found
