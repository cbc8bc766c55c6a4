"""From the request's host to the tenant whose schema it works in."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve, set_urlconf

from kernel.tenancy import in_public_schema, in_tenant
from tenants.answers import no_shop, suspended
from tenants.hostnames import is_platform_host, requested_host
from tenants.hosts import host_cache
from tenants.models import Tenant
from web.operations import holds

REFUSED = frozenset(range(400, 500)) - {409, 429}
"""What a suspended shop answers in another way: a request that is not held is refused because it is suspended."""


class TenantMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            host = requested_host(request.get_host())
        except DisallowedHost:
            return no_shop(request)
        if is_platform_host(host):
            request.urlconf = settings.PUBLIC_SCHEMA_URLCONF  # type: ignore[attr-defined]
            set_urlconf(settings.PUBLIC_SCHEMA_URLCONF)
            with in_public_schema():
                return self.get_response(request)
        tenant = host_cache.tenant_at(host)
        if tenant is None or tenant.status == Tenant.Status.CLOSED:
            return no_shop(request)
        if not tenant.accepts_requests and not _is_held(request, tenant):
            return suspended(request, tenant)
        request.tenant = tenant  # type: ignore[attr-defined]
        with in_tenant(tenant):
            answer = self.get_response(request)
        held = tenant.accepts_requests or answer.status_code not in REFUSED
        return answer if held else suspended(request, tenant)


def _is_held(request: HttpRequest, tenant: Tenant) -> bool:
    """Say whether a request goes on although the shop is suspended: its view holds what must not be lost."""
    if tenant.status != Tenant.Status.SUSPENDED:
        return False
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return False
    return holds(getattr(view, "cls", None), request.method)
