"""What the infrastructure says about itself, on the platform's log."""

from events.event import Category, event


@event("events.service_started", category=Category.SYSTEM, stream="service:{service}")
class ServiceStarted:
    """A process came up: web, worker or beat, on which host, with which process id."""

    service: str
    host: str
    pid: int


@event("events.cache_invalidated", category=Category.SYSTEM, stream="cache:{cache}")
class CacheInvalidated:
    """What processes remember under a key of a cache is out of date."""

    cache: str
    key: str
