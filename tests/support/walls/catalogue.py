"""Which tables tenants share, as the database's own catalogue says."""

from collections.abc import Sequence

from django.db import connection

_WITH_COLUMN = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname = ANY(%s) AND NOT a.attisdropped
ORDER BY 1
"""


def tables_with(columns: Sequence[str]) -> list[str]:
    """Return the tables of the schema `public`, partitions among them, that have one of some columns."""
    with connection.cursor() as cursor:
        cursor.execute(_WITH_COLUMN, [list(columns)])
        return [name for (name,) in cursor.fetchall()]
