"""The tests' database: created and marked as theirs, and migrated; one that somebody else made is never touched."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.test.utils import setup_databases

from tests.support.isolation import MARK, own, refuse


def create(*, anew: bool) -> None:
    """Create the database that the settings name, or take the marked one that exists, and migrate it."""
    database = connections["default"]
    name = database.ops.quote_name(own.database)
    with database._nodb_cursor() as cursor:
        exists = _is_ours(cursor, own.database)
        if exists and anew:
            cursor.execute(f"DROP DATABASE {name}")
        if anew or not exists:
            cursor.execute(f"CREATE DATABASE {name}")
            cursor.execute(f"COMMENT ON DATABASE {name} IS '{MARK}'")
    database.settings_dict["TEST"]["NAME"] = own.database
    setup_databases(verbosity=0, interactive=False, aliases={"default"}, keepdb=True)


def create_beside(suffix: str, *, template: str = "template0") -> str:
    """Create another database of the tests', in place of one of that name; return its name."""
    database, name = connections["default"], f"{own.database}_{suffix}"
    own.beside.add(name)
    drop_beside(name)
    quote = database.ops.quote_name
    with database._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {quote(name)} TEMPLATE {quote(template)} ENCODING 'UTF8'")
        cursor.execute(f"COMMENT ON DATABASE {quote(name)} IS '{MARK}'")
    return name


def drop_beside(name: str) -> None:
    database = connections["default"]
    with database._nodb_cursor() as cursor:
        if _is_ours(cursor, name):
            cursor.execute(f"DROP DATABASE {database.ops.quote_name(name)}")


@contextmanager
def working_in(name: str) -> Iterator[None]:
    """Let this process work in another database of the tests'."""
    database = connections["default"]
    before = database.settings_dict["NAME"]
    database.close()
    database.settings_dict["NAME"] = name
    try:
        yield
    finally:
        database.close()
        database.settings_dict["NAME"] = before
        database.set_schema_to_public()


def _is_ours(cursor: Any, name: str) -> bool:
    """Say whether the database exists; refuse one without the mark on a server that was given."""
    statement = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
    cursor.execute(statement, [name])
    found = cursor.fetchone()
    if found and own.database_given and found[0] != MARK:
        refuse(
            f"the database {name!r} exists on the server that DATABASE_URL names, and tests did not make it;"
            f" drop it, or mark it as theirs: COMMENT ON DATABASE {name} IS '{MARK}'"
        )
    return bool(found)
