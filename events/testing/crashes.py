"""Crashes: a run's statements and commits are counted, and before one of them the process dies."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections


class Crash(BaseException):
    """What stands for the death of the process at a statement."""


class Statements:
    """Counts statements and commits, and crashes before one of them; nothing runs after it."""

    def __init__(self, crash_at: int) -> None:
        self.count, self.crash_at = 0, crash_at

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        self.step()
        return execute(sql, params, many, context)

    def step(self) -> None:
        self.count += 1
        if self.crash_at and self.count >= self.crash_at:
            raise Crash


@contextmanager
def counted(crash_at: int = 0) -> Iterator[Statements]:
    statements = Statements(crash_at)
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
