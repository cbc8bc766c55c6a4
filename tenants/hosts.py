"""The host cache: which tenant answers at a host, remembered in this process for a bounded time."""

import time
from collections import OrderedDict
from threading import Lock

from django_tenants.utils import get_public_schema_name

from kernel.tenancy import in_public_schema
from tenants.hostnames import is_platform_host
from tenants.models import Domain, Tenant

CACHE = "tenant_hosts"
LIFETIME_SECONDS = 30
CAPACITY = 4096

Entries = OrderedDict[str, tuple[float, Tenant | None]]


class HostCache:
    """Remembers hits and misses, so that neither costs a query within the lifetime.

    Apart: whoever asks for hosts that nobody has pushes out nobody's host.
    """

    def __init__(self) -> None:
        self._hits: Entries = OrderedDict()
        self._misses: Entries = OrderedDict()
        self._forgotten = 0
        self._lock = Lock()

    def tenant_at(self, host: str) -> Tenant | None:
        now = time.monotonic()
        with self._lock:
            entry, forgotten = self._hits.get(host) or self._misses.get(host), self._forgotten
        if entry and entry[0] > now:
            return entry[1]
        tenant = _look_up(host)
        with self._lock:
            if self._forgotten == forgotten:
                self._remember(host, (now + LIFETIME_SECONDS, tenant))
        return tenant

    def last_seen_at(self, host: str) -> str | None:
        """Name the tenant that answered at a host when this process last looked, however long ago that is."""
        with self._lock:
            _, tenant = self._hits.get(host, (0.0, None))
        return tenant.schema_name if tenant else None

    def forget(self) -> None:
        """Forget everything, and what is being looked up now as well: it may be of before."""
        with self._lock:
            self._hits.clear()
            self._misses.clear()
            self._forgotten += 1

    def _remember(self, host: str, entry: tuple[float, Tenant | None]) -> None:
        into, other = (self._hits, self._misses) if entry[1] else (self._misses, self._hits)
        other.pop(host, None)
        into[host] = entry
        into.move_to_end(host)
        while len(into) > CAPACITY:
            into.popitem(last=False)


def _look_up(host: str) -> Tenant | None:
    with in_public_schema():
        domain = Domain.objects.select_related("tenant").filter(domain=host).first()
    return domain.tenant if domain else None


host_cache = HostCache()


def known_tenant_at(host: str) -> str | None:
    """Name the tenant at a host, `public` at the platform's, without asking the database; None when it is not known."""
    return get_public_schema_name() if is_platform_host(host) else host_cache.last_seen_at(host)
