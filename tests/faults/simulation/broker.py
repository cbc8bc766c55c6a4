"""A broker in memory: keys that expire, a queue that may lose, repeat, delay and reorder, and be away."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis

from events.subscriptions.doorbells import Doorbells
from events.subscriptions.registry import Subscriber
from kernel.breaker import CircuitBreaker
from tests.faults.simulation.world import World

VISIBILITY_SECONDS = 300.0


@dataclass
class Message:
    """:param subscriber: whose drain it asks for; empty where it asks for a round.

    :param at_work: who is drained at this moment, or was when the worker ended.
    """

    tenant: str
    subscriber: str
    visible_at: float
    at_work: str = ""


class Broker:
    """:param trouble: what becomes of the next messages: `drop`, `repeat`, `delay`, or empty."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.queue: list[Message] = []
        self.keys: dict[str, tuple[str, float]] = {}
        """What each key holds, and until when."""
        self.down_until = -1.0
        self.trouble = ""

    def require(self) -> None:
        self.world.step()
        if self.world.now < self.down_until:
            raise redis.ConnectionError("connection refused")

    def send(self, tenant: str, subscriber: str, *, countdown: float) -> None:
        self.require()
        at = self.world.now + countdown
        if self.trouble == "drop":
            return
        if self.trouble == "delay":
            at += self.world.random.uniform(0, 20)
        for _ in range(3 if self.trouble == "repeat" else 1):
            self.queue.append(Message(tenant, subscriber, at))

    def ready(self) -> bool:
        now = self.world.now
        if now < self.down_until:
            return False
        for message in self.queue:
            if message.visible_at <= now:
                return True
        return False

    def next_visible(self) -> float:
        return min((message.visible_at for message in self.queue), default=float("inf"))

    def take(self) -> Message | None:
        """Take any visible message: the order is not the broker's promise."""
        visible = [message for message in self.queue if message.visible_at <= self.world.now]
        if not visible or self.world.now < self.down_until:
            return None
        chosen = visible[self.world.random.randrange(len(visible))] if self.world.random.random() < 0.3 else visible[0]
        chosen.visible_at = self.world.now + VISIBILITY_SECONDS
        return chosen

    def acknowledge(self, message: Message) -> None:
        if any(held is message for held in self.queue):
            self.queue = [held for held in self.queue if held is not message]

    def reject(self, message: Message) -> None:
        message.visible_at = self.world.now

    def flush(self) -> None:
        self.queue.clear()
        self.keys.clear()


class _Client:
    """The commands that the doorbells use."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker

    def set(self, key: str, value: str, *, px: int, nx: bool = False, get: bool = False) -> Any:
        self.broker.require()
        return self._set(key, value, px, nx=nx, get=get)

    def _set(self, key: str, value: str, px: int, *, nx: bool, get: bool) -> Any:
        found = self._get(key)
        if nx and found is not None:
            return None
        self.broker.keys[key] = (value, self.broker.world.now + px / 1000)
        return found if get else True

    def _get(self, key: str) -> str | None:
        value, until = self.broker.keys.get(key, ("", -1.0))
        return value if until > self.broker.world.now else None

    def _alive(self, key: str) -> bool:
        return self._get(key) is not None

    def take_back(self, key: str, beginning: str) -> None:
        """Delete a key whose value begins like this: the one script that the doorbells have."""
        if (self._get(key) or "").startswith(beginning):
            self.broker.keys.pop(key, None)

    def pttl(self, key: str) -> int:
        self.broker.require()
        return int((self.broker.keys[key][1] - self.broker.world.now) * 1000) if self._alive(key) else -2

    def exists(self, key: str) -> int:
        self.broker.require()
        return int(self._alive(key))

    def mget(self, keys: list[str]) -> list[str | None]:
        self.broker.require()
        return [self._get(key) for key in keys]

    def delete(self, *keys: str) -> int:
        self.broker.require()
        return sum(self.broker.keys.pop(key, None) is not None for key in keys)

    def pipeline(self, *, transaction: bool) -> "_Pipeline":
        return _Pipeline(self)


class _Pipeline:
    def __init__(self, client: _Client) -> None:
        self.client = client
        self.commands: list[Callable[[], Any]] = []

    def eval(self, _script: str, _keys: int, key: str, beginning: str) -> None:
        self.commands.append(lambda: self.client.take_back(key, beginning))

    def set(self, key: str, value: str, *, px: int, nx: bool = False) -> None:
        self.commands.append(lambda: self.client._set(key, value, px, nx=nx, get=False))

    def delete(self, key: str) -> None:
        self.commands.append(lambda: self.client.broker.keys.pop(key, None))

    def exists(self, key: str) -> None:
        self.commands.append(lambda: int(self.client._alive(key)))

    def publish(self, _channel: str, _message: str) -> None:
        """Nobody listens for news in this world."""

    def execute(self) -> list[Any]:
        self.client.broker.require()
        return [command() for command in self.commands]


class SimulatedDoorbells(Doorbells):
    """The real doorbells, with a simulated broker behind them."""

    def __init__(self, broker: Broker) -> None:
        super().__init__(CircuitBreaker(clock=lambda: broker.world.now))
        self.broker = broker

    def _send(self, tenant_id: str, subscriber: Subscriber, *, queue: str, countdown: float = 0.0) -> None:
        self.broker.send(tenant_id, subscriber.name, countdown=countdown)

    def _push(self, tenant_id: str, queues: list[str], *, countdown: float = 0.0) -> None:
        for _queue in queues:
            self.broker.send(tenant_id, "", countdown=countdown)

    def _connected(self) -> Any:
        return _Client(self.broker)
