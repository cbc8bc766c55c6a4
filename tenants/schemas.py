"""The schemas of tenants: made, checked and dropped here and nowhere else."""

from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from kernel.refusals import Refusal
from kernel.tenancy import in_public_schema, tenant_connection
from tenants.models import Tenant
from tenants.names import is_reserved


class SchemaNotOfTenant(Refusal):
    """The schema is the platform's, PostgreSQL's, or somebody else's. It is neither used nor dropped."""

    code = "schema-not-of-tenant"
    title = "Schema not of this tenant"


class TenantUnfinished(Refusal):
    code = "tenant-unfinished"
    title = "Tenant not finished"


class DatabaseNotOwned(Refusal):
    """The role cannot make a schema, so that no tenant can be made."""

    code = "database-not-owned"
    title = "Database not owned"


def require_may_make() -> None:
    """:raises DatabaseNotOwned: when the role may not make schemas in this database."""
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(current_user), quote_ident(current_database()),"
            " has_database_privilege(current_database(), 'CREATE')"
        )
        role, database, may = cursor.fetchone()
    if not may:
        message = (
            f"the role {role} may not make schemas in the database {database}, which it must own:"
            f" as a superuser, ALTER DATABASE {database} OWNER TO {role}"
        )
        raise DatabaseNotOwned(message)


def exists(name: str) -> bool:
    """Say whether there is a schema of that name, whoever made it."""
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_catalog.pg_namespace WHERE lower(nspname) = lower(%s)", [name])
        return cursor.fetchone() is not None


def require_own(tenant: Tenant) -> None:
    """Let a tenant's schema be worked on when it is the tenant's, or does not exist.

    A schema bears its tenant's id as its comment. One that an earlier release made has no comment: it is empty, or has
    a table of migrations.

    :raises SchemaNotOfTenant: when it is of anybody else.
    """
    name = tenant.schema_name
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(_OWNER, {"name": name})
        found = cursor.fetchone()
    comment, is_empty, has_migrations = found or (None, True, False)
    is_marked = (comment or "").startswith(_MARK)
    own = comment == _mark(tenant) if is_marked else is_empty or has_migrations
    if is_reserved(name) or not own:
        message = f"the schema {name!r} was not made for this tenant: it is neither used nor dropped"
        raise SchemaNotOfTenant(message)


def make(tenant: Tenant) -> None:
    """Make a tenant's schema with all its tables; what an attempt that was killed has left of it is dropped first.

    :raises SchemaNotOfTenant: when there is a schema of that name that is not the tenant's.
    :raises TenantUnfinished: when a migration is not recorded afterwards.
    """
    require_own(tenant)
    name = connection.ops.quote_name(tenant.schema_name)
    with in_public_schema(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        cursor.execute(f"CREATE SCHEMA {name}")
        cursor.execute(f"COMMENT ON SCHEMA {name} IS '{_mark(tenant)}'")
    call_command("migrate_schemas", tenant=True, schema_name=tenant.schema_name, interactive=False, verbosity=0)
    tenant_connection().set_schema_to_public()
    missing = unrecorded(tenant)
    if missing:
        message = f"{len(missing)} migrations of {tenant.schema_name!r} are not recorded, among them {missing[0]}"
        raise TenantUnfinished(message)


def unrecorded(tenant: Tenant) -> list[str]:
    """List the migrations of this code that a tenant's schema has not recorded."""
    with in_public_schema(), connection.cursor() as cursor:
        table = f"{connection.ops.quote_name(tenant.schema_name)}.django_migrations"
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
        recorded = set()
        if cursor.fetchone()[0]:
            cursor.execute(f"SELECT app, name FROM {table}")
            recorded = set(cursor.fetchall())
    wanted = MigrationLoader(None).graph.nodes
    return sorted(f"{app}.{name}" for app, name in wanted if (app, name) not in recorded)


def drop(tenant: Tenant) -> None:
    """:raises SchemaNotOfTenant: when it is of anybody else."""
    require_own(tenant)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {connection.ops.quote_name(tenant.schema_name)} CASCADE")


def _mark(tenant: Tenant) -> str:
    return f"{_MARK}{tenant.pk}"


_MARK = "tillflow tenant "
_OWNER = """
SELECT obj_description(n.oid, 'pg_namespace'),
    NOT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid),
    EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'django_migrations')
FROM pg_namespace n WHERE n.nspname = %(name)s
"""
