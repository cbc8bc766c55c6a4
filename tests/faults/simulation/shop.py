"""The processes around the protocol: tills that publish, workers that drain, a sweeper, and what strikes them."""

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any

from django.db import OperationalError

from events.bindings import Heard, Interval
from events.delivery import Delivery
from events.dispatch import Dispatch
from events.parking import State
from events.subscriptions import Backoff, Subscriber
from tests.faults.simulation.broker import Broker, Message, SimulatedDoorbells
from tests.faults.simulation.database import Database
from tests.faults.simulation.protocol import Protocol, Silence, has_news, undecoded
from tests.faults.simulation.variants import Variant
from tests.faults.simulation.world import Killed, Process, World

TENANTS = ["north", "south"]
SOLD, COUNTED = "sold", "counted"
SWEEP_SECONDS = 2.0
FAULTS_UNTIL = 40.0
QUIET_UNTIL = 4000.0
WORKERS = 3
FOR_GOOD = 99
TILLS = 3


@dataclass(frozen=True, kw_only=True)
class SeededBackoff(Backoff):
    random: Random

    def delay(self, attempt: int, random: Random | None = None) -> float:
        return self.random.uniform(0, min(self.cap, self.base * 2**attempt))


class Shop:
    """One seed's world.

    :param calm: nothing fails and nothing sweeps: every event must be applied by its doorbell alone.
    """

    def __init__(self, seed: int, variant: Variant, *, calm: bool) -> None:
        self.seed, self.random = seed, Random(seed)
        self.variant, self.calm = variant, calm
        self.world = World(self.random)
        self.database = Database(self.world, TENANTS)
        self.broker = Broker(self.world)
        self.world.next_moment = self._next_message
        self.protocol = Protocol(self.world, self.database, variant)
        self.bells = SimulatedDoorbells(self.broker)
        self.protocol.ring = self._ring
        self.troubled: dict[tuple[str, str, int], tuple[str, int]] = {}
        self.workers: dict[Process, Message | None] = {}
        self.killed_draining: Counter[tuple[str, str]] = Counter()
        backoff = SeededBackoff(base=0.5, cap=5.0, attempts=4, random=self.random)
        options: dict[str, Any] = {"backoff": backoff, "handler": lambda *_: None}
        self.subscribers = {
            subscriber.name: subscriber
            for subscriber in (
                Subscriber(name="stock", types=frozenset([SOLD]), batch_size=3, **options),
                Subscriber(name="levels", types=frozenset([SOLD, COUNTED]), batch=True, batch_size=4, **options),
            )
        }
        for name, subscriber in self.subscribers.items():
            object.__setattr__(subscriber, "handler", self._many(name) if subscriber.batch else self._one(name))
            intervals = tuple(Interval(type=type_name, since=0) for type_name in sorted(subscriber.types))
            self.protocol.heard[name] = Heard(intervals)
        for tenant in TENANTS:
            self.database.tenants[tenant].cursors = dict.fromkeys(self.subscribers, 0)

    def run(self) -> None:
        for tenant in TENANTS:
            for number in range(TILLS):
                self.world.spawn(f"till {tenant} {number}", lambda tenant=tenant: self._till(tenant))  # type: ignore[misc]
        for _ in range(WORKERS):
            self._hire()
        if self.calm:
            self.world.run(until=QUIET_UNTIL)
            return
        if not self.variant.never_sweeps:
            self.world.spawn("sweeper", self._sweep)
        self.world.at_step = self._strike
        self.world.run(until=FAULTS_UNTIL)
        self.world.at_step = None
        self.broker.trouble = ""
        self.world.run(until=QUIET_UNTIL, done=self.settled)
        for process in self.world.processes:
            process.kill()
        self.world.bury()

    def settled(self) -> bool:
        return all(
            not has_news(rows, name, tuple(subscriber.types))
            and not any(row.state is State.RETRYING for row in rows.parked.values())
            for rows in self.database.tenants.values()
            for name, subscriber in self.subscribers.items()
        )

    def _till(self, tenant: str) -> None:
        for _ in range(self.random.randint(1, 3)):
            self.world.sleep(self.random.uniform(0, 0.02 if self.calm else 8))
            goods = sorted(self.random.sample("abc", 2))
            stream = f"order:{self.random.randrange(3)}"
            try:
                with self.protocol.unit_of_work():
                    self.database.lock(("goods", tenant, goods[0]))
                    self.world.step()
                    self.protocol.publish(tenant, SOLD, stream)
                    self.database.lock(("goods", tenant, goods[1]))
                    self.protocol.publish(tenant, SOLD, stream)
            except OperationalError:
                continue

    def _ring(self, tenant: str, types: set[str]) -> None:
        listening = [subscriber for subscriber in self.subscribers.values() if subscriber.types & types]
        self.bells.ring_for(tenant, listening)

    def _hire(self, after: float = 0.0) -> None:
        process = self.world.spawn("worker", self._work, after=after)
        self.workers[process] = None

    def _work(self) -> None:
        me = self.world.current
        while True:
            self.world.wait(self.broker.ready)
            message = self.broker.take()
            if message is None:
                continue
            self.workers[me] = message
            subscriber = self.subscribers[message.subscriber]
            drain = self.variant.drain(
                subscriber,
                message.tenant,
                self.bells,
                clock=lambda: self.world.now,
                store=self.protocol,
                dispatch=Dispatch(subscriber, message.tenant, middleware=(), decode=undecoded),
                seen=Silence(),
            )
            try:
                drain.run()
            except (OperationalError, ValueError):
                message.visible_at = self.world.now + self.random.uniform(0, 2)
            else:
                self.broker.acknowledge(message)
            self.workers[me] = None

    def _sweep(self) -> None:
        while True:
            self.world.sleep(SWEEP_SECONDS)
            for tenant, rows in self.database.tenants.items():
                for name, subscriber in self.subscribers.items():
                    due = any(
                        row.subscriber == name and row.state is State.RETRYING and row.next_attempt_at <= self.world.now
                        for row in rows.parked.values()
                    )
                    if due or has_news(rows, name, tuple(subscriber.types)):
                        self.bells.ring_again(tenant, subscriber)

    def _one(self, name: str) -> Any:
        def handle(tenant: str, delivery: Delivery[str]) -> None:
            self._apply(name, tenant, delivery)

        return handle

    def _many(self, name: str) -> Any:
        def handle(deliveries: list[Delivery[str]]) -> None:
            for delivery in deliveries:
                self._apply(name, delivery.event, delivery)

        return handle

    def _apply(self, name: str, tenant: str, delivery: Delivery[str]) -> None:
        """Write one effect; fail, or die, where this event is a troubled one."""
        self.world.step()
        position, transaction = delivery.envelope.position, self.database.current
        effects = self.database.tenants[tenant].effects
        transaction.writes.append(lambda: effects.append((name, position)))
        trouble, times = self.trouble_of(name, tenant, position)
        if trouble == "fails" and delivery.attempt <= times:
            message = f"no {position}"
            raise ValueError(message)
        if trouble == "kills" and times:
            self.troubled[name, tenant, position] = (trouble, times - 1)
            self._kill(self.world.current)
            raise Killed
        if name == "stock" and position % 3 == 0:
            self.protocol.publish(tenant, COUNTED, f"shelf:{position % 2}")

    def trouble_of(self, name: str, tenant: str, position: int) -> tuple[str, int]:
        if self.calm:
            return "", 0
        key = (name, tenant, position)
        if key not in self.troubled:
            chosen = Random(f"{self.seed}{key}").random()
            kinds = [
                (0.08, ("fails", 2)),
                (0.12, ("fails", FOR_GOOD)),
                (0.15, ("kills", 1)),
                (0.17, ("kills", FOR_GOOD)),
            ]
            self.troubled[key] = next((kind for limit, kind in kinds if chosen < limit), ("", 0))
        return self.troubled[key]

    def _kill(self, process: Process) -> None:
        """kill -9; a worker's message comes back at once (its child died) or when its time is over."""
        message = self.workers.pop(process, None)
        if message is not None:
            self.killed_draining[message.tenant, message.subscriber] += 1
        if message is not None and self.random.random() < 0.7:
            self.broker.reject(message)
        process.kill()
        if process.name == "worker":
            self._hire(after=self.random.uniform(0, 2))
        elif process.name == "sweeper":
            self.world.spawn("sweeper", self._sweep, after=self.random.uniform(0, 5))

    def _strike(self) -> None:
        """Perhaps let something fail, after any statement of anyone."""
        chance = self.random.random()
        if chance > 0.012:
            return
        strike = self.random.choice(
            ["kill", "kill", "kill", "restart", "flush", "down", "drop", "repeat", "delay", "ok"]
        )
        if strike == "kill":
            alive = [process for process in self.world.processes if not process.dead]
            if alive:
                self._kill(self.random.choice(alive))
        elif strike == "restart":
            self.database.restart()
        elif strike == "flush":
            self.broker.flush()
        elif strike == "down":
            self.broker.down_until = self.world.now + self.random.uniform(0, 8)
        else:
            self.broker.trouble = "" if strike == "ok" else strike

    def _next_message(self) -> float:
        return max(self.broker.next_visible(), self.broker.down_until) if self.broker.queue else float("inf")
