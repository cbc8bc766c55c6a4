"""Which schemas a migration visits: those that exist. A closed tenant keeps its row, and has no schema any more."""

import sys
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError, connection, connections
from django_tenants import migration_executors
from django_tenants.utils import get_public_schema_name, get_tenant_model

from kernel.tenancy import tenant_connection


def get_executor(codename: str | None = None) -> type[Any]:
    """Return django-tenants' executor of that name, kept to the schemas that exist."""
    base: Any = migration_executors.get_executor(codename)

    class ExistingSchemas(base):
        def run_migrations(self, tenants: list[str] | None = None) -> None:
            found = existing(list(tenants or []), database=self.options["database"])
            if not issubclass(base, migration_executors.StandardExecutor) or len(found) == 1:
                super().run_migrations(tenants=found)
                return
            failed = [name for name in found if not self._migrates(name)]
            if failed:
                message = f"not migrated: {', '.join(failed)}; all the others are"
                raise CommandError(message)

        def _migrates(self, name: str) -> bool:
            """Migrate one of many; one that fails is named, and the next has its turn. Only `public` stops all."""
            try:
                super().run_migrations(tenants=[name])
            except DatabaseError as error:
                if name == get_public_schema_name():
                    raise
                connection.close()
                tenant_connection().set_schema_to_public()
                sys.stderr.write(f"{name}: FAILED: {next(iter(str(error).splitlines()), '')}\n")
                return False
            return True

    return ExistingSchemas


def existing(schemas: list[str], *, database: str) -> list[str]:
    """Return those of the schemas that exist; name on stderr the missing ones of tenants that are not closed."""
    with connections[database].cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = ANY(%s)", [schemas])
        found = {name for (name,) in cursor.fetchall()}
    missing = [name for name in schemas if name not in found]
    if missing:
        model = get_tenant_model()
        for name in model.objects.filter(schema_name__in=missing).exclude(status="CLOSED").values_list("schema_name"):
            sys.stderr.write(f"tenant {name[0]} has no schema yet and is not migrated: provision or close it\n")
    return [name for name in schemas if name in found]
