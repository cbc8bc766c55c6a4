"""The statements of this process's connection, as PostgreSQL's own log shows them: BEGIN, SET and COMMIT included."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.db import connection

from config.place import var
from demo.stack.postgres import ROLE, EmbeddedPostgres
from tests.support.isolation import own

ENTRY = re.compile(r"^\d{4}-\d\d-\d\d [\d:.]+ \S+ \[(\d+)\] \w+:  (.*)$")
STATEMENT = "statement: "


def is_readable() -> bool:
    """Say whether the server is the tests' own: the log of one that was given is not here."""
    return not own.database_given


@contextmanager
def statements_logged() -> Iterator[Callable[[], list[str]]]:
    """Give what returns the statements so far, one text for each round trip. Before and after, connect anew."""
    server = EmbeddedPostgres(var() / "postgres")
    log = server.directory / "log"
    _set(server, "all")
    try:
        connection.ensure_connection()
        pid, begin = connection.connection.info.backend_pid, log.stat().st_size
        yield lambda: _sent(log, begin, pid)
    finally:
        _set(server, "none")


def _set(server: EmbeddedPostgres, value: str) -> None:
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as database:
        database.execute(f"ALTER ROLE {ROLE} IN DATABASE {own.database} SET log_statement = '{value}'")
    connection.close()


def _sent(log: Path, begin: int, pid: int) -> list[str]:
    """Read what one backend logged since then; a statement of several lines is one."""
    sent: list[list[str]] = []
    with log.open("rb") as file:
        file.seek(begin)
        lines = file.read().decode(errors="replace").splitlines()
    entry: list[str] = []
    for line in lines:
        found = ENTRY.match(line)
        if found is None:
            entry.append(line)
            continue
        entry = [found[2].removeprefix(STATEMENT)]
        if int(found[1]) == pid and found[2].startswith(STATEMENT):
            sent.append(entry)
    return [" ".join(" ".join(entry).split()) for entry in sent]
