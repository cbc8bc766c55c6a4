"""Looks at every statement that the code under test sends from a tenant's session, in all tests."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db.backends.signals import connection_created

from kernel.tenancy import in_public_schema
from tests.support.walls.catalogue import tables_with
from tests.support.walls.statements import TENANT_ID, unnamed

ROOT = Path(__file__).resolve().parents[3]
_LET_THROUGH = (ROOT / ".venv", ROOT / "tenants" / "database", Path(__file__))
_OUTSIDE = (ROOT / "tests", ROOT / "benchmarks", ROOT / "audit")
"""Tests, and the auditor, who must see a row that the first wall lets through."""


class Watch:
    """:param found: what named no tenant, one sentence each: where, in which schema, which tables, the statement."""

    def __init__(self) -> None:
        self.shared: frozenset[str] = frozenset()
        self.found: list[str] = []

    def begin(self) -> None:
        """Look at the statements of every connection of this process from now on; the database must be migrated."""
        from django.db import connection

        with in_public_schema():
            self.shared = frozenset(tables_with([TENANT_ID]))
        connection_created.connect(self._wrap, dispatch_uid="tests.support.walls.watch")
        self._wrap(connection)

    def take(self) -> list[str]:
        found, self.found = self.found, []
        return found

    def _wrap(self, connection: Any, **_more: Any) -> None:
        if self._look not in connection.execute_wrappers:
            connection.execute_wrappers.append(self._look)

    def _look(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        database = context["connection"]
        if database.schema_name != "public" and isinstance(sql, str):
            tables = unnamed(sql, self.shared)
            sender = _sender() if tables else None
            if sender:
                self.found.append(f"{sender} in {database.schema_name}, {', '.join(tables)}: {sql[:500]}")
        return execute(sql, params, many, context)


def _sender() -> str | None:
    """Name the line of the project that sent the statement; None when a test or the auditor did."""
    frame = sys._getframe(1)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT) and not any(path.is_relative_to(let) for let in _LET_THROUGH):
            outside = any(path.is_relative_to(folder) for folder in _OUTSIDE)
            return None if outside else f"{path.relative_to(ROOT)}:{frame.f_lineno}"
        frame = frame.f_back
    return None


watch = Watch()
