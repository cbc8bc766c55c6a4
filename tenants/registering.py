"""Registering: the values of a new tenant are checked, and its rows written; its schema comes after them."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from kernel.limits import NAME
from kernel.refusals import Refusal
from kernel.tenancy import in_public_schema
from kernel.text import TextRefused, require_line
from tenants import schemas
from tenants.hostnames import tenant_host
from tenants.models import Domain, Tenant

LABELS = {"schema_name": "name", "name": "title", "owner_email": "owner's e-mail", "timezone": "time zone"}


class TenantNameTaken(Refusal):
    code = "tenant-name-taken"
    title = "Tenant name taken"


class TenantInvalid(Refusal):
    code = "tenant-invalid"
    title = "Invalid tenant"
    status = 422


def register_tenant(
    *, name: str, title: str = "", host: str = "", currency: str = "EUR", timezone: str = "UTC", owner_email: str = ""
) -> Tenant:
    """Write the rows of a tenant, as `create_tenant` does. Its schema is made by `provision_tenant`, outside a unit."""
    return write_rows(
        *wanted_tenant(name=name, title=title, host=host, currency=currency, timezone=timezone, owner_email=owner_email)
    )


def require_free(*, name: str, host: str) -> None:
    """:raises TenantNameTaken: when a tenant, whatever its status, a schema or a domain of that name exists."""
    with in_public_schema():
        namesake = Tenant.objects.filter(schema_name=name).first()
        if namesake is not None:
            raise TenantNameTaken(_taken(namesake))
        if schemas.exists(name):
            message = f"the database has a schema {name!r} already, which is not a tenant's: choose another name"
            raise TenantNameTaken(message)
        if Domain.objects.filter(domain=host).exists():
            message = f"the host {host!r} is another tenant's already: choose another name or another host"
            raise TenantNameTaken(message)


def default_host(name: str) -> str:
    return f"{name.replace('_', '-')}.{settings.BASE_DOMAIN}"


def wanted_tenant(*, name: str, title: str, host: str, **values: str) -> tuple[Tenant, str]:
    """Check the values of a new tenant; return its row, not yet written, and its host.

    :raises TenantInvalid: when one is malformed.
    """
    tenant = Tenant(schema_name=name, name=title or name, **values)
    wrong: list[str] = []
    try:
        tenant.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        wrong = [f"{LABELS.get(field, field)}: {', '.join(texts)}" for field, texts in error.message_dict.items()]
    if not any(each.startswith("title") for each in wrong):
        try:
            require_line(tenant.name, NAME, "title: it")
        except TextRefused as refused:
            wrong.append(refused.detail)
    try:
        host = tenant_host(host or default_host(name))
    except ValidationError as error:
        if not wrong or host:
            wrong.append(f"host: {', '.join(error.messages)}")
    if wrong:
        raise TenantInvalid("; ".join(wrong))
    return tenant, host


def write_rows(tenant: Tenant, host: str) -> Tenant:
    require_free(name=tenant.schema_name, host=host)
    schemas.require_may_make()
    try:
        with in_public_schema(), transaction.atomic():
            tenant.save()
            Domain.objects.create(tenant=tenant, domain=host, is_primary=True)
    except IntegrityError:
        message = f"a tenant named {tenant.schema_name!r} or the host {host!r} has just been taken"
        raise TenantNameTaken(message) from None
    return tenant


def find_unfinished(wanted: Tenant, host: str) -> Tenant | None:
    """Find the tenant that an earlier attempt with the same values has not finished."""
    with in_public_schema():
        return Tenant.objects.filter(
            schema_name=wanted.schema_name,
            status=Tenant.Status.PROVISIONING,
            name=wanted.name,
            currency=wanted.currency,
            timezone=wanted.timezone,
            owner_email=wanted.owner_email,
            domains__domain=host,
        ).first()


def _taken(namesake: Tenant) -> str:
    name = namesake.schema_name
    if namesake.status == Tenant.Status.PROVISIONING:
        return f"a tenant {name!r} exists with other values and is not finished: manage.py tenant resume {name}"
    if namesake.status == Tenant.Status.CLOSED:
        return f"a tenant {name!r} existed and is closed: names are not given again, choose another"
    return f"a tenant {name!r} exists already: choose another name"
