"""On whose rows, and in whose name, a person acts. No form and no parameter has a say in it."""

from contextlib import AbstractContextManager
from typing import Any, Protocol

from django.http import Http404, HttpRequest

from kernel.tenancy import current_tenant, find_any_tenant, in_public, in_public_schema, in_tenant

TENANT_ID = "tenant_id"


class OfTenant(Protocol):
    tenant_id: str


def acting_on(row: OfTenant) -> AbstractContextManager[Any]:
    """Work in the schema of the tenant that a row belongs to: on a shop's host only the shop's own.

    :param row: as it was read in this request, through a manager that shows only what this host may see.
    :raises Http404: when the row is another shop's.
    """
    if not in_public() and row.tenant_id != current_tenant():
        raise Http404
    return in_public_schema() if row.tenant_id == "public" else in_tenant(find_any_tenant(row.tenant_id))


def refuse_foreign_tenant(request: HttpRequest) -> None:
    """On a shop's host, let no request name another shop, whatever the view would do with the name.

    :raises Http404: when a parameter or a field named `tenant_id` has another value than this shop's.
    """
    if in_public():
        return
    for given in (request.GET, request.POST):
        for name, values in given.lists():
            names_a_tenant = name.split("__")[0].rpartition("-")[2] == TENANT_ID
            if names_a_tenant and any(value != current_tenant() for value in values):
                raise Http404


def operator_of(request: HttpRequest) -> str:
    """Name the person as the audit knows them: `user:…` of the shop, `platform:…` of the platform's own staff."""
    kind = "user" if getattr(request, "tenant", None) else "platform"
    return f"{kind}:{request.user.get_username()}"
