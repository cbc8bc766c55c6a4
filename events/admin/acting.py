"""On whose rows, and in whose name, an operator acts."""

from typing import Any

from django.http import HttpRequest

from kernel.tenancy import find_any_tenant, in_public_schema, in_tenant


def acting_in(tenant_id: str) -> Any:
    return in_public_schema() if tenant_id == "public" else in_tenant(find_any_tenant(tenant_id))


def operator_of(request: HttpRequest) -> str:
    return f"user:{request.user.get_username()}"
