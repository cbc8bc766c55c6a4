"""The host cache: which tenant answers at a host, remembered in this process for a bounded time."""

import time
from collections import OrderedDict
from threading import Lock

from django.conf import settings

from kernel.tenancy import in_public_schema
from tenants.models import Domain, Tenant

CACHE = "tenant_hosts"
LIFETIME_SECONDS = 30
CAPACITY = 4096


class HostCache:
    """Remembers hits and misses alike, so that neither costs a query within the lifetime."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, tuple[float, Tenant | None]] = OrderedDict()
        self._lock = Lock()

    def tenant_at(self, host: str) -> Tenant | None:
        now = time.monotonic()
        with self._lock:
            entry = self._entries.get(host)
        if entry and entry[0] > now:
            return entry[1]
        tenant = _look_up(host)
        with self._lock:
            self._entries[host] = (now + LIFETIME_SECONDS, tenant)
            self._entries.move_to_end(host)
            while len(self._entries) > CAPACITY:
                self._entries.popitem(last=False)
        return tenant

    def forget(self) -> None:
        with self._lock:
            self._entries.clear()


def _look_up(host: str) -> Tenant | None:
    with in_public_schema():
        domain = Domain.objects.select_related("tenant").filter(domain=host).first()
    return domain.tenant if domain else None


def is_public_host(host: str) -> bool:
    return host in {settings.BASE_DOMAIN, "127.0.0.1"}


host_cache = HostCache()
