"""From the request's host to the tenant whose schema it works in."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.urls import set_urlconf

from kernel.tenancy import in_public_schema, in_tenant
from tenants.answers import no_shop, suspended
from tenants.hostnames import is_platform_host, requested_host
from tenants.hosts import host_cache
from tenants.models import Tenant


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
        if not tenant.accepts_requests:
            return suspended(request, tenant)
        request.tenant = tenant  # type: ignore[attr-defined]
        with in_tenant(tenant):
            return self.get_response(request)
