"""Whether a statement names the tenant, for each table that tenants share."""

import re
from collections.abc import Iterator
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

TENANT_ID = "tenant_id"
_PLACEHOLDER = re.compile(r"%\(\w+\)s|%s")
_LOCKS = re.compile(r"\bFOR NO KEY UPDATE\b", re.IGNORECASE)
_COMPARISONS = (exp.EQ, exp.In, exp.NullSafeEQ)
_SCOPES = (exp.Select, exp.Update, exp.Delete, exp.Insert, exp.Merge)


@cache
def unnamed(sql: str, shared: frozenset[str]) -> tuple[str, ...]:
    """Return the shared tables that a statement uses without a condition that binds their `tenant_id`.

    It is bound by a comparison with a value, or with the `tenant_id` of a table that is bound itself; in an INSERT by a
    column. A statement that is not understood binds nothing.
    """
    if not _mentioned(sql, shared):
        return ()
    try:
        text = _LOCKS.sub("FOR UPDATE", _PLACEHOLDER.sub("$1", sql).replace("%%", "%"))
        parsed = [statement for statement in sqlglot.parse(text, dialect="postgres") if statement is not None]
    except SqlglotError:
        return _mentioned(sql, shared)
    return tuple(table for statement in parsed for table in _unbound(statement, shared))


def _mentioned(sql: str, shared: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(table for table in shared if re.search(rf"\b{table}\b", sql)))


def _unbound(statement: exp.Expression, shared: frozenset[str]) -> Iterator[str]:
    if not isinstance(statement, exp.Query | exp.DML):
        yield from _mentioned(statement.sql(dialect="postgres"), shared)
        return
    tables = [table for table in statement.find_all(exp.Table) if table.name in shared]
    bound = {id(table) for table in tables if _is_inserted(table)}
    partners = _partners(statement, shared)
    while grown := {table for table, others in partners if table not in bound and (not others or others & bound)}:
        bound |= grown
    yield from (table.name for table in tables if id(table) not in bound)


def _is_inserted(table: exp.Table) -> bool:
    scope = table.find_ancestor(*_SCOPES)
    into = scope is not None and isinstance(scope, exp.Insert)
    return into and TENANT_ID in {column.name for column in scope.this.expressions}


def _partners(statement: exp.Expression, shared: frozenset[str]) -> list[tuple[int, set[int]]]:
    """List each comparison of a shared table's `tenant_id` with the shared tables whose `tenant_id` it is compared to."""
    found = []
    for comparison in statement.find_all(*_COMPARISONS):
        if not _is_condition(comparison):
            continue
        columns = [column for column in comparison.find_all(exp.Column) if column.name == TENANT_ID]
        owners = {id(owner) for column in columns if (owner := _owner(column, shared)) is not None}
        foreign = len(owners) < len(columns)
        found += [(owner, set() if foreign else owners - {owner}) for owner in owners]
    return found


def _is_condition(comparison: exp.Expression) -> bool:
    """Tell a condition from what a statement selects or sets."""
    scope = comparison.find_ancestor(*_SCOPES)
    chosen = [] if scope is None else scope.expressions
    return not any(comparison is node for expression in chosen for node in expression.walk())


def _owner(column: exp.Column, shared: frozenset[str]) -> exp.Table | None:
    """Find the shared table that a column belongs to, in its own scope or in one around it."""
    scope = column.find_ancestor(*_SCOPES)
    while scope is not None:
        near = [t for t in scope.find_all(exp.Table) if t.find_ancestor(*_SCOPES) is scope and t.name in shared]
        for table in near:
            if column.table in {"", table.alias_or_name}:
                return table if column.table or len(near) == 1 else None
        scope = scope.find_ancestor(*_SCOPES)
    return None
