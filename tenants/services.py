"""What the platform does with a tenant: create, suspend, reactivate, close."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from events.event import Event
from events.events import CacheInvalidated
from events.operations import audit
from events.operations.tenant_records import drop_tenant_records, subscribe_tenant
from events.publishing.publish import publish
from events.publishing.safekeeping import keep
from events.publishing.unit_of_work import unit_of_work
from kernel.refusals import NotFound, Refusal
from kernel.tenancy import in_public_schema, in_tenant
from tenants import schemas
from tenants.events import TenantClosed, TenantProvisioned, TenantReactivated, TenantSuspended
from tenants.hosts import CACHE, host_cache
from tenants.models import Domain, Tenant
from tenants.names import is_reserved
from tenants.registering import find_unfinished, wanted_tenant, write_rows

NOT_CLOSED = [status for status in Tenant.Status if status != Tenant.Status.CLOSED]
LONGEST_WAIT = "60s"


class TenantNotInState(Refusal):
    code = "tenant-not-in-state"
    title = "Tenant in another state"


class TenantBusy(Refusal):
    code = "tenant-busy"
    title = "Tenant busy"


def create_tenant(
    *, name: str, title: str = "", host: str = "", currency: str = "EUR", timezone: str = "UTC", owner_email: str = ""
) -> Tenant:
    """Create a tenant that sells within seconds: its schema, its domain, and the event that furnishes it.

    May be repeated after a crash at any step, with the same values.

    :param name: the permanent name, also of the schema and the default host.
    :raises TenantInvalid: when a value is malformed.
    :raises TenantNameTaken: when a tenant, a schema or a domain of that name exists.
    """
    wanted = wanted_tenant(
        name=name, title=title, host=host, currency=currency, timezone=timezone, owner_email=owner_email
    )
    tenant = find_unfinished(*wanted) or write_rows(*wanted)
    provision_tenant(tenant=tenant)
    return tenant


def provision_tenant(*, tenant: Tenant) -> None:
    """Bring a tenant from a row to a shop; may be repeated after a crash at any step, and does nothing to a shop.

    :raises TenantNotInState: when the tenant is suspended, closing or closed.
    :raises SchemaNotOfTenant: when there is a schema of its name that was not made for it.
    :raises TenantUnfinished: when not all migrations are recorded: the tenant stays as it is.
    :raises TenantBusy: when another process works on it for longer than a minute.
    """
    with _alone_with(tenant):
        status = _status_of(tenant)
        if status == Tenant.Status.ACTIVE:
            tenant.status = Tenant.Status.ACTIVE
            return
        if status != Tenant.Status.PROVISIONING:
            raise _not_in_state(tenant, status)
        schemas.require_own(tenant)
        if schemas.unrecorded(tenant):
            schemas.require_may_make()
            schemas.make(tenant)
        with in_tenant(tenant), unit_of_work():
            _change_status(tenant, before=[Tenant.Status.PROVISIONING], after=Tenant.Status.ACTIVE)
            subscribe_tenant()
            audit.record(action="shop made")
            keep({f"owner:{tenant.id}": tenant.owner_email})
            publish(
                TenantProvisioned(
                    tenant_uuid=tenant.id,
                    tenant_name=tenant.schema_name,
                    name=tenant.name,
                    currency=tenant.currency,
                    timezone=tenant.timezone,
                    owner_email=None,
                )
            )
    tenant.status = Tenant.Status.ACTIVE
    _announce_change(tenant)


def suspend_tenant(*, tenant: Tenant) -> None:
    """Stop requests and subscribers; nothing is lost, and the log waits.

    :raises TenantNotInState: when the tenant is not active.
    """
    said = TenantSuspended(tenant_uuid=tenant.id, tenant_name=tenant.schema_name)
    _move(tenant, before=Tenant.Status.ACTIVE, after=Tenant.Status.SUSPENDED, change=said)


def reactivate_tenant(*, tenant: Tenant) -> None:
    """Let a suspended tenant work again; its subscribers catch up.

    :raises TenantNotInState: when the tenant is not suspended.
    """
    said = TenantReactivated(tenant_uuid=tenant.id, tenant_name=tenant.schema_name)
    _move(tenant, before=Tenant.Status.SUSPENDED, after=Tenant.Status.ACTIVE, change=said)


def close_tenant(*, tenant: Tenant, keep_schema: bool = False) -> None:
    """Close a tenant for good: drop its schema and forget its log. The row stays, so that the name is not reused.

    May be repeated after a crash at any step.

    :param keep_schema: leave the schema as it is, because it was not made for this tenant.

    :raises TenantNotInState: when the tenant is closed already.
    :raises SchemaNotOfTenant: when the schema of its name was not made for it. Nothing is changed.
    :raises TenantBusy: when another process works on it for longer than a minute.
    """
    with _alone_with(tenant):
        if not keep_schema:
            schemas.require_own(tenant)
        with in_public_schema():
            _change_status(tenant, before=NOT_CLOSED, after=Tenant.Status.CLOSING)
        tenant.status = Tenant.Status.CLOSING
        _announce_change(tenant)
        with in_public_schema(), unit_of_work():
            _change_status(tenant, before=[Tenant.Status.CLOSING], after=Tenant.Status.CLOSED)
            if not keep_schema:
                schemas.drop(tenant)
            if not is_reserved(tenant.schema_name):
                drop_tenant_records(tenant_id=tenant.schema_name)
            Domain.objects.filter(tenant=tenant).delete()
            audit.record(action="shop closed", subject=f"tenant:{tenant.schema_name}")
            publish(TenantClosed(tenant_uuid=tenant.id, tenant_name=tenant.schema_name))
    tenant.status = Tenant.Status.CLOSED
    _announce_change(tenant)


def find_tenant(*, name: str) -> Tenant:
    """:raises NotFound: when no tenant has that name."""
    with in_public_schema():
        tenant = Tenant.objects.filter(schema_name=name).first()
    if tenant is None:
        message = f"no tenant {name!r} exists"
        raise NotFound(message)
    return tenant


def _move(tenant: Tenant, *, before: Tenant.Status, after: Tenant.Status, change: Event) -> None:
    with in_tenant(tenant), unit_of_work():
        _change_status(tenant, before=[before], after=after)
        publish(change)
        audit.record(action=f"shop {'suspended' if after == Tenant.Status.SUSPENDED else 'reactivated'}")
    tenant.status = after
    _announce_change(tenant)


@contextmanager
def _alone_with(tenant: Tenant) -> Iterator[None]:
    """Keep every other process from making or dropping this tenant's schema until the end.

    The lock has a separate connection: migrating closes the one that the services work with.

    :raises TenantBusy: when another process keeps it for longer than a minute.
    """
    holder = connection.copy()
    try:
        with holder.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LONGEST_WAIT])
            cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 1))", [f"tenant:{tenant.schema_name}"])
    except OperationalError as error:
        holder.close()
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        message = f"another process makes or closes tenant {tenant.schema_name!r}: try again when it is done"
        raise TenantBusy(message) from None
    try:
        yield
    finally:
        holder.close()


def _status_of(tenant: Tenant) -> str:
    """Read the status from the database: that of the object may be out of date."""
    status = Tenant.objects.filter(pk=tenant.pk).values_list("status", flat=True).first()
    return status or "deleted"


def _change_status(tenant: Tenant, *, before: Sequence[Tenant.Status], after: Tenant.Status) -> None:
    """Change the status in the database, from one of those that are named and from no other.

    :raises TenantNotInState: when the tenant has another status now.
    """
    if not Tenant.objects.filter(pk=tenant.pk, status__in=before).update(status=after):
        raise _not_in_state(tenant, _status_of(tenant))


def _not_in_state(tenant: Tenant, status: str) -> TenantNotInState:
    return TenantNotInState(f"tenant {tenant.schema_name!r} is {status.lower()}")


def _announce_change(tenant: Tenant) -> None:
    """Say on the platform's log that what processes remember of this tenant is out of date."""
    with in_public_schema(), unit_of_work():
        publish(CacheInvalidated(cache=CACHE, key=tenant.schema_name))
        transaction.on_commit(host_cache.forget, robust=True)
