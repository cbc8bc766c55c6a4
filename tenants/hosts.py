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
        self._forgotten = 0
        self._lock = Lock()

    def tenant_at(self, host: str) -> Tenant | None:
        now = time.monotonic()
        with self._lock:
            entry, forgotten = self._entries.get(host), self._forgotten
        if entry and entry[0] > now:
            return entry[1]
        tenant = _look_up(host)
        with self._lock:
            if self._forgotten == forgotten:
                self._remember(host, (now + LIFETIME_SECONDS, tenant))
        return tenant

    def forget(self) -> None:
        """Forget everything, and what is being looked up now as well: it may be of before."""
        with self._lock:
            self._entries.clear()
            self._forgotten += 1

    def _remember(self, host: str, entry: tuple[float, Tenant | None]) -> None:
        self._entries[host] = entry
        self._entries.move_to_end(host)
        while len(self._entries) > CAPACITY:
            self._entries.popitem(last=False)


def _look_up(host: str) -> Tenant | None:
    with in_public_schema():
        domain = Domain.objects.select_related("tenant").filter(domain=host).first()
    return domain.tenant if domain else None


def is_public_host(host: str) -> bool:
    return host in {settings.BASE_DOMAIN, "127.0.0.1"}


host_cache = HostCache()
