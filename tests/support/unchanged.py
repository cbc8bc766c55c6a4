"""A refusal leaves everything as it was: `with nothing_happened(), pytest.raises(…)`, or around a refused request."""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.db import connection
from psycopg import sql

from events.log.log import head
from kernel.tenancy import current_tenant

SESSION = frozenset({"django_session"})
"""Every page of the admin prolongs the session: `nothing_happened(but=SESSION)`."""
MOST_SHOWN = 20
_TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN ('public', %s) ORDER BY 1, 2
"""
# PostgreSQL keeps the schemas of temporary tables, and makes them for any session that needs one.
_SCHEMAS = "SELECT 'schema', nspname FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'"

Rows = Counter[tuple[str, str]]


@contextmanager
def nothing_happened(*, but: Collection[str] = ()) -> Iterator[None]:
    """Fail when a row was written, changed or deleted inside, an event was published, or a schema came or went.

    Compared are all rows that the connection sees: of the schema that it works in, and of the tables in `public` (with a
    tenant's session: that tenant's rows). Put no `transaction.atomic()` inside: it would roll back what it must find.

    :param but: tables that may change.
    """
    tenant_id = current_tenant()
    before, position = rows(but), head(tenant_id)
    yield
    assert current_tenant() == tenant_id, f"the connection was in {tenant_id!r} and is in {current_tenant()!r}"
    after = rows(but)
    changes = [f"+ {_shown(row)}" for row in after - before] + [f"- {_shown(row)}" for row in before - after]
    assert not changes, "\n".join(["something happened:", *sorted(changes)[:MOST_SHOWN]])
    assert head(tenant_id) == position, "an event was published"


def rows(but: Collection[str] = ()) -> Rows:
    """Return every row as text, by its table, and every schema."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES, [current_tenant()])
        selects = [_select(schema, table) for schema, table in cursor.fetchall() if table not in but]
        cursor.execute(sql.SQL(" UNION ALL ").join([*selects, sql.SQL(_SCHEMAS)]))
        return Counter(cursor.fetchall())


def _select(schema: str, table: str) -> sql.Composed:
    select = sql.SQL("SELECT {}, r::text FROM {} r")
    return select.format(sql.Literal(f"{schema}.{table}"), sql.Identifier(schema, table))


def _shown(row: tuple[str, str]) -> str:
    table, values = row
    return f"{table} {values[:200]}"
