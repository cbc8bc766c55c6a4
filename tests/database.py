"""The tests' database: created and marked as theirs, and migrated; one that somebody else made is never touched."""

from typing import Any

from django.db import connections
from django.test.utils import setup_databases

from tests.isolation import MARK, own, refuse


def create(*, anew: bool) -> None:
    """Create the database that the settings name, or take the marked one that exists, and migrate it."""
    database = connections["default"]
    name = database.ops.quote_name(own.database)
    with database._nodb_cursor() as cursor:
        exists = _is_ours(cursor)
        if exists and anew:
            cursor.execute(f"DROP DATABASE {name}")
        if anew or not exists:
            cursor.execute(f"CREATE DATABASE {name}")
            cursor.execute(f"COMMENT ON DATABASE {name} IS '{MARK}'")
    database.settings_dict["TEST"]["NAME"] = own.database
    setup_databases(verbosity=0, interactive=False, aliases={"default"}, keepdb=True)


def _is_ours(cursor: Any) -> bool:
    """Say whether the database exists; refuse one without the mark on a server that was given."""
    statement = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
    cursor.execute(statement, [own.database])
    found = cursor.fetchone()
    if found and own.database_given and found[0] != MARK:
        refuse(
            f"the database {own.database!r} exists on the server that DATABASE_URL names, and tests did not make it;"
            f" drop it, or mark it as theirs: COMMENT ON DATABASE {own.database} IS '{MARK}'"
        )
    return bool(found)
