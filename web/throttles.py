"""Throttles: a device may not starve the others of its shop."""

import math
from typing import TYPE_CHECKING, Any

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from kernel.breaker import CircuitBreaker
from kernel.tenancy import current_tenant
from web.client import client_address, network_of

if TYPE_CHECKING:
    from rest_framework.views import APIView

logger = structlog.get_logger(__name__)

PATIENCE_SECONDS = 0.1

_COUNT = """
local count, left = redis.call('INCR', KEYS[1]), redis.call('PTTL', KEYS[1])
if left < 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
    left = tonumber(ARGV[1])
end
return {count, left}
"""
"""Count a request of a window, which begins with its first one; return the count, and the milliseconds it has left."""


class Counter:
    """Counts requests in the broker, in one command each. A broker that is away costs one timeout every few seconds."""

    def __init__(self) -> None:
        self.breaker = CircuitBreaker()
        self._client: redis.Redis[bytes] | None = None

    def count(self, key: str, seconds: int) -> tuple[int, float]:
        """Return how many requests the current window has had, and after how many seconds the next one begins.

        None are counted while the broker is away.
        """
        if not self.breaker.allows():
            return 0, 0.0
        try:
            answer: Any = self._connected().eval(_COUNT, 1, key, seconds * 1000)
        except redis.RedisError as error:
            self.breaker.failed()
            logger.warning("throttle_unavailable", error=type(error).__name__)
            return 0, 0.0
        self.breaker.worked()
        requests, milliseconds = answer
        return requests, milliseconds / 1000

    def _connected(self) -> "redis.Redis[bytes]":
        if self._client is None:
            self._client = redis.Redis.from_url(
                settings.REDIS_URL,
                socket_timeout=PATIENCE_SECONDS,
                socket_connect_timeout=PATIENCE_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
        return self._client


counter = Counter()


class DeviceThrottle(SimpleRateThrottle):
    """So many requests a minute for each device; the setting is far above a till's physical pace.

    A window begins with its first request. With the broker away nothing is throttled: a sale matters more than a count.
    """

    scope = "device"
    num_requests: int | None
    duration: int | None
    left: float = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:  # noqa: ARG002 - DRF's signature
        if not request.user or self.num_requests is None or self.duration is None:
            return True
        requests, self.left = counter.count(self.key_of(request), self.duration)
        return requests <= self.num_requests

    def key_of(self, request: Request) -> str:
        return f"throttle:{current_tenant()}:{request.user.pk}"

    def wait(self) -> int:
        """Return the seconds until the next window, which has room again."""
        return max(1, math.ceil(self.left))


class PairingThrottle(DeviceThrottle):
    """So many attempts to pair a minute from each address, at each shop."""

    rate = "20/min"

    def key_of(self, request: Request) -> str:
        return f"throttle:{current_tenant()}:pairing:{network_of(client_address(request))}"
