"""System checks: refuse to start where row-level security would silently be off, or a request is one transaction."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection

from kernel.tenancy import RoleNotBound


@register(Tags.database)
def the_role_is_bound_by_row_level_security(
    databases: Sequence[str] | None = None, **_options: Any
) -> list[CheckMessage]:
    """Row-level security does not bind superusers and BYPASSRLS roles: with one of them no wall stands."""
    if not databases:
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
            role, unbound = cursor.fetchone()
    except RoleNotBound as refusal:
        return [Error(str(refusal), id="tenants.E001")]
    if not unbound:
        return []
    return [
        Error(
            f"the database role {role!r} is a superuser or has BYPASSRLS: PostgreSQL would not wall the tenants off",
            hint="Connect as an ordinary role that owns the database: CREATE ROLE tillflow LOGIN; "
            "ALTER DATABASE … OWNER TO tillflow;",
            id="tenants.E001",
        )
    ]


@register()
def no_transaction_stands_around_a_request(**_options: Any) -> list[CheckMessage]:
    """A unit of work owns its transaction: with ATOMIC_REQUESTS every one of them would be refused."""
    around = [alias for alias, database in settings.DATABASES.items() if database.get("ATOMIC_REQUESTS")]
    return [
        Error(
            f"ATOMIC_REQUESTS is on for the database {alias!r}: units of work would be refused in every view",
            hint="Turn it off. Each service opens the unit of work that it needs.",
            id="tenants.E002",
        )
        for alias in around
    ]
