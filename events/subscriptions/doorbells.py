"""Doorbells: the hint, sent through the broker, that a subscriber of a tenant has news. Losing one costs only time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import redis
import structlog
from celery import current_app
from django.conf import settings
from django_tenants.utils import get_public_schema_name
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.retry import Retry

from events.observability import metrics
from events.subscriptions.demand import is_wanted
from events.subscriptions.notes import Note
from events.subscriptions.registry import Subscriber, known_subscriber, subscribers_of
from kernel.breaker import CircuitBreaker
from kernel.refusals import Refusal

logger = structlog.get_logger(__name__)

KEY_LIFETIME_MS = 10_000
RUNNING_LIFETIME_MS = 600_000
BEHIND_LIFETIME_MS = 60_000
BACKLOG = "backlog"
"""The queue of drains that had more to do than their time allowed: they have separate slots, and delay nobody."""

PROBE_SECONDS = 0.1
ANSWER_SECONDS = 2.0
LONGEST_COUNTDOWN = 75.0
AT_ONCE_MS = 500
"""Two delayed doorbells that would ring within this time are one."""
THIS_INSTANT_MS = 20
"""A delayed doorbell that rings within this time may be the one that is being answered: it counts for nothing."""


class BrokerAway(Refusal):
    code = "broker-away"
    title = "Broker unavailable"
    status = 503


_TAKE_BACK = """
local note = redis.call('GET', KEYS[1])
if note and string.sub(note, 1, #ARGV[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""


class Doorbells:
    def __init__(self, breaker: CircuitBreaker | None = None) -> None:
        self.breaker = breaker or CircuitBreaker()
        self._client: redis.Redis[bytes] | None = None

    def ring(self, tenant_id: str, types: Iterable[str]) -> None:
        """Ring for every subscriber of these types whose doorbell does not ring yet. Never raises for the broker."""
        platform = tenant_id == get_public_schema_name()
        listening = subscribers_of(types, platform=platform)
        self.ring_for(tenant_id, [subscriber for subscriber in listening if is_wanted(tenant_id, subscriber)])

    def ring_for(self, tenant_id: str, subscribers: list[Subscriber]) -> None:
        if not subscribers or not self.breaker.allows():
            metrics.doorbells.labels("failed").inc(len(subscribers))
            return
        try:
            for subscriber, queue in self._silent(tenant_id, subscribers):
                self._send(tenant_id, subscriber, queue=queue)
        except (redis.RedisError, OperationalError, OSError) as error:
            self.breaker.failed()
            metrics.doorbells.labels("failed").inc(len(subscribers))
            logger.warning("doorbell_failed", tenant=tenant_id, error=f"{type(error).__name__}: {error}")
        else:
            self.breaker.worked()

    def ring_again(self, tenant_id: str, subscriber: Subscriber, *, countdown: float = 0.0) -> bool:
        """Ring without asking whether it rings already: for the sweeper, a spent time budget, a retry that is due.

        Returns whether the broker has taken it.
        """

        def ring() -> bool:
            behind = self._connected().exists(_behind(tenant_id, subscriber))
            self._send(tenant_id, subscriber, queue=BACKLOG if behind else subscriber.queue, countdown=countdown)
            return True

        return bool(self._try(ring, tenant=tenant_id))

    def ring_by_name(self, tenant_id: str, name: str) -> None:
        """Ring again for a subscriber; for one that this code lacks, a process of the code that has it sweeps."""
        subscriber = known_subscriber(name)
        if subscriber is not None:
            self.ring_again(tenant_id, subscriber)

    def ring_later(self, tenant_id: str, subscriber: Subscriber, *, countdown: float) -> None:
        """Ring once at that moment, unless it will ring before. A moment far away is left to the sweeper."""
        if countdown > LONGEST_COUNTDOWN:
            return
        key, milliseconds = _later(tenant_id, subscriber), int(countdown * 1000) + 1

        def claim() -> object:
            client = self._connected()
            if THIS_INSTANT_MS < client.pttl(key) <= milliseconds + AT_ONCE_MS:
                return False
            return client.set(key, "1", px=milliseconds)

        if self._try(claim, step="ring later"):
            self.ring_again(tenant_id, subscriber, countdown=countdown)

    def send(self, task: str, keywords: dict[str, str], *, queue: str, countdown: float = 0.0) -> bool:
        """Ask a worker for something that is due in the database anyway; never raises for the broker.

        Returns whether the broker has taken it.
        """
        sent = self._try(
            lambda: current_app.send_task(
                task, kwargs=keywords, queue=queue, countdown=min(countdown, LONGEST_COUNTDOWN) or None
            ),
            tenant=keywords["tenant"],
        )
        return sent is not None

    def answer(self, tenant_id: str, subscriber: Subscriber) -> bool:
        """Silence the doorbell, before anything is read: what is committed after the read rings again.

        Returns whether the drain before left so much that this one runs in the backlog.
        """

        def silence() -> object:
            pipeline = self._connected().pipeline(transaction=False)
            pipeline.delete(_bell(tenant_id, subscriber))
            pipeline.exists(_behind(tenant_id, subscriber))
            return pipeline.execute()[1]

        return bool(self._try(silence, step="answer"))

    def begin(self, tenant_id: str, subscriber: Subscriber, note: Note) -> Note | None:
        """Note from where on the drain handles events; return the note of another one that has not yet ended."""
        running = _running(tenant_id, subscriber)
        found: Any = self._try(
            lambda: self._connected().set(running, str(note), px=RUNNING_LIFETIME_MS, get=True), step="begin"
        )
        before = Note.read(found) if found is not None else None
        return before if before is not None and before.run != note.run else None

    def end(self, tenant_id: str, subscriber: Subscriber, run: str, *, behind: bool = False) -> None:
        """Note that a run has ended. Until one catches up, the next ones that are rung for go to the backlog.

        The note of another run, which has begun since, is left.
        """

        def tell() -> object:
            client = self._connected()
            if behind:
                client.set(_behind(tenant_id, subscriber), "1", px=BEHIND_LIFETIME_MS)
            else:
                client.delete(_behind(tenant_id, subscriber))
            return client.eval(_TAKE_BACK, 1, _running(tenant_id, subscriber), f"{run} ")

        self._try(tell, step="end")

    def remind(self, seconds: dict[str, float]) -> set[str]:
        """Note that each of these is asked for again, for so many seconds; return those whose note from before is gone.

        None of them while the broker is away.
        """

        def note() -> object:
            pipeline = self._connected().pipeline(transaction=False)
            for name, lasting in seconds.items():
                pipeline.set(f"reminded:{name}", "1", nx=True, px=int(lasting * 1000))
            return pipeline.execute()

        answers: Any = self._try(note, step="remind") if seconds else None
        return {name for name, was_set in zip(seconds, answers, strict=True) if was_set} if answers else set()

    def waiting(self) -> dict[str, int]:
        """Count the messages that wait in each of the broker's queues; empty when the broker is away."""
        names = [queue.name for queue in current_app.conf.task_queues]
        prefix = current_app.conf.broker_transport_options["global_keyprefix"]

        def count() -> object:
            pipeline = self._connected().pipeline(transaction=False)
            for name in names:
                pipeline.llen(prefix + name)
            return pipeline.execute()

        lengths: Any = self._try(count, step="count")
        return dict(zip(names, lengths, strict=True)) if lengths else {}

    def _silent(self, tenant_id: str, subscribers: list[Subscriber]) -> list[tuple[Subscriber, str]]:
        """Set the bells; return those that did not ring yet, each with the queue that it is to ring in."""
        pipeline = self._connected().pipeline(transaction=False)
        for subscriber in subscribers:
            pipeline.set(_bell(tenant_id, subscriber), "1", nx=True, px=KEY_LIFETIME_MS)
            pipeline.exists(_behind(tenant_id, subscriber))
        answers = pipeline.execute()
        silent = [
            (subscriber, BACKLOG if behind else subscriber.queue)
            for subscriber, was_set, behind in zip(subscribers, answers[::2], answers[1::2], strict=True)
            if was_set
        ]
        metrics.doorbells.labels("coalesced").inc(len(subscribers) - len(silent))
        return silent

    def _send(self, tenant_id: str, subscriber: Subscriber, *, queue: str, countdown: float = 0.0) -> None:
        current_app.send_task(
            subscriber.name,
            kwargs={"tenant": tenant_id},
            queue=queue,
            countdown=min(countdown, LONGEST_COUNTDOWN) or None,
        )
        metrics.doorbells.labels("rung").inc()

    def _try(self, command: Callable[[], object], **about: str) -> object:
        """Return what the broker answers, None while it is away; what it answers closes the circuit."""
        if not self.breaker.allows():
            return None
        try:
            answer = command()
        except (redis.RedisError, OperationalError, OSError) as error:
            self.breaker.failed()
            logger.warning("doorbell_failed", **about, error=f"{type(error).__name__}: {error}")
            return None
        self.breaker.worked()
        return answer

    def _connected(self) -> redis.Redis[bytes]:
        if self._client is None:
            self._client = _client(PROBE_SECONDS)
        return self._client

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


def _bell(tenant_id: str, subscriber: Subscriber) -> str:
    return f"doorbell:{tenant_id}:{subscriber.name}"


def _later(tenant_id: str, subscriber: Subscriber) -> str:
    return f"later:{tenant_id}:{subscriber.name}"


def _running(tenant_id: str, subscriber: Subscriber) -> str:
    return f"draining:{tenant_id}:{subscriber.name}"


def _behind(tenant_id: str, subscriber: Subscriber) -> str:
    return f"behind:{tenant_id}:{subscriber.name}"


doorbells = Doorbells()
