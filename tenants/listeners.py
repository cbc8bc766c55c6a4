"""Listeners of every process for events of tenants."""

from events.bus.local import bus
from events.events import CacheInvalidated
from tenants.hosts import CACHE, host_cache


@bus.on(CacheInvalidated)
def forget_hosts(invalidated: CacheInvalidated) -> None:
    if invalidated.cache == CACHE:
        host_cache.forget()
