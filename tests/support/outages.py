"""Errors as the database layer raises them: with the driver's error, and its SQLSTATE, beneath."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import OperationalError, connection, connections


def with_state(state: str) -> psycopg.Error:
    """Make the driver's error for a SQLSTATE."""
    return psycopg.errors.lookup(state)("said the server")


def outage(state: str = "57P01") -> OperationalError:
    """Make what a statement raises when the server is being shut down, or fails for another reason."""
    error = OperationalError("said the server")
    error.__cause__ = with_state(state)
    return error


@contextmanager
def unanswered_commit(number: int = 1, *, made: bool) -> Iterator[None]:
    """Cut this thread's connection during one COMMIT: it is made or it is not, and nobody hears which.

    :param number: which of the commits that follow, 1 for the next.
    """
    database: Any = connections[connection.alias]
    commit, count = database.commit, 0

    def cut_off() -> None:
        nonlocal count
        count += 1
        if count != number:
            return commit()
        if made:
            commit()
        database.connection.close()
        raise outage("08006")

    database.commit = cut_off
    try:
        yield
    finally:
        del database.commit
    assert count >= number, "there were fewer commits"
