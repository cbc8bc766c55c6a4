"""Entering a tenant's schema, and leaving it, whatever happens inside."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, cast

from django.db import DEFAULT_DB_ALIAS, connections
from django_tenants.utils import get_public_schema_name, get_tenant_model

from kernel.refusals import Refusal


class TenantLike(Protocol):
    """What the lower layers need to know of a tenant."""

    schema_name: str
    accepts_work: bool
    is_furnished: bool


class TenantRefused(Refusal):
    """A task named no tenant, one that does not exist, or one whose work has been stopped."""

    code = "tenant-refused"
    title = "Tenant refused"


class RoleNotBound(Exception):
    """The database role is one that row-level security does not bind. Nothing of Django's may catch this and go on."""


class StatementRefused(Exception):
    """A statement inside a unit of work that would end its transaction."""


class WriteElsewhereRefused(StatementRefused):
    """A statement inside a unit of work that would write in another schema than the unit's."""


class OpenUnit(Protocol):
    """A unit of work, as the database connection knows it: whose it is, and the end of its savepoints."""

    tenant_id: str

    def savepoint_made(self, sid: str) -> None: ...
    def savepoint_undone(self, sid: str) -> None: ...


class Remembered(Protocol):
    """What a process remembers of the rows of a shop, as the database connection knows it."""

    def is_of(self, statement: str) -> bool:
        """Say whether a statement that writes may change one of those rows."""
        ...


class TenantConnection(Protocol):
    """The database connection as django-tenants and `tenants.database` extend it."""

    schema_name: str
    tenant: Any
    in_atomic_block: bool
    atomic_blocks: list[Any]
    savepoint_ids: list[str | None]
    autocommit: bool
    needs_rollback: bool
    closed_in_transaction: bool
    rollback_exc: BaseException | None
    connection: Any
    unit: Any
    """The unit of work that owns the current transaction, an `OpenUnit`; None outside."""
    in_commit_hooks: bool
    default_isolation: str
    transaction_is_aborted: bool
    transaction_is_open: bool
    run_on_commit: list[Any]
    keeps_session: bool
    remembered: Any
    """What the process remembers of the shop, a `Remembered`; None where nothing is."""

    def set_tenant(self, tenant: Any) -> None: ...
    def set_schema_to_public(self) -> None: ...
    def enter(self, reading: str) -> Any: ...


def tenant_connection() -> TenantConnection:
    """Return this thread's connection itself: going through Django's proxy costs microseconds for every attribute."""
    return cast("TenantConnection", connections[DEFAULT_DB_ALIAS])


def current_tenant() -> str:
    """Return the name of the schema that this connection works in; it is the tenant's id in the event log."""
    return tenant_connection().schema_name


def in_public() -> bool:
    return current_tenant() == get_public_schema_name()


@contextmanager
def in_tenant(tenant: TenantLike) -> Iterator[TenantLike]:
    """Work in the tenant's schema; afterwards in the one before."""
    database = tenant_connection()
    before = database.tenant
    database.set_tenant(tenant)
    try:
        yield tenant
    finally:
        database.set_tenant(before)


@contextmanager
def in_public_schema() -> Iterator[None]:
    database = tenant_connection()
    before = database.tenant
    database.set_schema_to_public()
    try:
        yield
    finally:
        database.set_tenant(before)


def tenant_for_task(schema_name: str) -> TenantLike:
    """Find the tenant that a task names.

    :raises TenantRefused: when it is missing, unknown, `public`, or its work has been stopped.
    """
    if not schema_name or schema_name == get_public_schema_name():
        message = f"a tenant's task was sent for {schema_name!r}, which is not a tenant"
        raise TenantRefused(message)
    tenant = find_any_tenant(schema_name)
    if not tenant.accepts_work:
        message = f"tenant {schema_name!r} accepts no work in its current state"
        raise TenantRefused(message)
    return tenant


def takes_requests(schema_name: str) -> bool:
    """Say whether a tenant answers requests now, as its row says at this moment."""
    with in_public_schema():
        tenant = get_tenant_model().objects.filter(schema_name=schema_name).first()
    return tenant is not None and bool(tenant.accepts_requests)


def working_schemas() -> set[str]:
    """Return the schemas whose subscribers may run: the platform's, and those of tenants that accept work."""
    with in_public_schema():
        tenants = get_tenant_model().objects.only("schema_name", "status")
        return {get_public_schema_name(), *(tenant.schema_name for tenant in tenants if tenant.accepts_work)}


def tenant_statuses() -> dict[str, str]:
    """Return the status of every tenant, in capitals, and of the platform's log, which is always `ACTIVE`."""
    with in_public_schema():
        found = get_tenant_model().objects.order_by("schema_name").values_list("schema_name", "status")
        return {**dict(found), get_public_schema_name(): "ACTIVE"}


def find_any_tenant(schema_name: str) -> TenantLike:
    """:raises TenantRefused: when no tenant has that name."""
    with in_public_schema():
        tenant = get_tenant_model().objects.filter(schema_name=schema_name).first()
    if tenant is None:
        message = f"no tenant {schema_name!r} exists"
        raise TenantRefused(message)
    return cast("TenantLike", tenant)


def schema_entered(schema_name: str) -> AbstractContextManager[object]:
    """Work in the schema of a tenant that has its tables, or in the platform's, `public`.

    :raises TenantRefused: as `find_furnished_tenant` does.
    """
    if schema_name == get_public_schema_name():
        return in_public_schema()
    return in_tenant(find_furnished_tenant(schema_name))


def require_furnished(schema_name: str) -> None:
    """:raises TenantRefused: when it is neither a tenant that has its tables nor the platform."""
    if schema_name != get_public_schema_name():
        find_furnished_tenant(schema_name)


def find_furnished_tenant(schema_name: str) -> TenantLike:
    """Find a tenant whose tables are all there, active or suspended.

    In the schema of another, PostgreSQL would find the platform's tables of the same names in their place.

    :raises TenantRefused: when no tenant has that name, or it is being made or closed.
    """
    tenant = find_any_tenant(schema_name)
    if not tenant.is_furnished:
        message = f"tenant {schema_name!r} is not finished, or is closed: manage.py tenant list"
        raise TenantRefused(message)
    return tenant
