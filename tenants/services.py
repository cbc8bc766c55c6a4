"""What the platform does with a tenant: create, suspend, reactivate, close."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from events.events import CacheInvalidated
from events.publishing import publish
from events.services import drop_tenant_records, subscribe_tenant
from events.unit_of_work import unit_of_work
from kernel.refusals import NotFound, Refusal
from kernel.tenancy import in_public_schema, in_tenant
from tenants.events import TenantClosed, TenantProvisioned, TenantReactivated, TenantSuspended
from tenants.hosts import CACHE, host_cache
from tenants.models import Domain, Tenant

NOT_CLOSED = [status for status in Tenant.Status if status != Tenant.Status.CLOSED]


class TenantNameTaken(Refusal):
    code = "tenant-name-taken"
    title = "Tenant name taken"


class TenantInvalid(Refusal):
    code = "tenant-invalid"
    title = "Tenant invalid"
    status = 422


class TenantNotInState(Refusal):
    code = "tenant-not-in-state"
    title = "Tenant not in the state that this needs"


def create_tenant(
    *, name: str, title: str = "", host: str = "", currency: str = "EUR", timezone: str = "UTC", owner_email: str = ""
) -> Tenant:
    """Create a tenant that sells within seconds: its schema, its domain, and the event that furnishes it.

    :param name: the permanent name, also of the schema and the default host.
    :raises TenantInvalid: when a value is malformed.
    :raises TenantNameTaken: when a tenant or a domain of that name exists.
    """
    tenant = register_tenant(
        name=name, title=title, host=host, currency=currency, timezone=timezone, owner_email=owner_email
    )
    provision_tenant(tenant=tenant)
    return tenant


def register_tenant(
    *, name: str, title: str = "", host: str = "", currency: str = "EUR", timezone: str = "UTC", owner_email: str = ""
) -> Tenant:
    """Write the rows of a tenant, as `create_tenant` does. Its schema is made by `provision_tenant`, outside a unit."""
    host = (host or f"{name.replace('_', '-')}.{settings.BASE_DOMAIN}").lower()
    tenant = Tenant(schema_name=name, name=title or name, currency=currency, timezone=timezone, owner_email=owner_email)
    with in_public_schema():
        if Tenant.objects.filter(schema_name=name).exists() or Domain.objects.filter(domain=host).exists():
            message = f"a tenant named {name!r} or a domain {host!r} exists already"
            raise TenantNameTaken(message)
        try:
            tenant.full_clean(validate_unique=False)
        except ValidationError as error:
            raise TenantInvalid(
                "; ".join(f"{field}: {', '.join(m)}" for field, m in error.message_dict.items())
            ) from None
        with transaction.atomic():
            tenant.save()
            Domain.objects.create(tenant=tenant, domain=host, is_primary=True)
    return tenant


def provision_tenant(*, tenant: Tenant) -> None:
    """Bring a tenant from a row to a shop; may be repeated after a crash at any step, and does nothing to a shop.

    :raises TenantNotInState: when the tenant is suspended, closing or closed.
    """
    with _alone_with(tenant):
        status = _status_of(tenant)
        if status == Tenant.Status.ACTIVE:
            tenant.status = Tenant.Status.ACTIVE
            return
        if status != Tenant.Status.PROVISIONING:
            raise _not_in_state(tenant, status)
        tenant.create_schema(check_if_exists=True, sync_schema=True, verbosity=0)
        with in_tenant(tenant), unit_of_work():
            _change_status(tenant, before=[Tenant.Status.PROVISIONING], after=Tenant.Status.ACTIVE)
            subscribe_tenant()
            publish(
                TenantProvisioned(
                    tenant_uuid=tenant.id,
                    tenant_name=tenant.schema_name,
                    name=tenant.name,
                    currency=tenant.currency,
                    timezone=tenant.timezone,
                    owner_email=tenant.owner_email,
                )
            )
    tenant.status = Tenant.Status.ACTIVE
    _announce_change(tenant)


def suspend_tenant(*, tenant: Tenant) -> None:
    """Stop requests and subscribers; nothing is lost, and the log waits.

    :raises TenantNotInState: when the tenant is not active.
    """
    said = TenantSuspended(tenant_uuid=tenant.id, tenant_name=tenant.schema_name)
    _move(tenant, before=Tenant.Status.ACTIVE, after=Tenant.Status.SUSPENDED, said=said)


def reactivate_tenant(*, tenant: Tenant) -> None:
    """Let a suspended tenant work again; its subscribers catch up.

    :raises TenantNotInState: when the tenant is not suspended.
    """
    said = TenantReactivated(tenant_uuid=tenant.id, tenant_name=tenant.schema_name)
    _move(tenant, before=Tenant.Status.SUSPENDED, after=Tenant.Status.ACTIVE, said=said)


def close_tenant(*, tenant: Tenant) -> None:
    """Close a tenant for good: drop its schema and forget its log. The row stays, so that the name is not reused.

    May be repeated after a crash at any step.

    :raises TenantNotInState: when the tenant is closed already.
    """
    with _alone_with(tenant):
        with in_public_schema():
            _change_status(tenant, before=NOT_CLOSED, after=Tenant.Status.CLOSING)
        tenant.status = Tenant.Status.CLOSING
        _announce_change(tenant)
        with in_public_schema(), unit_of_work():
            _change_status(tenant, before=[Tenant.Status.CLOSING], after=Tenant.Status.CLOSED)
            _drop_schema(tenant)
            drop_tenant_records(tenant_id=tenant.schema_name)
            Domain.objects.filter(tenant=tenant).delete()
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


def _move(tenant: Tenant, *, before: Tenant.Status, after: Tenant.Status, said: object) -> None:
    with in_tenant(tenant), unit_of_work():
        _change_status(tenant, before=[before], after=after)
        publish(said)
    tenant.status = after
    _announce_change(tenant)


@contextmanager
def _alone_with(tenant: Tenant) -> Iterator[None]:
    """Keep every other process from making or dropping this tenant's schema until the end; waits for one that does."""
    key = f"tenant:{tenant.schema_name}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 1))", [key])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 1))", [key])


def _drop_schema(tenant: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {connection.ops.quote_name(tenant.schema_name)} CASCADE")


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
