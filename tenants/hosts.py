"""The host cache: which tenant answers at a host, remembered in this process for a bounded time."""

import time
from collections import OrderedDict
from threading import Lock

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from kernel.tenancy import in_public_schema
from tenants.models import Domain, Tenant

LIFETIME_SECONDS = 30
CAPACITY = 4096
GENERATION_KEY = "tenant_hosts_generation"
GENERATION_SECONDS = 1


class HostCache:
    """Remembers hits and misses alike, so that neither costs a query within the lifetime."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, tuple[float, Tenant | None]] = OrderedDict()
        self._generation: object = None
        self._look_at_generation = 0.0
        self._lock = Lock()

    def tenant_at(self, host: str) -> Tenant | None:
        now = time.monotonic()
        self._follow_generation(now)
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

    def _follow_generation(self, now: float) -> None:
        """Forget everything when another process said so; looked at once a second, and not at all without the cache."""
        if now < self._look_at_generation:
            return
        self._look_at_generation = now + GENERATION_SECONDS
        try:
            with in_public_schema():
                generation = cache.get(GENERATION_KEY)
        except RedisError:
            return
        if generation != self._generation:
            self._generation = generation
            self.forget()

    def forget(self) -> None:
        with self._lock:
            self._entries.clear()


def _look_up(host: str) -> Tenant | None:
    with in_public_schema():
        domain = Domain.objects.select_related("tenant").filter(domain=host).first()
    return domain.tenant if domain else None


def start_new_generation(name: str) -> None:
    """Make the host cache of every process forget what it knows, within a second."""
    with in_public_schema():
        cache.set(GENERATION_KEY, name, timeout=None)


def is_public_host(host: str) -> bool:
    return host in {settings.BASE_DOMAIN, "127.0.0.1"}


host_cache = HostCache()
