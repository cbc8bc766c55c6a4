"""The link to the broker: one connection, a circuit breaker, and nothing that raises while the broker is away."""

from __future__ import annotations

from collections.abc import Callable

import redis
import structlog
from django.conf import settings
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.retry import Retry

from kernel.breaker import CircuitBreaker
from kernel.refusals import Refusal

logger = structlog.get_logger(__name__)

PROBE_SECONDS = 0.1
ANSWER_SECONDS = 2.0
AWAY = (redis.RedisError, OperationalError, OSError)
"""What a broker that is away, or that refuses, raises."""


class BrokerAway(Refusal):
    code = "broker-away"
    title = "Broker unavailable"
    status = 503


class BrokerLink:
    def __init__(self, breaker: CircuitBreaker | None = None) -> None:
        self.breaker = breaker or CircuitBreaker()
        self._client: redis.Redis[bytes] | None = None

    def require_broker(self) -> None:
        """Ask the broker whether it is there, on a new connection, whatever the circuit breaker says.

        :raises BrokerAway: when it does not answer within a moment.
        """
        try:
            with _client(ANSWER_SECONDS) as client:
                client.ping()
        except (redis.RedisError, OSError) as error:
            message = _away(error)
            raise BrokerAway(message) from error

    def forget_connection(self) -> None:
        """Drop a connection that was inherited by a fork."""
        self._client = None

    def _try(self, command: Callable[[], object], **about: str) -> object:
        """Return what the broker answers, None while it is away; what it answers closes the circuit."""
        if not self.breaker.allows():
            return None
        try:
            answer = command()
        except AWAY as error:
            self.breaker.failed()
            logger.warning("doorbell_failed", **about, error=f"{type(error).__name__}: {error}")
            return None
        self.breaker.worked()
        return answer

    def _connected(self) -> redis.Redis[bytes]:
        if self._client is None:
            self._client = _client(PROBE_SECONDS)
        return self._client


def _away(error: Exception) -> str:
    if "REDIS_URL" in settings.NOT_NAMED:
        return "no broker is named and no embedded stack runs here: make demo, make up, or set REDIS_URL"
    if isinstance(error, redis.AuthenticationError | redis.ResponseError):
        return f"the broker refuses what it is asked: {error}; see the name, password and number in REDIS_URL"
    return f"the broker does not answer: {error}"


def _client(patience: float) -> redis.Redis[bytes]:
    """Make a client that waits so many seconds for the broker, and asks once."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=patience, socket_connect_timeout=patience, retry=Retry(NoBackoff(), 0)
    )
